"""An interval as it is closed, and what it may be."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.model.energy import Quantity


class Quality(StrEnum):
    """`measured` and `bridged` rest on registers on both sides; nobody may edit these."""

    MEASURED = "measured"
    BRIDGED = "bridged"
    EDITED = "edited"
    ESTIMATED = "estimated"
    MISSING = "missing"

    @property
    def is_by_registers(self) -> bool:
        return self in (Quality.MEASURED, Quality.BRIDGED)


_WORSE = list(Quality)


def worst(qualities: Iterable[Quality]) -> Quality:
    return max(qualities, key=_WORSE.index)


@dataclass(frozen=True, slots=True)
class ClosedInterval:
    """Energy from a boundary on. `why`: what kept registers from knowing it.

    The true energy is within `error_wh` of it; None: nothing bounds that.
    """

    length_ms: int
    start_ms: int
    energy: Quantity | None
    error_wh: Fraction | None
    quality: Quality
    rules: tuple[int, ...] = ()
    is_by_days: bool = False
    why: tuple[str, ...] = ()
    start_position: int | None = None
    end_position: int | None = None
    edit: int | None = None

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.length_ms

    @property
    def energy_wh(self) -> Fraction | None:
        return None if self.energy is None else self.energy.value


@dataclass(frozen=True, slots=True)
class Hung:
    """When a meter hung in its place; where it took another's, it counts from the exchange on."""

    from_ms: int = 0
    until_ms: int | None = None
    is_successor: bool = False

    def part(self, start_ms: int, end_ms: int) -> tuple[int, int] | None:
        """What of a span it hung there; None: nothing."""
        until_ms = end_ms if self.until_ms is None else min(self.until_ms, end_ms)
        from_ms = max(self.from_ms, start_ms)
        return (from_ms, until_ms) if from_ms < until_ms else None
