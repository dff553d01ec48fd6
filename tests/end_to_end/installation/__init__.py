"""A whole installation of real parts on the loopback, as an operator would run it."""
