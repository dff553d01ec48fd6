"""The moment that is judged: one register, one time, and each newest reading looked up once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from collector.intervals.running import RunningPeriod
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


@dataclass(frozen=True)
class Scene:
    """`began_ms`: when this collector began to take in what had waited for it."""

    view: View
    series: Readings
    now_ms: int
    began_ms: int
    running: RunningPeriod
