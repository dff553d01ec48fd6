"""What is needed to close the intervals of many registers, read together."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from collector.intervals import evidence, ratios
from collector.intervals.closed import edits, table
from collector.intervals.closed.closing import Span
from collector.intervals.closed.course import Course, stands_for_boundary
from collector.intervals.closed.edits import Edit
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.interval import Hung
from collector.intervals.closed.table import Key, Register, Version
from collector.intervals.ratios import NO_RATIOS
from collector.intervals.snapshots import (
    Snapshot,
    boundary_next_to,
    snapshots_between,
    snapshots_of_many,
)
from collector.ledger.readings import AHEAD_MS
from collector.storage.tables import identity, register_event

_AT_ONCE = 200
"""Intervals of a silent register, in one transaction: others wait for the writer's lock."""


@dataclass(frozen=True)
class Read:
    """Of one register: the span to be closed, and what it rests on."""

    span: Span
    course: Course
    stands: Mapping[Key, Version]
    edits: Mapping[int, Edit]


class Batch:
    """Marks of registers, at times not far apart."""

    def __init__(
        self, connection: Connection, grid: Grid, marks: Collection[tuple[str, str, int]]
    ) -> None:
        self._connection = connection
        self._grid = grid
        self.marks: dict[Register, list[int]] = {}
        for meter, quantity, at_ms in sorted(marks):
            self.marks.setdefault((meter, quantity), []).append(at_ms)
        times = [at_ms for _, _, at_ms in marks]
        meters = sorted({meter for meter, _ in self.marks})
        self._start_ms = grid.hour(min(times) - 1) - grid.quarter_ms
        self._end_ms = grid.hour(max(times)) + grid.hour_ms + grid.quarter_ms
        within = (self._start_ms, self._end_ms)
        self._snapshots = snapshots_of_many(connection, meters, *within)
        self._stands = table.newest(connection, meters, *within)
        self._edits = edits.in_force(connection, meters)
        self._watched = _watched(connection, meters)
        self._ratios = ratios.of_meters(connection, meters)

    def read(self, register: Register, hung: Hung, now_ms: int, *, is_fresh: bool) -> Read:
        times = self.marks[register]
        span = self._span(register, hung, times[0], times[-1], now_ms, is_fresh=is_fresh)
        start_ms = self._next_to(register, span.start_ms + 1, -1, now_ms)
        end_ms = self._next_to(register, span.end_ms - 1, 1, now_ms)
        if start_ms is None:
            start_ms = hung.from_ms if hung.is_successor else span.start_ms
        if end_ms is None:
            end_ms = max(span.end_ms, _latest(now_ms))
        stops = self._stops(register, start_ms, end_ms)
        stops = [stop for stop in stops if _is_hung(stop, hung)]
        return Read(
            span,
            self._course(register, stops, hung),
            self._stood(register, span),
            self._edits.get(register, {}),
        )

    def _span(
        self, register: Register, hung: Hung, first: int, last: int, now_ms: int, *, is_fresh: bool
    ) -> Span:
        """The hours of the marks, and of the gaps next to them that they bear on.

        A register changes what was told before it of a gap; the mere lapse of time does not.
        """
        grid = self._grid
        before = self._next_to(register, first, -1, now_ms)
        after = self._next_to(register, last, 1, now_ms)
        limit_ms = max(grid.quarter(now_ms), grid.quarter(last), after or 0)
        if after is None:  # after a long silence the rest is closed by the marks that follow
            limit_ms = min(limit_ms, grid.quarter(last) + _AT_ONCE * grid.quarter_ms)
        start_ms = grid.hour(first - 1)
        if is_fresh and before is not None:
            start_ms = grid.hour(before)
        elif is_fresh and hung.is_successor:
            start_ms = min(start_ms, grid.hour(hung.from_ms))
        end_ms = grid.hour_end(limit_ms if after is None else after)
        return Span(start_ms, max(end_ms, grid.hour(last) + grid.hour_ms), limit_ms)

    def _next_to(self, register: Register, at_ms: int, direction: int, now_ms: int) -> int | None:
        """The boundary that stands before or after a moment."""
        near = [
            stop.at_ms
            for stop in self._snapshots.get(register, ())
            if stands_for_boundary(stop, self._grid) and direction * (stop.at_ms - at_ms) > 0
        ]
        if near:
            return max(near) if direction < 0 else min(near)
        if direction > 0 and at_ms + self._grid.quarter_ms > _latest(now_ms):
            return None
        quarter_ms = self._grid.quarter_ms
        return boundary_next_to(self._connection, register, at_ms, quarter_ms, direction)

    def _stops(self, register: Register, start_ms: int, end_ms: int) -> list[Snapshot]:
        if start_ms >= self._start_ms and end_ms <= self._end_ms:
            known = self._snapshots.get(register, [])
            return [stop for stop in known if start_ms <= stop.at_ms <= end_ms]
        meter, quantity = register
        return snapshots_between(self._connection, meter, start_ms, end_ms, quantity)

    def _course(self, register: Register, stops: Sequence[Snapshot], hung: Hung) -> Course:
        meter, quantity = register
        true = self._ratios.get(meter, NO_RATIOS)
        if not stops or meter not in self._watched:
            return Course(stops, self._grid, true=true)
        ends = (self._connection, meter, stops[0], stops[-1])
        events = evidence.register_events(*ends, quantity)
        since = evidence.strangers_since(self._connection, meter, stops[-1], hung.until_ms)
        return Course(stops, self._grid, evidence.strangers(*ends), events, true, since)

    def _stood(self, register: Register, span: Span) -> Mapping[Key, Version]:
        end_ms = span.end_ms + self._grid.quarter_ms
        if span.start_ms >= self._start_ms and end_ms <= self._end_ms:
            return self._stands.get(register, {})
        found = table.newest(self._connection, [register[0]], span.start_ms, end_ms)
        return found.get(register, {})


def _latest(now_ms: int) -> int:
    """No snapshot stands that is dated later."""
    return now_ms + 2 * AHEAD_MS


def _is_hung(stop: Snapshot, hung: Hung) -> bool:
    return stop.at_ms >= hung.from_ms and (hung.until_ms is None or stop.at_ms <= hung.until_ms)


def _watched(connection: Connection, meters: Collection[str]) -> set[str]:
    """Meters of which a gateway ever saw another identity, or a register that went back."""
    is_foreign = or_(identity.c.is_serial.is_(False), identity.c.is_ratio.is_(False))
    found: set[str] = set()
    for query in (
        select(identity.c.meter).where(identity.c.meter.in_(meters), is_foreign),
        select(register_event.c.meter).where(register_event.c.meter.in_(meters)),
    ):
        found |= set(connection.scalars(query.distinct()))
    return found
