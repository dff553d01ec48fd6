"""Builders of the test vectors. Shares no code with firmware, collector or auditor."""
