"""Light gateways, many to a process: with the real ones they share the wire, and nothing else."""
