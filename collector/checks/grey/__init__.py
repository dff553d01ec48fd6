"""Grey load: energy that goes into a feeder and comes out nowhere, and what looks like mining."""
