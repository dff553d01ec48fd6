"""How much may happen by chance alone."""

import math

CRC_PASSES = 2**-16
FALSE_ALARM = 1e-6
"""How likely a bound is broken although nothing is wrong with what is judged."""


def bound(expected: float) -> int:
    """What a Poisson count of this mean exceeds with a probability of at most FALSE_ALARM."""
    most, term = 0, math.exp(-expected)
    left = 1 - term
    while left > FALSE_ALARM:
        most += 1
        term *= expected / most
        left -= term
    return most
