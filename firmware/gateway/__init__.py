"""Esep gateway: reads meters, keeps signed evidence, obeys signed orders."""

VERSION = "0.1.0"
BUILT_MS = 1_767_225_600_000  # 2026-01-01: a clock before it was never set
