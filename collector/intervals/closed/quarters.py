"""Energy of a quarter from the register's course: measured, bridged, or estimated in part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from collector.intervals.closed.bridging import Boundaries, Point
from collector.intervals.closed.interval import ClosedInterval, Hung, Quality
from collector.intervals.closed.rules import Cause, Rule
from collector.model.energy import common_quantum, counted, energy_in

_STORED = range(-(2**63), 2**63)
_TOO_LARGE = "too_large"


def close_quarter(line: Boundaries, hung: Hung, start_ms: int) -> ClosedInterval | None:
    """None while the meter did not hang there."""
    end_ms = start_ms + line.grid.quarter_ms
    part = hung.part(start_ms, end_ms)
    if part is None:
        return None
    start = line.at(start_ms) if part[0] == start_ms else None
    end = line.at(end_ms) if part[1] == end_ms else None
    if start is not None and end is not None and start.run == end.run:
        return storable(_by_registers(line, start, end, start_ms))
    return storable(_Open(line, start_ms, part, start, end).closed())


def register_error_wh(
    start: Point, end: Point, energy_wh: Fraction, duration_ms: int
) -> tuple[Fraction, Fraction]:
    """How far a difference of registers may be from the truth, and the step of which it is whole.

    Off its boundary by so much the wiring can have carried no more; without it the mean power
    stands. A register shows whole steps.
    """
    error_wh = Fraction(0)
    for point in (start, end):
        greatest_w = point.left.greatest_w
        if point.rule is not None:
            error_wh += point.bridge_error_wh
        elif greatest_w is not None:
            error_wh += energy_in(greatest_w, point.distance_ms)
        else:
            error_wh += energy_wh * point.distance_ms / duration_ms
    quanta = (*start.quanta_after_wh, *end.quanta_before_wh)
    return error_wh + max(quanta), common_quantum(quanta)


def storable(closed: ClosedInterval) -> ClosedInterval:
    if closed.energy is None or closed.energy.count in _STORED:
        return closed
    return replace(
        closed, energy=None, error_wh=None, quality=Quality.MISSING, why=(*closed.why, _TOO_LARGE)
    )


def _by_registers(line: Boundaries, start: Point, end: Point, start_ms: int) -> ClosedInterval:
    length_ms = line.grid.quarter_ms
    energy_wh = end.energy_wh - start.energy_wh
    error_wh, quantum_wh = register_error_wh(start, end, energy_wh, length_ms)
    error_wh += line.course.parted_wh(start_ms, start_ms + length_ms)
    within = line.course.within(start_ms, start_ms + length_ms)
    inner = {quantum for node in within for quantum in node.quanta_wh}
    rules = [point.rule for point in (start, end) if point.rule is not None]
    return ClosedInterval(
        length_ms,
        start_ms,
        counted(energy_wh, common_quantum((quantum_wh, *inner))),
        error_wh,
        Quality.BRIDGED if rules else Quality.MEASURED,
        tuple(sorted({rule.number for rule in rules})),
        any(rule.method == "days" for rule in rules),
        start_position=start.left.position,
        end_position=end.right.position,
    )


@dataclass(frozen=True, slots=True)
class _Stop:
    """Within the quarter, or at its edge: energy told from the beginning of a run."""

    at_ms: int
    run: int
    energy_wh: Fraction
    quantum_wh: Fraction


class _Open:
    """A quarter of which registers know parts at most."""

    def __init__(
        self,
        line: Boundaries,
        start_ms: int,
        part: tuple[int, int],
        start: Point | None,
        end: Point | None,
    ) -> None:
        self._line = line
        self._start_ms, self._end_ms = start_ms, start_ms + line.grid.quarter_ms
        self._part = part
        self._start, self._end = start, end
        self._left, _ = line.course.around(start_ms)
        _, self._right = line.course.around(self._end_ms - 1)
        if start is not None:
            self._left = start.left
        if end is not None:
            self._right = end.right
        self._stops = list(self._find_stops())
        self._known_wh, self._covered_ms = self._known()

    def closed(self) -> ClosedInterval:
        causes = self._causes()
        common = ClosedInterval(
            self._line.grid.quarter_ms,
            self._start_ms,
            None,
            None,
            Quality.MISSING,
            why=tuple(sorted(causes)),
            start_position=None if self._left is None else self._left.position,
            end_position=None if self._right is None else self._right.position,
        )
        for rule in self._line.rules.of("open"):
            if not causes <= set(rule.causes):
                continue
            added_wh = self._added_wh(rule)
            if added_wh is None:
                continue
            quantum_wh = self._quantum_wh
            added_wh = added_wh // quantum_wh * quantum_wh
            return replace(
                common,
                energy=counted(self._known_wh + added_wh, quantum_wh),
                error_wh=self._error_wh(added_wh),
                quality=Quality.ESTIMATED,
                rules=(rule.number,),
                is_by_days=rule.method == "days",
            )
        return common

    def _find_stops(self) -> Iterator[_Stop]:
        first_ms, last_ms = self._part
        if self._start is not None:
            quantum_wh = common_quantum(self._start.quanta_after_wh)
            yield _Stop(first_ms, self._start.run, self._start.energy_wh, quantum_wh)
        for node in self._line.course.within(self._start_ms, self._end_ms):
            at_ms = min(max(node.read_ms, first_ms), last_ms)
            yield _Stop(at_ms, node.run, node.energy_wh, common_quantum(node.quanta_wh))
        if self._end is not None:
            quantum_wh = common_quantum(self._end.quanta_before_wh)
            yield _Stop(last_ms, self._end.run, self._end.energy_wh, quantum_wh)

    def _known(self) -> tuple[Fraction, int]:
        """Energy between registers of one run, and the time that they cover."""
        known_wh, covered_ms = Fraction(0), 0
        for before, after in pairwise(self._stops):
            if before.run == after.run:
                known_wh += after.energy_wh - before.energy_wh
                covered_ms += after.at_ms - before.at_ms
        return known_wh, covered_ms

    @property
    def _uncovered_ms(self) -> int:
        return self._part[1] - self._part[0] - self._covered_ms

    def _causes(self) -> set[Cause]:
        causes = set()
        if self._part != (self._start_ms, self._end_ms):
            causes.add(Cause.EXCHANGED)
        if self._left is not None and self._right is not None:
            causes |= self._line.course.causes(self._left, self._right)
        elif self._stops:
            causes |= {
                node.begins
                for node in self._line.course.within(self._start_ms, self._end_ms)
                if node.begins is not None
            }
        if self._right is None:
            causes |= self._line.course.since_last
        return causes or {Cause.UNREAD}

    def _added_wh(self, rule: Rule) -> Fraction | None:
        if rule.method == "parts":
            is_known = bool(self._stops) and rule.holds(self._start_ms, self._uncovered_ms)
            return Fraction(0) if is_known else None
        if not rule.holds(self._start_ms, self._far_ms()):
            return None
        typical_wh = self._line.history.typical_wh(self._start_ms, rule)
        if typical_wh is None:
            return None
        return typical_wh * self._uncovered_ms / self._line.grid.quarter_ms

    def _far_ms(self) -> int:
        """From the nearer of the registers next to the quarter to its other end."""
        found = []
        if self._left is not None:
            found.append(self._end_ms - self._left.read_ms)
        if self._right is not None:
            found.append(self._right.read_ms - self._start_ms)
        return min(found, default=2**62)

    @property
    def _quantum_wh(self) -> Fraction:
        near = [self._left.next_quantum_wh] if self._left is not None else []
        near += [self._right.quantum_wh] if self._right is not None else []
        return common_quantum((*near, *(stop.quantum_wh for stop in self._stops)))

    def _error_wh(self, added_wh: Fraction) -> Fraction | None:
        """Of what was not read the wiring may have carried nothing, or all that it can."""
        near = [node for node in (self._left, self._right) if node is not None]
        carried_w = [node.greatest_w for node in near if node.greatest_w is not None]
        if not carried_w:
            return None
        most_wh = energy_in(max(carried_w), self._uncovered_ms)
        error_wh = max(added_wh, most_wh - added_wh) + self._quantum_wh
        error_wh += self._line.course.parted_wh(self._start_ms, self._end_ms)
        for point in (self._start, self._end):
            if point is not None and point.rule is not None:
                error_wh += point.bridge_error_wh
            elif point is not None:
                error_wh += energy_in(max(carried_w), point.distance_ms)
        return error_wh
