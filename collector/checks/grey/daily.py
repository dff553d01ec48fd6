"""Feeders are judged once a day, one at each run, so that nothing waits for them."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection

from collector.checks.findings import Finding
from collector.checks.grey import judging
from collector.checks.grey.score import read_thresholds
from collector.model.delivery import day_start_ms
from collector.model.instant import astana
from collector.model.records import Feeder
from collector.registry.view import View
from collector.storage import directory_of

_LATE_MS = 3_600_000
"""So long after midnight a day's readings have come."""
_DAYS = 2
"""Of balances: what came late for a day is seen on the next."""


class DailyFeeders:
    """Which feeder is next; judged again, nothing changes."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._waiting: list[str] = []

    def next(self, view: View, now_ms: int) -> list[str]:
        """One that was not judged yet today, or none."""
        day = _day(now_ms)
        if day != self._day:
            self._day = day
            held = view.holding(Feeder, day_start_ms(day) - 1)
            self._waiting = sorted((each.name for each in held), reverse=True)
        return [self._waiting.pop()] if self._waiting else []

    def judge(
        self, connection: Connection, view: View, feeder: str, now_ms: int
    ) -> Iterator[Finding]:
        day = _day(now_ms)
        end_ms = day_start_ms(day)
        start_ms = day_start_ms(day - timedelta(days=_DAYS))
        balanced = judging.balances(connection, view, start_ms, end_ms, feeder)
        thresholds = read_thresholds(directory_of(connection))
        shaped = judging.shapes(connection, view, thresholds, end_ms, feeder)
        yield from judging.found_in(view, balanced, shaped)


def _day(now_ms: int) -> date:
    """The one whose readings before its beginning have come."""
    return astana(now_ms - _LATE_MS).date()
