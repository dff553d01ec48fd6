"""A virtual site: meters, feeders, miners and relays, for the demo, tests and benchmarks."""
