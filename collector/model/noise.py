"""How much samples of a power vary by themselves."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from statistics import median

_NORMAL = Fraction(11, 10)
"""σ² of a normal noise, over the square of its median step: 1 / (0.6745² × 2)."""


def variance(samples: Sequence[float]) -> float:
    """From successive differences (von Neumann): a slow ramp is load, not noise. Of two or more."""
    steps = [later - earlier for earlier, later in pairwise(samples)]
    return sum(step * step for step in steps) / (2 * len(steps))


def robust_variance(samples: Sequence[Fraction]) -> Fraction:
    """From the median of successive differences: one step of the load is no noise. Exact."""
    return _NORMAL * median([abs(later - earlier) for earlier, later in pairwise(samples)]) ** 2
