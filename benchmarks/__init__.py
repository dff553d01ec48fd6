"""Benchmarks: what the parts do on a bus that keeps its pace, and on one that does not."""
