"""Which current transformer hangs where: told by each phase's own power factor.

The power of a phase is U · I · cos of the angle between its own voltage and the current that its
terminals are given. Of a balanced load all three angles are alike; a current of another phase is
120° off, one that is reversed 180°.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

_LOADS_DEG = range(-15, 41)
"""By which a load's current may lag: from a power factor of 0.97 leading to 0.77."""
_CLOSE = 0.12
"""Of one factor: phases differ by so much."""

Places = tuple[int, int, int]


@dataclass(frozen=True)
class Connection:
    """`currents`: of which phase the current at each phase's terminals is; `reversed_`: which are
    turned round.
    """

    currents: Places
    reversed_: frozenset[int]

    @property
    def is_right(self) -> bool:
        return self.currents == (0, 1, 2) and not self.reversed_

    @property
    def changes(self) -> int:
        moved = sum(place != own for own, place in enumerate(self.currents))
        return moved + len(self.reversed_)


_ALL = [
    Connection(
        (order[0], order[1], order[2]),
        frozenset(place for place, sign in enumerate(signs) if sign < 0),
    )
    for order in permutations((0, 1, 2))
    for signs in product((1, -1), repeat=3)
]


def explanations(factors: Sequence[float]) -> list[Connection]:
    """The connections with the fewest changes under which these factors can be."""
    possible = [each for each in _ALL if _error(each, factors) <= _CLOSE]
    fewest = min((each.changes for each in possible), default=0)
    return [each for each in possible if each.changes == fewest]


def _error(connection: Connection, factors: Sequence[float]) -> float:
    """How far off the worst phase is, at the load that explains them best."""
    return min(
        max(abs(_factor(connection, place, load) - factors[place]) for place in range(3))
        for load in _LOADS_DEG
    )


def _factor(connection: Connection, place: int, load_deg: int) -> float:
    """Phase L2 lags L1 by 120°, L3 by 240°."""
    angle_deg = load_deg + 120 * (connection.currents[place] - place)
    turned = -1 if place in connection.reversed_ else 1
    return turned * math.cos(math.radians(angle_deg))
