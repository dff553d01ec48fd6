"""What a series store must do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Point:
    """One reading of one meter: measured values in W, V, A, Hz by quantity name, to be shown and
    compared; and the exact register of imported energy, which orders may rest on. `doubts`: what
    the values say against each other, by its code the quantities that it concerns.
    """

    meter: str
    at_ms: int
    values: Mapping[str, float]
    position: int
    import_wh: Fraction | None = None
    doubts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def believed(self, quantity: str) -> float | None:
        """The value of a quantity, unless it was not read or is in doubt."""
        if any(quantity in concerned for concerned in self.doubts.values()):
            return None
        return self.values.get(quantity)


class SeriesStore(Protocol):
    """Writing a point again changes nothing."""

    def write(self, points: Sequence[Point]) -> None: ...

    def withdraw(self, meter: str, moments: Sequence[int]) -> None:
        """Take the points of these moments out: they are not the meter's."""

    def points(self) -> int:
        """How many points are stored."""

    def latest(self, meter: str, by_ms: int) -> Point | None:
        """The newest point of this moment or before: one that is ahead of its time hides none."""

    def last_power(self, meter: str, by_ms: int) -> Point | None:
        """The same of points that have an `active_power`: an instrument may answer nothing."""

    def window(self, meter: str, from_ms: int, until_ms: int) -> Iterable[Point]:
        """Points with from_ms <= at_ms < until_ms, oldest first."""
