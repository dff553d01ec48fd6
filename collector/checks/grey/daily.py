"""Feeders are judged once a day, one at each run, so that nothing waits for them."""

from datetime import timedelta

from sqlalchemy import Engine

from collector.checks.grey import judging
from collector.checks.grey.score import read_thresholds
from collector.model.delivery import day_start_ms
from collector.model.instant import astana
from collector.model.records import Feeder
from collector.registry.view import View
from collector.storage import directory_of, reading

_LATE_MS = 3_600_000
"""So long after midnight a day's readings have come."""
_DAYS = 2
"""Of balances: what came late for a day is seen on the next."""


class DailyFeeders:
    """`run` may be called at any time, any number of times: judged again nothing changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._day_ms = 0
        self._waiting: list[str] = []

    def run(self, view: View, now_ms: int) -> None:
        """Judge the next feeder of the day, if one is left."""
        day = astana(now_ms - _LATE_MS).date()
        end_ms = day_start_ms(day)
        if end_ms != self._day_ms:
            self._day_ms = end_ms
            self._waiting = sorted(each.name for each in view.holding(Feeder, end_ms - 1))
        if not self._waiting:
            return
        feeder = self._waiting.pop()
        start_ms = day_start_ms(day - timedelta(days=_DAYS))
        with reading(self._engine) as connection:
            balanced = judging.balances(connection, view, start_ms, end_ms, feeder)
            thresholds = read_thresholds(directory_of(connection))
            shaped = judging.shapes(connection, view, thresholds, end_ms, feeder)
        found = list(judging.found_in(view, balanced, shaped))
        if found:
            with self._engine.begin() as connection:
                judging.keep(connection, found)
