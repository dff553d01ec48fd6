"""Commissioning: a guided procedure whose outcome is an act (docs/technician.md)."""
