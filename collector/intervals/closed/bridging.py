"""The register at boundaries where it was not read, between two readings of one run."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from collector.intervals.closed.course import Course, Node
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.history import History
from collector.intervals.closed.rules import Rule, Rules
from collector.model.energy import common_quantum

_Share = Callable[[int], Fraction]
"""What part of a bridge's energy has flowed until a moment."""


@dataclass(frozen=True, slots=True)
class Point:
    """The register at a boundary: as it was read, or by a rule between two readings."""

    run: int
    energy_wh: Fraction
    left: Node
    right: Node
    rule: Rule | None = None

    @property
    def distance_ms(self) -> int:
        """How far from its boundary it may have been read."""
        return self.left.snapshot.distance_ms if self.rule is None else 0

    @property
    def quanta_before_wh(self) -> tuple[Fraction, ...]:
        """Steps of the energy that flowed until then."""
        return (self.left.quantum_wh,) if self.rule is None else self._quanta_within_wh

    @property
    def quanta_after_wh(self) -> tuple[Fraction, ...]:
        return (self.left.next_quantum_wh,) if self.rule is None else self._quanta_within_wh

    @property
    def _quanta_within_wh(self) -> tuple[Fraction, ...]:
        return self.left.next_quantum_wh, self.right.quantum_wh

    @property
    def bridge_error_wh(self) -> Fraction:
        """The register was somewhere between the two readings."""
        low, high = self.left.energy_wh, self.right.energy_wh
        return max(self.energy_wh - low, high - self.energy_wh)


class Boundaries:
    """A register at any boundary, as far as readings of it and rules know."""

    def __init__(self, course: Course, grid: Grid, rules: Rules, history: History) -> None:
        self.course = course
        self.grid = grid
        self.rules = rules
        self.history = history
        self._bridges: dict[int, tuple[Rule, _Share] | None] = {}

    def at(self, at_ms: int) -> Point | None:
        node = self.course.known.get(at_ms)
        if node is not None:
            return Point(node.run, node.energy_wh, node, node)
        left, right = self.course.around(at_ms)
        if left is None or right is None or left.run != right.run:
            return None
        if left.read_ms not in self._bridges:
            self._bridges[left.read_ms] = self._bridge(left, right)
        bridge = self._bridges[left.read_ms]
        if bridge is None:
            return None
        rule, share = bridge
        quantum_wh = common_quantum((left.next_quantum_wh, right.quantum_wh))
        steps = (right.energy_wh - left.energy_wh) * share(at_ms) // quantum_wh
        return Point(left.run, left.energy_wh + steps * quantum_wh, left, right, rule)

    def _bridge(self, left: Node, right: Node) -> tuple[Rule, _Share] | None:
        gap_ms = right.read_ms - left.read_ms
        for rule in self.rules.of("bridge"):
            if not rule.holds(left.read_ms, gap_ms):
                continue
            share = _by_time(left, right) if rule.method == "linear" else None
            if rule.method == "days":
                share = self._by_days(left, right, rule)
            if share is not None:
                return rule, share
        return None

    def _by_days(self, left: Node, right: Node, rule: Rule) -> _Share | None:
        """None where the readings are of no boundary, or one of the quarters has no model."""
        start_ms, end_ms = left.snapshot.at_ms, right.snapshot.at_ms
        if not (self._is_boundary(left) and self._is_boundary(right)):
            return None
        flowed, total = {start_ms: Fraction(0)}, Fraction(0)
        for quarter_ms in self.grid.quarters(start_ms, end_ms):
            typical_wh = self.history.typical_wh(quarter_ms, rule)
            if typical_wh is None:
                return None
            total += typical_wh
            flowed[quarter_ms + self.grid.quarter_ms] = total
        return (lambda at_ms: flowed[at_ms] / total) if total else None

    def _is_boundary(self, node: Node) -> bool:
        return self.course.known.get(node.snapshot.at_ms) is node


def _by_time(left: Node, right: Node) -> _Share:
    gap_ms = right.read_ms - left.read_ms
    return lambda at_ms: Fraction(at_ms - left.read_ms, gap_ms)
