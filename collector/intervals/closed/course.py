"""The course of a register: what it counted from one reading to the next, and where it broke off.

Energy is told from the beginning of a run, across which the register went on as one meter's does.
Whatever is between two readings of a run is their difference, however it is parted.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.intervals.closed.grid import Grid
from collector.intervals.closed.rules import Cause
from collector.intervals.energy import Snapshot, passages
from collector.intervals.evidence import RegisterEvent
from collector.ledger.identities import Identity


@dataclass(frozen=True, slots=True)
class Node:
    """The register as it was read. `snapshot` is what shows it, or what is next to it."""

    read_ms: int
    run: int
    energy_wh: Fraction
    quantum_wh: Fraction
    snapshot: Snapshot
    begins: Cause | None = None
    """Why the run before it ended."""

    @property
    def position(self) -> int:
        return self.snapshot.position

    @property
    def greatest_w(self) -> Fraction | None:
        return self.snapshot.limits.greatest_w


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
    ) -> None:
        self.known: dict[int, Node] = {}
        self.nodes: list[Node] = []
        for stop, node in _nodes(stops, strangers, events):
            self.nodes.append(node)
            if stop is not None and stands_for_boundary(stop, grid):
                self.known[stop.at_ms] = node
        self._reads = [node.read_ms for node in self.nodes]

    def around(self, at_ms: int) -> tuple[Node | None, Node | None]:
        """The last reading at or before a moment, and the first after it."""
        number = bisect_right(self._reads, at_ms)
        left = self.nodes[number - 1] if number else None
        right = self.nodes[number] if number < len(self.nodes) else None
        return left, right

    def within(self, start_ms: int, end_ms: int) -> list[Node]:
        """Read after a moment and before another."""
        first = bisect_right(self._reads, start_ms)
        found = self.nodes[first : bisect_right(self._reads, end_ms)]
        return [node for node in found if node.read_ms < end_ms]

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
    stops: Sequence[Snapshot], strangers: Sequence[Identity], events: Sequence[RegisterEvent]
) -> Iterator[tuple[Snapshot | None, Node]]:
    if not stops:
        return
    first = stops[0]
    yield first, Node(first.read_ms, 0, Fraction(0), first.quantum_wh, first)
    run, energy_wh = 0, Fraction(0)
    for passage in passages(stops, strangers, events):
        before, after = passage.before, passage.after
        steps = passage.parted()
        for step in steps[:-1]:  # what the gateway saw between the two
            run, energy_wh, begins = _go_on(run, energy_wh, step.energy, step.verdict)
            read_ms = min(max(step.after.read_ms, before.read_ms), after.read_ms)
            quantum_wh = step.after.register.quantum
            yield None, Node(read_ms, run, energy_wh, quantum_wh, before, begins)
        step = steps[-1]
        run, energy_wh, begins = _go_on(run, energy_wh, step.energy, step.verdict)
        yield after, Node(after.read_ms, run, energy_wh, after.quantum_wh, after, begins)


def _go_on(
    run: int, energy_wh: Fraction, rise_wh: Fraction | None, verdict: str
) -> tuple[int, Fraction, Cause | None]:
    if rise_wh is None:
        return run + 1, Fraction(0), Cause(verdict)
    return run, energy_wh + rise_wh, None
