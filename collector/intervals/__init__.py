"""Energy between boundaries, exact: differences of register snapshots."""
