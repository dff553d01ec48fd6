"""Closes intervals as registers come, and those for which none came when they are late."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Connection, Engine, select

from collector.intervals import due
from collector.intervals.closed import hanging, table
from collector.intervals.closed.batch import Batch, Read
from collector.intervals.closed.bridging import Boundaries
from collector.intervals.closed.closing import Closing, Outcome
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.history import History
from collector.intervals.closed.interval import ClosedInterval, Hung, Quality
from collector.intervals.closed.rules import Rules
from collector.intervals.closed.table import Register
from collector.intervals.due import Moment
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import followed_until
from collector.registry.store import Registry
from collector.registry.view import View
from collector.storage import reading
from collector.storage.tables import interval_due

log = structlog.get_logger()

AT_ONCE = 1000
_WITHIN_HOURS = 8
_RETRY_MS = 60_000


@dataclass(frozen=True)
class Times:
    """`known_ms`: what came before it has been followed. `began_ms`: since then what had waited
    for the collector comes in. With `is_settled` nothing more comes, however new what came is.
    """

    now_ms: int
    known_ms: int
    began_ms: int
    late_ms: int
    is_settled: bool = False

    def final_ms(self, end_ms: int) -> int:
        """When a quarter is closed whose register did not come."""
        return max(end_ms, self.began_ms) + self.late_ms

    def is_final(self, end_ms: int, *, is_fresh: bool) -> bool:
        """After registers that came just now more are waited for: they come one after the other."""
        return (self.is_settled or not is_fresh) and self.final_ms(end_ms) <= self.known_ms

    @property
    def quiet_ms(self) -> int:
        """When what came just now is no longer new."""
        return self.known_ms if self.is_settled else self.known_ms + self.late_ms


class Closer:
    """`run` may be called at any time, by one at a time; its first moment is remembered."""

    def __init__(self, engine: Engine, registry: Registry, rules: Rules) -> None:
        self._engine = engine
        self._registry = registry
        self._rules = rules
        self._began_ms: int | None = None
        self._view: View | None = None
        self._hung: Mapping[str, Hung] = {}

    def run(self, now_ms: int, limit: int = AT_ONCE) -> int:
        """Close what is due, so many marks at most; return how many were taken."""
        self._began_ms = now_ms if self._began_ms is None else self._began_ms
        view = self._registry.view()
        with reading(self._engine) as connection:  # with nothing to do it takes no writer's lock
            known_ms = followed_until(connection, IntervalFollower.name, now_ms)
            late_ms = int(view.policy.late_s * 1000)
            times = Times(now_ms, known_ms, self._began_ms, late_ms)
            query = select(interval_due.c.at_ms).where(interval_due.c.due_ms <= known_ms)
            if view is self._view and connection.execute(query.limit(1)).first() is None:
                return 0
        with self._engine.begin() as connection:
            return self.run_within(connection, view, times, limit)

    def run_within(
        self, connection: Connection, view: View, times: Times, limit: int = AT_ONCE
    ) -> int:
        """The same in a transaction of the caller's."""
        grid = Grid.of(view.market)
        if view is not self._view:
            self._hung = hanging.hung(view)
            hanging.take_over(connection, grid, self._hung)
            hanging.take_over_ratios(connection, grid, view)
            self._view = view
        within_ms = _WITHIN_HOURS * grid.hour_ms
        marks = due.due_until(connection, times.known_ms, limit, within_ms)
        if marks:
            due.take_away(connection, marks)  # before reading: who marks again meanwhile is heard
            _Round(connection, grid, self._rules, times, self._hung, marks).close()
        return len(marks)


class _Round:
    """The marks of one transaction."""

    def __init__(
        self,
        connection: Connection,
        grid: Grid,
        rules: Rules,
        times: Times,
        hung: Mapping[str, Hung],
        marks: Mapping[Moment, int],
    ) -> None:
        self._connection = connection
        self._grid = grid
        self._rules = rules
        self._times = times
        self._hung = hung
        self._fresh: dict[Register, set[int]] = {}
        for (meter, quantity, at_ms), due_ms in marks.items():
            if due_ms == due.FRESH:
                self._fresh.setdefault((meter, quantity), set()).add(at_ms)
        self._batch = Batch(connection, grid, marks)
        self._awaited: dict[Moment, int] = {}

    def close(self) -> None:
        outcomes: dict[Register, Outcome] = {}
        for register, times in self._batch.marks.items():
            try:
                outcomes[register] = self._close(register)
            except (ArithmeticError, LookupError, ValueError) as error:
                log.exception("intervals.failed", register=register, error=str(error))
                again_ms = self._times.known_ms + _RETRY_MS
                self._awaited |= {(*register, at_ms): again_ms for at_ms in times}
        changed = {register: outcome.changed for register, outcome in outcomes.items()}
        table.add(self._connection, changed, self._times.now_ms, self._rules.sha256)
        self._expect_by_days(outcomes)
        due.expect(self._connection, self._awaited)
        for register, outcome in outcomes.items():
            _tell(register, outcome)

    def _close(self, register: Register) -> Outcome:
        hung = self._hung.get(register[0], hanging.ALWAYS)
        is_fresh = register in self._fresh
        read = self._batch.read(register, hung, self._times.now_ms, is_fresh=is_fresh)
        boundaries = Boundaries(read.course, self._grid, self._rules, self._history(register, read))
        fresh = sorted(self._fresh.get(register, ()))
        comes_in = partial(read.course.is_told_of, fresh, self._grid.quarter_ms)
        is_final = partial(self._is_final, comes_in)
        closing = Closing(boundaries, hung, read.edits, read.stands, is_final)
        outcome = closing.over(read.span)
        for end_ms in outcome.open_ends:
            self._await(register, end_ms, is_fresh=comes_in(end_ms))
        if closing.begins_ms is not None:
            next_ms = max(min(read.span.end_ms, read.span.limit_ms), closing.begins_ms)
            end_ms = next_ms + self._grid.quarter_ms
            is_closed = (self._grid.quarter_ms, next_ms) in read.stands
            if not is_closed and hung.part(next_ms, end_ms):
                self._await(register, end_ms, is_fresh=is_fresh)
        return outcome

    def _await(self, register: Register, end_ms: int, *, is_fresh: bool) -> None:
        final_ms = self._times.final_ms(end_ms)
        if is_fresh:
            final_ms = max(final_ms, self._times.quiet_ms)
        self._awaited[(*register, end_ms)] = final_ms

    def _is_final(self, comes_in: Callable[[int], bool], end_ms: int) -> bool:
        return self._times.is_final(end_ms, is_fresh=comes_in(end_ms))

    def _history(self, register: Register, read: Read) -> History:
        length_ms, span = self._grid.quarter_ms, read.span
        since_ms = span.start_ms - self._rules.lookback_ms
        return History(
            lambda: table.measured(self._connection, register, length_ms, since_ms, span.end_ms)
        )

    def _expect_by_days(self, outcomes: Mapping[Register, Outcome]) -> None:
        """What rests on a day that is other than it was is closed again."""
        moved = {
            register: [
                closed.start_ms
                for closed in _measured(outcome)
                if closed.length_ms == self._grid.quarter_ms
            ]
            for register, outcome in outcomes.items()
        }
        starts = [start_ms for found in moved.values() for start_ms in found]
        if not starts:
            return
        quarter_ms = self._grid.quarter_ms
        until_ms = max(starts) + self._rules.lookback_ms
        meters = sorted({meter for (meter, _), found in moved.items() if found})
        for meter, quantity, start_ms in table.by_days(
            self._connection, meters, quarter_ms, min(starts), until_ms
        ):
            if moved.get((meter, quantity)):
                self._awaited[meter, quantity, start_ms + quarter_ms] = self._times.quiet_ms


def _measured(outcome: Outcome) -> list[ClosedInterval]:
    changed = [closed for _, closed in outcome.changed]
    return [
        closed for closed in (*changed, *outcome.replaced) if closed.quality is Quality.MEASURED
    ]


def _tell(register: Register, outcome: Outcome) -> None:
    again = [closed for number, closed in outcome.changed if number > 1]
    if again:
        log.info(
            "intervals.closed_again",
            meter=register[0],
            quantity=register[1],
            intervals=len(again),
            from_ms=min(closed.start_ms for closed in again),
            until_ms=max(closed.end_ms for closed in again),
        )
