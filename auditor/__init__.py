"""Offline verifier of exported evidence. Needs Python and nothing else."""
