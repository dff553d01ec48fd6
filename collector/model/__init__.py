"""The words of the domain. No I/O but the schema of meter profiles."""
