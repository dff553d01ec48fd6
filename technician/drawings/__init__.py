"""Wiring, drawn: of a site, of a bus, of each kind of actuator, and of a board's terminals."""
