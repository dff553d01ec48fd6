"""Closes the intervals of one register over some hours. Pure: what changed is handed back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from collector.intervals.closed.bridging import Boundaries
from collector.intervals.closed.edits import Edit
from collector.intervals.closed.hours import close_hour
from collector.intervals.closed.interval import ClosedInterval, Hung, Quality
from collector.intervals.closed.quarters import close_quarter
from collector.intervals.closed.table import Key, Version

NOT_THERE = "not_there"


@dataclass(frozen=True)
class Span:
    """Whole hours, of which quarters are closed that end by `limit_ms`."""

    start_ms: int
    end_ms: int
    limit_ms: int


@dataclass
class Outcome:
    """`changed`: the next versions, with their numbers; `replaced`: what stood instead.
    `open_ends`: where quarters end for which registers may still come, of each gap the first.
    """

    changed: list[tuple[int, ClosedInterval]] = field(default_factory=list)
    replaced: list[ClosedInterval] = field(default_factory=list)
    open_ends: list[int] = field(default_factory=list)


class Closing:
    """`is_final` tells of an end whether registers are no longer waited for."""

    def __init__(
        self,
        line: Boundaries,
        hung: Hung,
        edits: Mapping[int, Edit],
        stands: Mapping[Key, Version],
        is_final: Callable[[int], bool],
    ) -> None:
        self._line = line
        self._hung = hung
        self._edits = edits
        self._stands = stands
        self._is_final = is_final
        self._open_ms: int | None = None  # where the last open quarter ended

    def over(self, span: Span) -> Outcome:
        outcome = Outcome()
        quarters: dict[int, ClosedInterval | None] = {}
        grid = self._line.grid
        for start_ms in grid.quarters(span.start_ms, span.end_ms):
            if start_ms + grid.quarter_ms <= span.limit_ms:
                quarters[start_ms] = self._quarter(start_ms, outcome)
        for start_ms in range(span.start_ms, span.end_ms, grid.hour_ms):
            self._hour(start_ms, quarters, outcome)
        return outcome

    @property
    def begins_ms(self) -> int | None:
        """Where the register's first quarter begins; None: it was never read."""
        if self._hung.is_successor:
            return self._line.grid.quarter(self._hung.from_ms)
        return min(self._line.course.known, default=None)

    def _quarter(self, start_ms: int, outcome: Outcome) -> ClosedInterval | None:
        """As it stands now; None where nothing does yet."""
        length_ms = self._line.grid.quarter_ms
        begins_ms = self.begins_ms
        closed = None
        if begins_ms is not None and start_ms >= begins_ms:
            closed = close_quarter(self._line, self._hung, start_ms)
        if closed is None:
            return self._withdraw(length_ms, start_ms, outcome)
        if start_ms in self._edits:
            closed = self._edits[start_ms].apply(closed)
        known = self._stands.get((length_ms, start_ms))
        if known is not None and known.closed == closed:
            return closed
        if closed.quality is Quality.MEASURED or self._is_final(closed.end_ms):
            self._change(closed, outcome)
            return closed
        if start_ms != self._open_ms or start_ms in self._line.course.known:
            outcome.open_ends.append(closed.end_ms)
        self._open_ms = closed.end_ms
        return None

    def _hour(
        self, start_ms: int, quarters: Mapping[int, ClosedInterval | None], outcome: Outcome
    ) -> None:
        """When all its quarters are closed in which the meter hung there."""
        grid = self._line.grid
        there = [
            quarters.get(at_ms)
            for at_ms in grid.quarters(start_ms, start_ms + grid.hour_ms)
            if self._hung.part(at_ms, at_ms + grid.quarter_ms)
        ]
        if not there:
            self._withdraw(grid.hour_ms, start_ms, outcome)
            return
        closed = [quarter for quarter in there if quarter is not None]
        if len(closed) == len(there):
            hour = close_hour(self._line, closed)
            known = self._stands.get((grid.hour_ms, start_ms))
            if known is None or known.closed != hour:
                self._change(hour, outcome)

    def _withdraw(self, length_ms: int, start_ms: int, outcome: Outcome) -> ClosedInterval | None:
        """What was closed, and is no interval of the meter as is known now."""
        known = self._stands.get((length_ms, start_ms))
        if known is None:
            return None
        closed = ClosedInterval(length_ms, start_ms, None, None, Quality.MISSING, why=(NOT_THERE,))
        if known.closed != closed:
            self._change(closed, outcome)
        return closed

    def _change(self, closed: ClosedInterval, outcome: Outcome) -> None:
        known = self._stands.get((closed.length_ms, closed.start_ms))
        outcome.changed.append((1 if known is None else known.number + 1, closed))
        if known is not None:
            outcome.replaced.append(known.closed)
