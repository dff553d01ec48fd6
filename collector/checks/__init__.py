"""Findings: what was drawn against what was allowed. A finding is not an order."""
