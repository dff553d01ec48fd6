"""How much samples of a power vary by themselves."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

N = TypeVar("N", float, Fraction)


def variance(samples: Sequence[N]) -> N:
    """From successive differences (von Neumann): a slow ramp is load, not noise. Of two or more."""
    squares = [(later - earlier) ** 2 for earlier, later in pairwise(samples)]
    return sum(squares[1:], squares[0]) / (2 * len(squares))
