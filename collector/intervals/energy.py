"""Energy of a meter between two moments, from its snapshots."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from sqlalchemy import Connection

from collector.intervals import evidence, ratios
from collector.intervals.evidence import RegisterEvent, Turn
from collector.intervals.ratios import NO_RATIOS, Ratios, Scaled
from collector.intervals.snapshots import (
    Snapshot,
    first_snapshot,
    last_snapshot,
    next_snapshot,
    snapshot_at,
    snapshots_between,
)
from collector.ledger.identities import Identity
from collector.model.continuity import (
    Limits,
    RegisterReading,
    Step,
    Verdict,
    judge,
    judge_all,
    total,
)
from collector.model.energy import IMPORT, common_quantum

__all__ = [
    "MeteredEnergy",
    "Metering",
    "Passage",
    "Snapshot",
    "Turn",
    "boundary_error_wh",
    "energy_between",
    "energy_since",
    "energy_until",
    "first_snapshot",
    "last_snapshot",
    "meter_between",
    "passages",
    "snapshot_at",
]

IN_TIME_MS = 2_000
"""Nearer to its boundary a snapshot stands for it; over 2 s is flagged. A gateway's clock may be
as far behind before it is set (docs/wire-format.md)."""


@dataclass(frozen=True, slots=True)
class MeteredEnergy:
    """What two snapshots and those between them measure: exact, but for when they were read
    and for the step of the register.

    `rolled_wh` is what rollovers, and ratios that were wrong, add to the difference; `factor` is
    the largest by which a part of it was multiplied for its ratio. `error_wh` is for boundaries
    that were read over 2 s late or early, and keeps from deciding; `boundary_error_wh` is for all.
    """

    start: Snapshot
    end: Snapshot
    error_wh: Fraction = Fraction(0)
    boundary_error_wh: Fraction = Fraction(0)
    rolled_wh: Fraction = Fraction(0)
    factor: Fraction = Fraction(1)

    @property
    def energy_wh(self) -> Fraction:
        return self.end.energy_wh - self.start.energy_wh + self.rolled_wh

    @property
    def quantum_wh(self) -> Fraction:
        """A register shows whole steps: the energy is within one of them, either way."""
        return max(self.start.quantum_wh, self.end.quantum_wh) * self.factor


@dataclass(frozen=True, slots=True)
class Metering:
    """Energy, or why there is none. `is_read`: the snapshots of both boundaries stand."""

    energy: MeteredEnergy | None = None
    turns: tuple[Turn, ...] = ()
    is_read: bool = False

    @property
    def breaks(self) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns if turn.is_break)


@dataclass(frozen=True, slots=True)
class Passage:
    """From one snapshot to the next: a step, or more where a gateway saw the register turn.

    The steps are as the register was decoded; `scaled` has their energies by the true ratio.
    """

    before: Snapshot
    after: Snapshot
    steps: list[Step]
    turns: list[Turn]
    events: list[RegisterEvent]
    ratios: Ratios

    def parted(self) -> list[Step]:
        """The steps; a reset parted into those to and from what the gateway saw of it."""
        if [step.verdict for step in self.steps] != [Verdict.RESET]:
            return self.steps
        [step] = self.steps
        limits = _limits(self.before, self.after)
        return _through_events(step.before, step.after, limits, self.events) or self.steps

    def scaled(self, step: Step) -> Scaled | None:
        """None where nothing was measured."""
        if step.energy is None:
            return None
        quantum_wh = step.after.register.quantum
        if not self.ratios:
            return Scaled(step.energy, quantum_wh, Fraction(1), Fraction(0))
        span = step.before.read_ms, step.after.read_ms
        return self.ratios.scale(span, step.energy, quantum_wh, self.after.ratio)


def energy_between(
    connection: Connection, meter: str, start_ms: int, end_ms: int
) -> MeteredEnergy | None:
    """Imported energy between two boundaries; None when it was not measured."""
    return meter_between(connection, meter, start_ms, end_ms).energy


def meter_between(
    connection: Connection, meter: str, start_ms: int, end_ms: int, quantity: str = IMPORT
) -> Metering:
    """Imported energy between two boundaries, over every snapshot from one to the other.

    None while either is missing, and when the register did not go on as one meter's does.
    """
    found = snapshots_between(connection, meter, start_ms, end_ms, quantity)
    boundaries = {entry.at_ms: entry for entry in found}
    start, end = boundaries.get(start_ms), boundaries.get(end_ms)
    if start is None or end is None:
        others = evidence.why_not_standing(connection, meter, (start_ms, end_ms))
        return Metering(None, tuple(others))
    between = [entry for entry in found if start.read_ms < entry.read_ms < end.read_ms]
    turns, scaled = _follow(connection, meter, [start, *between, end], quantity)
    if scaled is None:
        return Metering(None, tuple(turns), is_read=True)
    late = [entry for entry in (start, end) if entry.distance_ms > IN_TIME_MS]
    errors = {entry.at_ms: _error_wh(connection, meter, entry, quantity) for entry in (start, end)}
    factor = scaled.factor
    energy = MeteredEnergy(
        start,
        end,
        error_wh=sum((errors[entry.at_ms] for entry in late), Fraction(0)) * factor
        + scaled.error_wh,
        boundary_error_wh=sum(errors.values(), Fraction(0)) * factor + scaled.error_wh,
        rolled_wh=scaled.energy_wh - (end.energy_wh - start.energy_wh),
        factor=factor,
    )
    return Metering(energy, tuple(turns), is_read=True)


def energy_until(
    connection: Connection, meter: str, start_ms: int, at_ms: int, import_wh: Fraction
) -> Fraction | None:
    """Imported energy from a boundary to a register read at a moment; None when it is not known."""
    found = snapshots_between(connection, meter, start_ms, max(start_ms, at_ms))
    stops = _stops_until(found, start_ms, at_ms, import_wh)
    if not stops:
        return None
    scaled = _follow(connection, meter, stops)[1]
    return None if scaled is None else scaled.energy_wh


def energy_since(
    found: Sequence[Snapshot], start_ms: int, at_ms: int, import_wh: Fraction
) -> Fraction | None:
    """The same by the snapshots alone, of a meter whose snapshots say all."""
    stops = _stops_until(found, start_ms, at_ms, import_wh)
    if not stops:
        return None
    return total([step for passage in passages(stops, (), ()) for step in passage.steps])


def _stops_until(
    found: Sequence[Snapshot], start_ms: int, at_ms: int, import_wh: Fraction
) -> list[Snapshot]:
    """From the snapshot of a boundary to the register at a moment; empty where it is missing."""
    start = next((entry for entry in found if entry.at_ms == start_ms), None)
    if start is None:
        return []
    if at_ms <= max(start_ms, start.read_ms):
        return [start]
    stops = [start, *(entry for entry in found if start.read_ms < entry.read_ms < at_ms)]
    stops.append(replace(stops[-1], at_ms=at_ms, offset_ms=0, energy_wh=import_wh, place=None))
    return stops


def boundary_error_wh(snapshot: Snapshot, neighbours: Iterable[Snapshot]) -> Fraction:
    """Energy that may stand on the wrong side of a boundary that was not read in time."""
    if snapshot.distance_ms <= IN_TIME_MS:
        return Fraction(0)
    return offset_error_wh(snapshot, neighbours)


def offset_error_wh(
    snapshot: Snapshot,
    neighbours: Iterable[Snapshot],
    judged: Mapping[tuple[int, int], Step] | None = None,
) -> Fraction:
    """The mean power from the first to the last of the snapshots, over the distance.

    By clocks that were wrong, less time may have passed between them than they show. `judged`: the
    steps that are known already, by the boundaries from which and to which they lead.
    """
    distance_ms = snapshot.distance_ms
    if not distance_ms:
        return Fraction(0)
    known = sorted((snapshot, *neighbours), key=lambda entry: entry.at_ms)
    steps = (
        (judged or {}).get((one.at_ms, other.at_ms)) or _step(one, other)
        for one, other in pairwise(known)
    )
    moved_wh = sum(map(_moved_wh, steps), Fraction(0))
    first, last = known[0], known[-1]
    wrong_ms = abs(first.clock_error_ms) + abs(last.clock_error_ms)
    elapsed_ms = max(last.read_ms - first.read_ms - wrong_ms, distance_ms)
    return moved_wh * distance_ms / elapsed_ms if elapsed_ms else Fraction(0)


def _step(before: Snapshot, after: Snapshot) -> Step:
    return judge(before.reading, after.reading, _limits(before, after))


def _moved_wh(step: Step) -> Fraction:
    if step.energy is not None:
        return step.energy
    return abs(step.after.register.value - step.before.register.value)


def _error_wh(connection: Connection, meter: str, snapshot: Snapshot, quantity: str) -> Fraction:
    around = (
        last_snapshot(connection, meter, snapshot.at_ms - 1, quantity),
        next_snapshot(connection, meter, snapshot.at_ms, quantity),
    )
    return offset_error_wh(snapshot, [entry for entry in around if entry is not None])


def _follow(
    connection: Connection, meter: str, stops: Sequence[Snapshot], quantity: str = IMPORT
) -> tuple[list[Turn], Scaled | None]:
    """What turned on the way through the snapshots, and the energy of all of it."""
    strangers = evidence.strangers(connection, meter, stops[0], stops[-1])
    events = evidence.register_events(connection, meter, stops[0], stops[-1], quantity)
    true = ratios.of_meter(connection, meter)
    followed = list(passages(stops, strangers, events, true))
    turns = [turn for passage in followed for turn in passage.turns]
    if total([step for passage in followed for step in passage.steps]) is None:
        return turns, None
    scaled = [passage.scaled(step) for passage in followed for step in passage.steps]
    return turns, _sum([step for step in scaled if step is not None])


def _sum(known: Sequence[Scaled]) -> Scaled:
    """Of nothing: a register that was read once."""
    if not known:
        return Scaled(Fraction(0), Fraction(0), Fraction(1), Fraction(0))
    return Scaled(
        sum((step.energy_wh for step in known), Fraction(0)),
        common_quantum(step.quantum_wh for step in known),
        max(step.factor for step in known),
        sum((step.error_wh for step in known), Fraction(0)),
    )


def passages(
    stops: Sequence[Snapshot],
    strangers: Sequence[Identity],
    events: Sequence[RegisterEvent],
    true: Ratios = NO_RATIOS,
) -> Iterator[Passage]:
    """From each snapshot to the next, by what gateways saw between the first and the last."""
    for before, after in pairwise(stops):
        other = next((each for each in strangers if evidence.is_between(each, before, after)), None)
        seen = [each for each in events if evidence.is_between(each, before, after)]
        steps = _steps(before, after, other, seen)
        turns = [
            evidence.turn(step, before, after, other, seen)
            for step in steps
            if step.verdict is not Verdict.MEASURED
        ]
        yield Passage(before, after, steps, turns, seen, true)


def _limits(before: Snapshot, after: Snapshot) -> Limits:
    """More time may have passed than clocks show that were wrong."""
    error_ms = abs(before.clock_error_ms) + abs(after.clock_error_ms)
    if not error_ms:
        return after.limits
    return replace(after.limits, delay_ms=after.limits.delay_ms + error_ms)


def _steps(
    before: Snapshot, after: Snapshot, other: Identity | None, events: Sequence[RegisterEvent]
) -> list[Step]:
    """From one snapshot to the next, through what the gateway saw of its register in between.

    A register that went back and rose again beyond where it was shows itself in nothing else.
    """
    one, last = before.reading, after.reading
    if other is not None:
        one, last = evidence.estranged(one, last, other)
    limits = _limits(before, after)
    step = judge(one, last, limits)
    if step.verdict is not Verdict.MEASURED:
        return [step]
    return _through_events(one, last, limits, events) or [step]


def _through_events(
    one: RegisterReading, last: RegisterReading, limits: Limits, events: Sequence[RegisterEvent]
) -> list[Step]:
    """By the first event that fits the register before it; empty where none does."""
    for event in events:
        seen = event.readings(one)
        if seen is not None and judge(one, seen[0], limits).verdict is Verdict.MEASURED:
            return judge_all([one, *seen, last], limits)
    return []
