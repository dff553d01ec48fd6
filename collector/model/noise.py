"""How much samples of a power vary by themselves."""

from collections.abc import Sequence
from itertools import pairwise


def variance(samples: Sequence[float]) -> float:
    """From successive differences (von Neumann): a slow ramp is load, not noise. Of two or more."""
    steps = [later - earlier for earlier, later in pairwise(samples)]
    return sum(step * step for step in steps) / (2 * len(steps))
