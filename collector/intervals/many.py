"""Energy of many meters over one period, with few questions to the database.

Of a meter of which no gateway ever saw anything but that it was read, its snapshots say all: they
are read for many meters at once. Of the others `meter_while_it_hung` is asked, one by one; the
rules are the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from sqlalchemy import Connection, select

from collector.intervals import ratios
from collector.intervals.energy import (
    IN_TIME_MS,
    MeteredEnergy,
    Metering,
    Turn,
    meter_between,
    offset_error_wh,
    passages,
)
from collector.intervals.exchange import meter_while_it_hung
from collector.intervals.snapshots import (
    Snapshot,
    is_any_after,
    last_snapshot,
    next_snapshot,
    snapshots_of_many,
)
from collector.ledger import identities
from collector.model.continuity import Step, total
from collector.model.energy import IMPORT
from collector.storage.tables import register_event

_AT_ONCE = 500
"""Meters in one question."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Register:
    """A meter's register, and when the meter hung in its place."""

    meter: str
    valid_from: int = 0
    valid_until: int | None = None
    quantity: str = IMPORT

    @property
    def place(self) -> tuple[str, str]:
        return self.meter, self.quantity

    def hung_throughout(self, start_ms: int, end_ms: int) -> bool:
        return self.valid_from <= start_ms and (
            self.valid_until is None or self.valid_until >= end_ms
        )


@dataclass(frozen=True, slots=True)
class Quarter:
    """A part of a period between two boundaries at which the register was read.

    Its `boundary_error_wh` is not told: of quarters nobody asks for it.
    """

    start_ms: int
    end_ms: int
    energy: MeteredEnergy


@dataclass(frozen=True, slots=True)
class Metered:
    """A period's energy, and that of its quarters as far as they were read."""

    whole: Metering
    quarters: tuple[Quarter, ...] = ()


def in_parts(things: Iterable[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    everything = list(things)
    for first in range(0, len(everything), size):
        yield everything[first : first + size]


def meter_many(
    connection: Connection,
    registers: Iterable[Register],
    start_ms: int,
    end_ms: int,
    interval_ms: int,
) -> dict[Register, Metered]:
    """Energy of each register between two boundaries, and of each interval between them."""
    found: dict[Register, Metered] = {}
    around_ms = (start_ms - 2 * interval_ms, end_ms + 2 * interval_ms)
    for part in in_parts(registers):
        meters = {register.meter for register in part}
        eventful = seen_otherwise(connection, meters)
        quantities = {register.quantity for register in part}
        known = snapshots_of_many(connection, meters, *around_ms, quantities)
        ended = {
            register.meter
            for register in part
            if not any(each.at_ms > end_ms for each in known.get(register.place, ()))
        }
        goes_on = bool(ended) and is_any_after(connection, ended, around_ms[1])
        for register in part:
            plain = None
            if register.meter not in eventful and register.hung_throughout(start_ms, end_ms):
                snapshots = known.get(register.place, ())
                course = _Course.of(connection, register, snapshots, start_ms, end_ms, goes_on)
                plain = None if course is None else course.metered(interval_ms)
            found[register] = plain or _asked(connection, register, start_ms, end_ms, interval_ms)
    return found


def seen_otherwise(connection: Connection, meters: Iterable[str]) -> set[str]:
    """Those whose register was seen to go back, for which another instrument ever answered, or
    whose ratio was wrong.
    """
    named = list(meters)
    turned = select(register_event.c.meter).where(register_event.c.meter.in_(named)).distinct()
    others = identities.ever_foreign(connection, named) | ratios.of_meters(connection, named).keys()
    return set(connection.scalars(turned)) | others


@dataclass(frozen=True, slots=True)
class _Course:
    """A register's way through a period, by its snapshots alone."""

    connection: Connection
    register: Register
    around: Sequence[Snapshot]
    stops: Sequence[Snapshot]
    turns: tuple[Turn, ...]
    sums: Mapping[int, Fraction] | None
    """Energy from the start to each stop; None: the register did not go on as one meter's does."""
    judged: Mapping[tuple[int, int], Step]
    """The step from each stop to the next, by their boundaries."""
    goes_on: bool
    """Whether there may be a snapshot after the last of those around."""

    @classmethod
    def of(
        cls,
        connection: Connection,
        register: Register,
        snapshots: Sequence[Snapshot],
        start_ms: int,
        end_ms: int,
        goes_on: bool,
    ) -> "_Course | None":
        by_time = {entry.at_ms: entry for entry in snapshots}
        start, end = by_time.get(start_ms), by_time.get(end_ms)
        if start is None or end is None:
            return None
        between = [
            entry
            for entry in snapshots
            if start_ms < entry.at_ms < end_ms and start.read_ms < entry.read_ms < end.read_ms
        ]
        stops = [start, *between, end]
        followed = list(passages(stops, (), ()))
        turns = tuple(turn for passage in followed for turn in passage.turns)
        so_far: Fraction | None = Fraction(0)
        sums = {start_ms: Fraction(0)}
        for passage in followed:
            energy_wh = total(passage.steps)
            so_far = None if so_far is None or energy_wh is None else so_far + energy_wh
            if so_far is not None:
                sums[passage.after.at_ms] = so_far
        around = [by_time[at_ms] for at_ms in sorted(by_time)]
        whole = None if so_far is None else sums
        judged = {(each.before.at_ms, each.after.at_ms): each.steps[0] for each in followed}
        return cls(connection, register, around, stops, turns, whole, judged, goes_on)

    def metered(self, interval_ms: int) -> Metered:
        if self.sums is None:
            return Metered(Metering(None, self.turns, is_read=True))
        start, end = self.stops[0], self.stops[-1]
        errors_wh = (self._error_wh(start), self._error_wh(end))
        whole = self._between(start, end, self.sums)
        energy = replace(whole, boundary_error_wh=sum(errors_wh, Fraction(0)))
        marks = [entry for entry in self.stops if entry.at_ms % interval_ms == 0]
        quarters = tuple(
            Quarter(one.at_ms, other.at_ms, self._between(one, other, self.sums))
            for one, other in pairwise(marks)
            if other.at_ms - one.at_ms == interval_ms
        )
        return Metered(Metering(energy, self.turns, is_read=True), quarters)

    def _between(
        self, start: Snapshot, end: Snapshot, sums: Mapping[int, Fraction]
    ) -> MeteredEnergy:
        late = [self._error_wh(each) for each in (start, end) if each.distance_ms > IN_TIME_MS]
        measured_wh = sums[end.at_ms] - sums[start.at_ms]
        return MeteredEnergy(
            start,
            end,
            sum(late, Fraction(0)),
            Fraction(0),
            measured_wh - (end.energy_wh - start.energy_wh),
        )

    def _error_wh(self, snapshot: Snapshot) -> Fraction:
        if not snapshot.distance_ms:
            return Fraction(0)
        place = next(n for n, each in enumerate(self.around) if each.at_ms == snapshot.at_ms)
        whose = (self.connection, self.register.meter)
        quantity = self.register.quantity
        before = self.around[place - 1] if place else None
        if before is None:
            before = last_snapshot(*whose, snapshot.at_ms - 1, quantity)
        after = self.around[place + 1] if place + 1 < len(self.around) else None
        if after is None and self.goes_on:
            after = next_snapshot(*whose, snapshot.at_ms, quantity)
        neighbours = [each for each in (before, after) if each is not None]
        return offset_error_wh(snapshot, neighbours, self.judged)


def _asked(
    connection: Connection, register: Register, start_ms: int, end_ms: int, interval_ms: int
) -> Metered:
    meter, quantity = register.meter, register.quantity
    hung = (register.valid_from, register.valid_until)
    whole = meter_while_it_hung(connection, meter, hung, start_ms, end_ms, quantity)
    quarters = []
    for first_ms in range(start_ms, end_ms if whole.is_read else start_ms, interval_ms):
        until_ms = first_ms + interval_ms
        if register.hung_throughout(first_ms, until_ms):
            found = meter_between(connection, meter, first_ms, until_ms, quantity).energy
            if found is not None:
                quarters.append(Quarter(first_ms, until_ms, found))
    return Metered(whole, tuple(quarters))
