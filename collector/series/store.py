"""What a series store must do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

LAST_MS = 9_223_372_036_854
"""The last millisecond that every store can name (of InfluxDB's 64 bits of nanoseconds)."""


class SeriesError(Exception):
    """The store did not do it. Nothing is lost: the ledger has what it should hold."""


class SeriesAwayError(SeriesError):
    """It does not answer, or says that it cannot now: the same may be tried again."""


class SeriesRefusedError(SeriesError):
    """It answers, and refuses what it was given: somebody must see to it."""


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
    """Points by meter and moment. Writing a point again changes nothing.

    Every method raises SeriesError where the store is a server.
    """

    def write(self, points: Sequence[Point]) -> None:
        """All of them, or an error."""

    def withdraw(self, meter: str, moments: Sequence[int]) -> None:
        """Take the points of these moments out: they are not the meter's."""

    def clear(self) -> None:
        """Take everything out."""

    def is_empty(self) -> bool: ...

    def points(self) -> int:
        """How many points are stored. Of a big store this takes long."""

    def meters(self) -> Sequence[str]:
        """Those that have a point, in order."""

    def earliest(self, meter: str, from_ms: int) -> Point | None:
        """The oldest point of this moment or after."""

    def latest(self, meter: str, by_ms: int) -> Point | None:
        """The newest point of this moment or before: one that is ahead of its time hides none."""

    def last_power(self, meter: str, by_ms: int) -> Point | None:
        """The same of points that have an `active_power`: an instrument may answer nothing."""

    def window(self, meter: str, from_ms: int, until_ms: int) -> Iterable[Point]:
        """Points with from_ms <= at_ms < until_ms, oldest first."""

    def close(self) -> None: ...
