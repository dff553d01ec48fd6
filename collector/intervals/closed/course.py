"""The course of a register: what it counted from one reading to the next, and where it broke off.

Energy is told from the beginning of a run, across which the register went on as one meter's does.
Whatever is between two readings of a run is their difference, however it is parted.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.intervals.closed.grid import Grid
from collector.intervals.closed.rules import Cause
from collector.intervals.energy import Snapshot, passages
from collector.intervals.evidence import RegisterEvent
from collector.intervals.ratios import NO_RATIOS, Ratios, Scaled
from collector.ledger.identities import Identity, Standing


@dataclass(frozen=True, slots=True)
class Node:
    """The register as it was read. `snapshot` is what shows it, or what is next to it.

    `quantum_wh`: the step of the energy before it, `next_quantum_wh` of that after it.
    `factor`: its ratio in truth over the configured one, with which energies are told.
    `parted_wh`: what the energy since the node before it may be wrong by, where ratios changed.
    """

    read_ms: int
    run: int
    energy_wh: Fraction
    quantum_wh: Fraction
    next_quantum_wh: Fraction
    snapshot: Snapshot
    begins: Cause | None = None
    """Why the run before it ended."""
    factor: Fraction = Fraction(1)
    parted_wh: Fraction = Fraction(0)

    @property
    def position(self) -> int:
        return self.snapshot.position

    @property
    def quanta_wh(self) -> tuple[Fraction, Fraction]:
        return self.quantum_wh, self.next_quantum_wh

    @property
    def greatest_w(self) -> Fraction | None:
        greatest_w = self.snapshot.limits.greatest_w
        return None if greatest_w is None else greatest_w * self.factor


_CAUSES = {Standing.OTHER_METER: Cause.SWAP, Standing.OTHER_RATIO: Cause.RATIO_CHANGED}


class Course:
    """A register over a number of readings, in the order in which they were read.

    A reading stands for its boundary when it was taken nearer to it than to the next ones.
    """

    def __init__(
        self,
        stops: Sequence[Snapshot],
        grid: Grid,
        strangers: Sequence[Identity] = (),
        events: Sequence[RegisterEvent] = (),
        true: Ratios = NO_RATIOS,
        since: Sequence[Identity] = (),
    ) -> None:
        """`since`: who answered in the meter's place after the last reading."""
        self.known: dict[int, Node] = {}
        self.nodes: list[Node] = []
        self.since_last = frozenset(_CAUSES[each.standing] for each in since if each.standing)
        """Why the last run is known to have ended, where nothing was read after it."""
        for stop, node in _nodes(stops, strangers, events, true):
            self.nodes.append(node)
            if stop is not None and stands_for_boundary(stop, grid):
                self.known[stop.at_ms] = node
        self._reads = [node.read_ms for node in self.nodes]
        self._boundaries = sorted(self.known)

    def around(self, at_ms: int) -> tuple[Node | None, Node | None]:
        """The last reading at or before a moment, and the first after it."""
        number = bisect_right(self._reads, at_ms)
        left = self.nodes[number - 1] if number else None
        right = self.nodes[number] if number < len(self.nodes) else None
        return left, right

    def is_told_of(self, moments: Sequence[int], quarter_ms: int, end_ms: int) -> bool:
        """Whether any of these moments is in the gap in which a quarter ends, or at its edges.

        `moments` ascend.
        """
        left = bisect_right(self._boundaries, end_ms - quarter_ms)
        right = bisect_left(self._boundaries, end_ms)
        first = bisect_left(moments, self._boundaries[left - 1]) if left else 0
        if first == len(moments):
            return False
        return right == len(self._boundaries) or moments[first] <= self._boundaries[right]

    def within(self, start_ms: int, end_ms: int) -> list[Node]:
        """Read after a moment and before another."""
        first = bisect_right(self._reads, start_ms)
        found = self.nodes[first : bisect_right(self._reads, end_ms)]
        return [node for node in found if node.read_ms < end_ms]

    def parted_wh(self, start_ms: int, end_ms: int) -> Fraction:
        """What energies of a span may be wrong by, since a ratio changed between two readings."""
        first = bisect_right(self._reads, start_ms)
        until = bisect_left(self._reads, end_ms) + 1
        return sum((node.parted_wh for node in self.nodes[first:until]), Fraction(0))

    def causes(self, first: Node, last: Node) -> set[Cause]:
        """Why the runs from one reading to another ended; none where both are of one run."""
        return {
            node.begins
            for node in self.nodes
            if node.begins is not None and first.run < node.run <= last.run
        }


def stands_for_boundary(stop: Snapshot, grid: Grid) -> bool:
    return grid.is_boundary(stop.at_ms) and 2 * abs(stop.offset_ms) < grid.quarter_ms


def _nodes(
    stops: Sequence[Snapshot],
    strangers: Sequence[Identity],
    events: Sequence[RegisterEvent],
    true: Ratios,
) -> Iterator[tuple[Snapshot | None, Node]]:
    if not stops:
        return
    first = stops[0]
    factor = true.factor_at(first.read_ms, first.ratio)
    quantum_wh = first.quantum_wh * factor
    yield first, Node(first.read_ms, 0, Fraction(0), quantum_wh, quantum_wh, first, None, factor)
    run, energy_wh = 0, Fraction(0)
    for passage in passages(stops, strangers, events, true):
        before, after = passage.before, passage.after
        steps = passage.parted()
        for step in steps[:-1]:  # what the gateway saw between the two
            scaled = passage.scaled(step)
            run, energy_wh, begins = _go_on(run, energy_wh, scaled, step.verdict)
            read_ms = min(max(step.after.read_ms, before.read_ms), after.read_ms)
            quantum_wh = step.after.register.quantum
            yield None, _node(read_ms, run, energy_wh, quantum_wh, before, begins, scaled, true)
        step = steps[-1]
        scaled = passage.scaled(step)
        run, energy_wh, begins = _go_on(run, energy_wh, scaled, step.verdict)
        quantum_wh = after.quantum_wh
        yield after, _node(after.read_ms, run, energy_wh, quantum_wh, after, begins, scaled, true)


def _node(
    read_ms: int,
    run: int,
    energy_wh: Fraction,
    quantum_wh: Fraction,
    snapshot: Snapshot,
    begins: Cause | None,
    scaled: Scaled | None,
    true: Ratios,
) -> Node:
    factor = true.factor_at(read_ms, snapshot.ratio)
    next_wh = quantum_wh * factor
    if scaled is None:
        return Node(read_ms, run, energy_wh, next_wh, next_wh, snapshot, begins, factor)
    factor = max(factor, scaled.factor)
    quanta = (scaled.quantum_wh, next_wh)
    return Node(read_ms, run, energy_wh, *quanta, snapshot, begins, factor, scaled.error_wh)


def _go_on(
    run: int, energy_wh: Fraction, rise: Scaled | None, verdict: str
) -> tuple[int, Fraction, Cause | None]:
    if rise is None:
        return run + 1, Fraction(0), Cause(verdict)
    return run, energy_wh + rise.energy_wh, None
