"""Register snapshots as they are kept: those that stand, and whose the others are."""

from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    update,
)

from collector.intervals import due
from collector.intervals.due import Moment
from collector.ledger import identities
from collector.ledger.identities import Identity, Place
from collector.model.continuity import DELAY_MS, Limits, RegisterReading
from collector.model.energy import IMPORT, Quantity
from collector.storage.tables import snapshot as table


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A register as it stood at `at_ms` + `offset_ms`; `position` is its ledger entry.

    `clock_error_ms`: by how much the clock that says so was behind, at most.
    """

    at_ms: int
    energy_wh: Fraction
    quantum_wh: Fraction
    position: int
    offset_ms: int = 0
    gateway: bytes | None = None
    place: Place | None = None
    limits: Limits = field(default_factory=Limits)
    ratio: Fraction | None = None
    clock_error_ms: int = 0

    @property
    def distance_ms(self) -> int:
        """How far from its boundary it may have been read."""
        return abs(self.offset_ms) + abs(self.clock_error_ms)

    @property
    def read_ms(self) -> int:
        return self.at_ms + self.offset_ms

    @property
    def reading(self) -> RegisterReading:
        count = self.energy_wh / self.quantum_wh
        parts = count.denominator
        step_wh = self.quantum_wh if parts == 1 else self.quantum_wh / parts
        return RegisterReading(Quantity(count.numerator, step_wh), self.read_ms, ratio=self.ratio)


def snapshot_at(
    connection: Connection, meter: str, at_ms: int, quantity: str = IMPORT
) -> Snapshot | None:
    return _one(connection, _AT, meter, quantity, at_ms)


def first_snapshot(connection: Connection, meter: str, quantity: str = IMPORT) -> Snapshot | None:
    return _one(connection, _FIRST, meter, quantity)


def last_snapshot(
    connection: Connection, meter: str, before_ms: int | None = None, quantity: str = IMPORT
) -> Snapshot | None:
    """The newest snapshot, or the newest at or before a moment."""
    if before_ms is None:
        return _one(connection, _LAST, meter, quantity)
    return _one(connection, _LAST_BY, meter, quantity, before_ms)


def next_snapshot(
    connection: Connection, meter: str, after_ms: int, quantity: str = IMPORT
) -> Snapshot | None:
    return _one(connection, _NEXT, meter, quantity, after_ms)


def snapshots_between(
    connection: Connection, meter: str, start_ms: int, end_ms: int, quantity: str = IMPORT
) -> list[Snapshot]:
    """For boundaries from the first moment to the second, in the order in which they were read."""
    query = _standing(meter, quantity).where(table.c.at_ms.between(start_ms, end_ms))
    found: dict[int, Snapshot] = {}
    for row in connection.execute(query.order_by(table.c.at_ms, table.c.position)):
        found.setdefault(row.at_ms, _snapshot(row))
    return _by_reading(found)


def snapshots_of_many(
    connection: Connection,
    meters: Collection[str],
    start_ms: int,
    end_ms: int,
    quantities: Collection[str] = due.QUANTITIES,
) -> dict[tuple[str, str], list[Snapshot]]:
    """The same of several meters, by meter and quantity."""
    query = select(table).where(
        table.c.meter.in_(meters),
        table.c.quantity.in_(quantities),
        table.c.at_ms.between(start_ms, end_ms),
        is_standing(),
    )
    found: dict[tuple[str, str], dict[int, Snapshot]] = {}
    for row in connection.execute(query.order_by(table.c.at_ms, table.c.position)):
        of_register = found.setdefault((row.meter, row.quantity), {})
        if row.at_ms not in of_register:
            of_register[row.at_ms] = _snapshot(row)
    return {register: _by_reading(known) for register, known in found.items()}


def is_any_after(connection: Connection, meters: Collection[str], after_ms: int) -> bool:
    """Whether one of them, of whatever quantity, has a snapshot for a later boundary."""
    query = select(table.c.at_ms).where(
        table.c.meter.in_(meters),
        table.c.quantity.in_(due.QUANTITIES),
        table.c.at_ms > after_ms,
        is_standing(),
    )
    return connection.execute(query.limit(1)).first() is not None


def last_of_many(
    connection: Connection, meters: Collection[str], near_ms: int, quantity: str = IMPORT
) -> dict[str, Snapshot]:
    """The newest snapshot of each: of those that have one since `near_ms` by one question."""
    query = select(table).where(
        table.c.meter.in_(meters),
        table.c.quantity == quantity,
        table.c.at_ms >= near_ms,
        is_standing(),
    )
    rows: dict[str, Any] = {}
    for row in connection.execute(query.order_by(table.c.at_ms.desc(), table.c.position)):
        rows.setdefault(row.meter, row)
    found = {meter: _snapshot(row) for meter, row in rows.items()}
    for meter in meters:
        if meter not in found:
            last = last_snapshot(connection, meter, quantity=quantity)
            found |= {} if last is None else {meter: last}
    return found


def boundary_next_to(
    connection: Connection, register: tuple[str, str], at_ms: int, quarter_ms: int, direction: int
) -> int | None:
    """The boundary before a moment (-1) or after it (1) for which a snapshot stands that was read
    nearer to it than to another one.
    """
    is_near = 2 * func.abs(table.c.offset_ms) < quarter_ms
    query = _standing(*register).where(table.c.at_ms % quarter_ms == 0, is_near)
    if direction < 0:
        query = query.where(table.c.at_ms < at_ms).order_by(table.c.at_ms.desc())
    else:
        query = query.where(table.c.at_ms > at_ms).order_by(table.c.at_ms)
    row = connection.execute(query.limit(1)).first()
    return None if row is None else row.at_ms


def not_standing(connection: Connection, meter: str, quantity: str = IMPORT) -> dict[str, int]:
    """How many snapshots are not the meter's, by why."""
    query = (
        select(table.c.standing, func.count())
        .where(table.c.meter == meter, table.c.quantity == quantity, table.c.standing.is_not(None))
        .group_by(table.c.standing)
    )
    return dict(connection.execute(query).all())


def judge_again(connection: Connection, identity: Identity) -> None:
    """Say of the snapshots after an identity whose they are."""
    by = (table.c.epoch, table.c.seq, table.c.record)
    for span in identities.spans_by_place(connection, identity):
        within = [
            table.c.gateway == identity.gateway,
            table.c.slot == identity.slot,
            table.c.meter == identity.meter,
            tuple_(*by) > tuple_(*span.start),
        ]
        if span.end is not None:
            within.append(tuple_(*by) < tuple_(*span.end))
        within.append(table.c.standing.is_distinct_from(span.standing))
        due.mark(connection, moments(connection, *within))
        connection.execute(update(table).where(*within).values(standing=span.standing))
    # what was seen between two snapshots bears on the energy between them
    around = (identity.gateway, identity.slot, identity.meter, identity.place)
    due.mark(connection, moments_around(connection, *around))


def moments(connection: Connection, *where: ColumnElement[bool]) -> set[Moment]:
    """Of some snapshots: whose, of what, and of when."""
    query = select(table.c.meter, table.c.quantity, table.c.at_ms).where(*where).distinct()
    return {(row[0], row[1], row[2]) for row in connection.execute(query)}


def moments_around(
    connection: Connection, gateway: bytes, slot: int, meter: str, place: Place
) -> set[Moment]:
    """Of the snapshots next to a place in a gateway's chain, before it and after it."""
    by = (table.c.epoch, table.c.seq, table.c.record)
    found: set[Moment] = set()
    for is_there, order in (
        (tuple_(*by) < tuple_(*place), [each.desc() for each in by]),
        (tuple_(*by) > tuple_(*place), list(by)),
    ):
        whose = (table.c.gateway == gateway, table.c.slot == slot, table.c.meter == meter)
        for quantity in due.QUANTITIES:
            query = select(table.c.at_ms).where(*whose, table.c.quantity == quantity, is_there)
            at_ms = connection.scalar(query.order_by(*order).limit(1))
            if at_ms is not None:
                found.add((meter, quantity, at_ms))
    return found


def is_standing(rows: Any = table) -> ColumnElement[bool]:
    """Rows of the configured meter and of the boundary they name, as far as is known."""
    error_ms = func.coalesce(rows.c.clock_error_ms, 0)
    is_dated = or_(rows.c.interval_ms.is_(None), func.abs(error_ms) < rows.c.interval_ms)
    return and_(rows.c.standing.is_(None), is_dated)


def _standing(meter: Any, quantity: Any) -> Select[Any]:
    return select(table).where(table.c.meter == meter, table.c.quantity == quantity, is_standing())


def _by_reading(found: dict[int, Snapshot]) -> list[Snapshot]:
    return sorted(found.values(), key=lambda entry: (entry.read_ms, entry.place or (0, 0, 0)))


# asked for one meter after another, they are made once; of one boundary the first received counts
_OF_METER = _standing(bindparam("the_meter"), bindparam("the_quantity")).limit(1)
_THEN: ColumnElement[int] = bindparam("the_at_ms")
_OLDEST, _NEWEST = (table.c.at_ms, table.c.position), (table.c.at_ms.desc(), table.c.position)
_AT = _OF_METER.where(table.c.at_ms == _THEN).order_by(table.c.position)
_FIRST = _OF_METER.order_by(*_OLDEST)
_LAST = _OF_METER.order_by(*_NEWEST)
_LAST_BY = _LAST.where(table.c.at_ms <= _THEN)
_NEXT = _FIRST.where(table.c.at_ms > _THEN)


def _one(
    connection: Connection, query: Select[Any], meter: str, quantity: str, at_ms: int = 0
) -> Snapshot | None:
    named = {"the_meter": meter, "the_quantity": quantity, "the_at_ms": at_ms}
    row = connection.execute(query, named).first()
    return None if row is None else _snapshot(row)


_exact = lru_cache(maxsize=4096)(Fraction)
"""Few meters differ in their steps, ratios and wirings."""


@lru_cache(maxsize=4096)
def _limits(modulus: str | None, greatest_w: str | None, delay_ms: int | None) -> Limits:
    return Limits(
        None if modulus is None else int(modulus),
        None if greatest_w is None else _exact(greatest_w),
        DELAY_MS if delay_ms is None else delay_ms,
    )


def _snapshot(row: Any) -> Snapshot:
    quantum_wh = _exact(row.quantum)
    return Snapshot(
        at_ms=row.at_ms,
        energy_wh=row.count * quantum_wh,
        quantum_wh=quantum_wh,
        position=row.position,
        offset_ms=row.offset_ms,
        gateway=row.gateway,
        place=None if row.record is None else (row.epoch, row.seq, row.record),
        limits=_limits(row.modulus, row.greatest_w, row.delay_ms),
        ratio=None if row.ratio is None else _exact(row.ratio),
        clock_error_ms=row.clock_error_ms or 0,
    )
