"""Feeders of a town and what is on them, quarter by quarter: also mining that nobody registered."""
