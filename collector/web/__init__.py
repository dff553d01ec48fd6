"""The control room: one live page and the same figures as JSON. It never writes."""
