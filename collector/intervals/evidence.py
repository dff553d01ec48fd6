"""What gateways saw happen to a meter between two snapshots: other identities, registers that
went back.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, tuple_

from collector.evidence.frame import Event, Frame
from collector.intervals import due
from collector.intervals.snapshots import Snapshot, moments_around
from collector.ledger import identities
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.identities import Identity, Place, Standing
from collector.ledger.ledger import Entry
from collector.ledger.readings import FlaggedReading, believable_ms, meter_of
from collector.model.continuity import RegisterReading, Step, Verdict
from collector.model.energy import IMPORT, Quantity
from collector.model.quantities import FIRST_TARIFF, SECOND_TARIFF
from collector.registry.configurations import Configurations, ConfiguredMeter
from collector.storage.tables import identity as identity_table
from collector.storage.tables import register_event as table
from collector.storage.tables import snapshot as snapshot_table

_STORED = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a register did not simply rise: both readings, or what was read of the meter.

    `positions` are the ledger entries that show it.
    """

    verdict: Verdict
    at_ms: int
    before: str
    after: str
    positions: tuple[int, ...]

    @property
    def is_break(self) -> bool:
        return self.verdict is not Verdict.ROLLOVER


@dataclass(frozen=True, slots=True)
class RegisterEvent:
    """A gateway's word that a register went back. None: no number, or no quantum of its own.

    `is_part`: of an energy that is the sum of two registers, it was one of them.
    """

    gateway: bytes
    place: Place
    at_ms: int
    position: int
    before: tuple[int | None, Fraction | None]
    after: tuple[int | None, Fraction | None]
    is_part: bool = False

    def readings(self, start: RegisterReading) -> list[RegisterReading] | None:
        """The register before and after, at the event's time.

        A sum fell by as much as its part, from what it was at the start at least.
        """
        whole, found = start.register, []
        for count, quantum in (self.before, self.after):
            if count is None:
                return None
            found.append(Quantity(count, whole.quantum if quantum is None else quantum))
        if self.is_part:
            left_wh = whole.value - (found[0].value - found[1].value)
            found = [whole, Quantity(round(left_wh / whole.quantum), whole.quantum)]
        return [RegisterReading(register, self.at_ms) for register in found]


class Placed(Protocol):
    """What has a place in a gateway's billing chain."""

    @property
    def gateway(self) -> bytes: ...
    @property
    def place(self) -> Place: ...
    @property
    def at_ms(self) -> int: ...


def keep_register_event(
    connection: Connection,
    configurations: Configurations,
    entry: Entry,
    frame: Frame,
    record: int,
    event: Event,
) -> None:
    slot, index = event.detail[0], event.detail[1]
    try:
        _, meter = meter_of(configurations, frame, slot)
        if index >= len(meter.profile.registers):
            raise FlaggedReading(Flag.UNDECODED, f"the meter of slot {slot} has no {index}")
        seen = [_seen(meter, index, event.detail[number]) for number in (2, 3)]
    except FlaggedReading as error:
        keep_flag(connection, entry.position, error.flag, str(error))
        return
    row = {
        "position": entry.position,
        "record": record,
        "gateway": frame.gateway,
        "epoch": frame.epoch,
        "seq": frame.seq,
        "meter": meter.serial,
        "quantity": _part_name(meter, index),
        "at_ms": believable_ms(entry, frame, event.at_ms),
        "before": seen[0][0],
        "before_quantum": seen[0][1],
        "after": seen[1][0],
        "after_quantum": seen[1][1],
    }
    connection.execute(insert(table).values(row))
    place = (frame.epoch, frame.seq, record)
    due.mark(connection, moments_around(connection, frame.gateway, slot, meter.serial, place))


def register_events(
    connection: Connection, meter: str, start: Snapshot, end: Snapshot, quantity: str = IMPORT
) -> list[RegisterEvent]:
    parts = (quantity + FIRST_TARIFF, quantity + SECOND_TARIFF)
    query = select(table).where(
        table.c.meter == meter,
        table.c.quantity.in_((quantity, *parts)),
        _within(table, start, end),
    )
    return [
        RegisterEvent(
            row.gateway,
            (row.epoch, row.seq, row.record),
            row.at_ms,
            row.position,
            (row.before, _fraction(row.before_quantum)),
            (row.after, _fraction(row.after_quantum)),
            row.quantity in parts,
        )
        for row in connection.execute(query.order_by(table.c.at_ms, table.c.position))
    ]


def strangers(connection: Connection, meter: str, start: Snapshot, end: Snapshot) -> list[Identity]:
    """Identities that do not fit the meter."""
    return identities.foreign(connection, meter, _within(identity_table, start, end))


def strangers_since(
    connection: Connection, meter: str, last: Snapshot, until_ms: int | None
) -> list[Identity]:
    """Identities that do not fit the meter, after its last reading, while it hung there."""
    rows = identity_table.c
    is_later: ColumnElement[bool] = rows.at_ms > last.read_ms
    if last.place:
        by_place = tuple_(*identities.PLACE) > tuple_(*last.place)
        is_its = rows.gateway == last.gateway
        is_later = or_(and_(is_its, by_place), and_(~is_its, is_later))
    if until_ms is not None:
        is_later = and_(is_later, rows.at_ms < until_ms)
    return identities.foreign(connection, meter, is_later)


def is_between(thing: Placed, before: Snapshot, after: Snapshot) -> bool:
    """By place in one gateway's chain; by time where the snapshots have no such places."""
    if before.place and after.place and before.gateway == after.gateway:
        return thing.gateway == before.gateway and before.place < thing.place < after.place
    known = {entry.gateway for entry in (before, after) if entry.gateway}
    is_theirs = not known or thing.gateway in known
    return is_theirs and before.read_ms < thing.at_ms <= after.read_ms


def estranged(
    before: RegisterReading, after: RegisterReading, other: Identity
) -> tuple[RegisterReading, RegisterReading]:
    """The readings with what was read between them of another meter, or another ratio."""
    if other.is_serial is False:
        return replace(before, serial=other.meter), replace(after, serial=other.read["serial"])
    configured, read = _ratios(other)
    return replace(before, ratio=configured), replace(after, ratio=read)


def turn(
    step: Step,
    before: Snapshot,
    after: Snapshot,
    other: Identity | None,
    events: Sequence[RegisterEvent],
) -> Turn:
    """A step that is more than a rise, with everything that shows it."""
    positions = {before.position, after.position}
    if other is not None:
        return foreign_turn(other, positions)
    if step.verdict is Verdict.RATIO_CHANGED:
        one, last = str(step.before.ratio), str(step.after.ratio)
        return Turn(step.verdict, after.at_ms, one, last, tuple(sorted(positions)))
    at_ms = after.at_ms
    if step.verdict in (Verdict.RESET, Verdict.ROLLOVER) and events:
        positions |= {event.position for event in events}
        at_ms = events[0].at_ms
    one, last = str(step.before.register.value), str(step.after.register.value)
    return Turn(step.verdict, at_ms, one, last, tuple(sorted(positions)))


def why_not_standing(
    connection: Connection, meter: str, boundaries: Sequence[int]
) -> Iterator[Turn]:
    """For snapshots that are there but are not the meter's: what was read of the other."""
    rows = snapshot_table
    query = select(rows).where(
        rows.c.meter == meter,
        rows.c.quantity == IMPORT,
        rows.c.at_ms.in_(boundaries),
        rows.c.standing.is_not(None),
    )
    seen = set()
    by = identities.PLACE
    for row in connection.execute(query.order_by(rows.c.at_ms, rows.c.position)):
        before = and_(
            identity_table.c.gateway == row.gateway,
            identity_table.c.slot == row.slot,
            tuple_(*by) < tuple_(row.epoch, row.seq, row.record),
        )
        is_other = row.standing == Standing.OTHER_METER
        found = [
            each
            for each in identities.foreign(connection, meter, before)
            if (each.is_serial is False) == is_other
        ]
        other = max(found, key=lambda each: each.place, default=None)
        if other is not None and other.position not in seen:
            seen.add(other.position)
            yield foreign_turn(other, {row.position})


def foreign_turn(other: Identity, positions: Collection[int] = ()) -> Turn:
    """What was read of another meter, or another ratio."""
    shown = tuple(sorted({*positions, other.position}))
    if other.is_serial is False:
        return Turn(Verdict.SWAP, other.at_ms, other.meter, other.read["serial"], shown)
    configured, read = _ratios(other)
    return Turn(Verdict.RATIO_CHANGED, other.at_ms, str(configured), str(read), shown)


def _ratios(other: Identity) -> tuple[Fraction, Fraction]:
    """Current times voltage ratio: as configured, and as read."""
    configured, read = Fraction(1), Fraction(1)
    for kind in ("ct", "vt"):
        expected = other.read[f"configured_{kind}"]
        configured *= Fraction(expected)
        read *= Fraction(other.read.get(kind, expected))
    return configured, read


def _part_name(meter: ConfiguredMeter, index: int) -> str:
    names = [register.name for register in meter.profile.registers]
    is_first = names[index] + SECOND_TARIFF in names
    return names[index] + FIRST_TARIFF * is_first


def _seen(meter: ConfiguredMeter, index: int, raw: bytes) -> tuple[int | None, str | None]:
    register = meter.profile.registers[index]
    if len(raw) != register.layout.size:
        raise FlaggedReading(Flag.UNDECODED, f"{len(raw)} bytes are no {register.name}")
    quantity = register.decode(raw, meter.ct, meter.vt)
    if quantity is None or quantity.count not in _STORED:
        return None, None
    return quantity.count, None if register.exponent else str(quantity.quantum)


def _within(rows: Any, start: Snapshot, end: Snapshot) -> ColumnElement[bool]:
    """More than enough: what is between two snapshots is judged one by one."""
    by_time = rows.c.at_ms.between(start.read_ms, end.read_ms)
    if not (start.place and end.place and start.gateway == end.gateway):
        return and_(by_time)
    place = tuple_(rows.c.epoch, rows.c.seq, rows.c.record)
    by_place = and_(
        rows.c.gateway == start.gateway,
        place > tuple_(*start.place),
        place < tuple_(*end.place),
    )
    return or_(by_time, by_place)


def _fraction(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
