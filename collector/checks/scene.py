"""The moment that is judged: one register, one time, and each newest reading looked up once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection

from collector.checks.allowance import Known
from collector.checks.hours import ForbiddenOnce
from collector.checks.prescribed import known_allocations
from collector.intervals.running import RunningPeriod
from collector.model.records import Allocation
from collector.registry.view import View
from collector.series.store import Point, SeriesStore

POWER = "active_power"


class Readings(Protocol):
    """Of a series store, what the checks ask."""

    def latest(self, meter: str, by_ms: int) -> Point | None: ...
    def last_power(self, meter: str, by_ms: int) -> Point | None: ...
    def window(self, meter: str, from_ms: int, until_ms: int) -> Iterable[Point]: ...


class LatestOnce:
    """A store whose newest points are asked for once: in one run every check sees the same."""

    def __init__(self, series: SeriesStore) -> None:
        self._series = series
        self._latest: dict[tuple[str, int], Point | None] = {}

    def latest(self, meter: str, by_ms: int) -> Point | None:
        key = (meter, by_ms)
        if key not in self._latest:
            self._latest[key] = self._series.latest(meter, by_ms)
        return self._latest[key]

    def last_power(self, meter: str, by_ms: int) -> Point | None:
        newest = self.latest(meter, by_ms)
        if newest is None or POWER in newest.values:
            return newest
        return self._series.last_power(meter, by_ms)

    def window(self, meter: str, from_ms: int, until_ms: int) -> Iterable[Point]:
        return self._series.window(meter, from_ms, until_ms)


class BoughtOnce:
    """What was bought, asked for once for each auction zone and period."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], dict[str, list[Known[Allocation]]]] = {}

    def in_zone(
        self, connection: Connection, zone: str, start_ms: int
    ) -> Mapping[str, Sequence[Known[Allocation]]]:
        """By licensee."""
        if (zone, start_ms) not in self._known:
            self._known[zone, start_ms] = known_allocations(connection, zone, start_ms)
        return self._known[zone, start_ms]


@dataclass(frozen=True)
class Scene:
    """`began_ms`: when this collector began to take in what had waited for it."""

    view: View
    series: Readings
    now_ms: int
    began_ms: int
    running: RunningPeriod
    bought: BoughtOnce = field(default_factory=BoughtOnce)
    forbidden: ForbiddenOnce = field(default_factory=ForbiddenOnce)
