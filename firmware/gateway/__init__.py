"""Esep gateway: reads meters, keeps signed evidence, obeys signed orders."""

VERSION = "0.1.0"
