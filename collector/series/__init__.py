"""Time series: a view of the ledger for pages and checks, never the truth."""
