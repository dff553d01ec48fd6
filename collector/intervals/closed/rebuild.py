"""Computes the whole table anew from the ledger, and tells where it differs from what is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, Engine, delete, exists, insert, literal, select

from collector.intervals import due
from collector.intervals.closed import table
from collector.intervals.closed.closer import Closer, Times
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.interval import ClosedInterval
from collector.intervals.closed.rules import Rules
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import BATCH, advance, followed_until, position_of
from collector.ledger.ledger import read_entries
from collector.registry.configurations import Configurations
from collector.registry.store import Registry
from collector.registry.view import View
from collector.storage.tables import (
    clock_event,
    identity,
    interval_due,
    interval_energy,
    register_event,
    snapshot,
)

_VIEWS = (snapshot, register_event, clock_event, identity)
"""What the follower makes of the ledger, and adds to."""

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """`before`: what was kept; None: nothing was."""

    meter: str
    quantity: str
    before: ClosedInterval | None
    after: ClosedInterval

    @property
    def energy_wh(self) -> Fraction | None:
        if self.before is None or self.before.energy_wh is None or self.after.energy_wh is None:
            return None
        return self.after.energy_wh - self.before.energy_wh


class Rebuild:
    """For a collector that is stopped. All of it is one transaction: killed, it was never begun."""

    def __init__(
        self, engine: Engine, registry: Registry, configurations: Configurations, rules: Rules
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._follower = IntervalFollower(configurations)
        self._rules = rules

    def catch_up(self, now_ms: int, progress: Progress) -> None:
        """Follow and close what has come and was not yet followed and closed."""
        followed = 0
        while count := advance(self._engine, self._follower):
            followed += count
            progress("frames followed", followed)
        with self._engine.begin() as connection:
            self._close(connection, now_ms, progress)

    def compute(self, now_ms: int, progress: Progress, *, keep: bool) -> list[Difference]:
        """With `keep` what differs is the next version of its interval; without, nothing is
        changed.
        """
        with self._engine.connect() as connection, connection.begin() as transaction:
            for view in _VIEWS:
                connection.execute(delete(view))
            self._follow(connection, progress)
            self._mark_all(connection, Grid.of(self._registry.view().market))
            self._close(connection, now_ms, progress)
            differences = _differences(connection, now_ms)
            if not keep:
                transaction.rollback()
        return differences

    def _follow(self, connection: Connection, progress: Progress) -> None:
        upto = position_of(connection, self._follower.name) or 0
        position = 0
        while entries := read_entries(connection, position, BATCH, upto):
            self._follower.follow(connection, entries)
            position = entries[-1].position
            progress("frames followed again", position)

    def _mark_all(self, connection: Connection, grid: Grid) -> None:
        connection.execute(delete(interval_due))
        columns = ("meter", "quantity", "at_ms", "due_ms")
        rows, kept = snapshot.c, interval_energy.c
        read = select(rows.meter, rows.quantity, rows.at_ms, literal(due.FRESH)).distinct()
        read = read.where(rows.quantity.in_(due.QUANTITIES))
        connection.execute(insert(interval_due).from_select(columns, read))
        end_ms = kept.start_ms + grid.quarter_ms
        is_marked = exists().where(
            interval_due.c.meter == kept.meter,
            interval_due.c.quantity == kept.quantity,
            interval_due.c.at_ms == end_ms,
        )
        closed = select(kept.meter, kept.quantity, end_ms, literal(due.FRESH))
        closed = closed.where(kept.version == 1, kept.length_ms == grid.quarter_ms, ~is_marked)
        connection.execute(insert(interval_due).from_select(columns, closed))

    def _close(self, connection: Connection, now_ms: int, progress: Progress) -> None:
        view: View = self._registry.view()
        known_ms = followed_until(connection, IntervalFollower.name, now_ms)
        late_ms = int(view.policy.late_s * 1000)
        times = Times(now_ms, known_ms, 0, late_ms, is_settled=True)
        closer = Closer(self._engine, self._registry, self._rules)
        closed = 0
        while count := closer.run_within(connection, view, times):
            closed += count
            progress("registers closed", closed)


def _differences(connection: Connection, now_ms: int) -> list[Difference]:
    return [
        Difference(meter, quantity, before, after)
        for meter, quantity, before, after in table.closed_at(connection, now_ms)
    ]
