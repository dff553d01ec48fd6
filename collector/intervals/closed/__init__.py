"""The table of intervals: energy of quarters and hours, with estimates. No order rests on it."""
