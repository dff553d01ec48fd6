"""Which closed periods the register or late data bear on: these are judged again.

Every change of the register since the last look, and every boundary that was told of after the
periods next to it were closed, marks the periods it may bear on. Marks are rows: none is lost.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from collector.checks.allocation import Holder
from collector.checks.prescribed import holder_of
from collector.intervals.due import CLOSED
from collector.model.records import (
    KINDS,
    Allocation,
    LossFactor,
    Meter,
    Record,
    Site,
    Tolerance,
)
from collector.registry.view import View
from collector.storage.tables import (
    boundary_changed,
    check_cursor,
    entitlement,
    period_due,
    period_result,
    registry_version,
)

_REGISTER, _ENTITLEMENTS = "register", "entitlements"
_BEARING = (LossFactor.kind, Meter.kind, Tolerance.kind)
_FOR_EVER = 2**62
Due = tuple[Holder, int]
"""Whose period is to be judged again, and when it began."""
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Touched:
    """Periods of some holders that overlap a time, until just before its end; None: of all."""

    start_ms: int
    end_ms: int
    licensee: str | None = None
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new since the last look, and how far it goes; None: no farther than then."""

    touched: tuple[Touched, ...]
    told: frozenset[tuple[str, str]]
    """Licensee and auction zone of whoever the boundaries are."""
    boundaries: tuple[tuple[str, int], ...]
    entitlements_after: int
    register: int | None
    entitlements: int | None

    def __bool__(self) -> bool:
        return bool(self.boundaries) or (self.register, self.entitlements) != (None, None)


def look(connection: Connection, view: View) -> Changes:
    """From a connection that only reads. Before the first look nothing counts as new."""
    register = connection.scalar(select(func.max(registry_version.c.id))) or 0
    sold = connection.scalar(select(func.max(entitlement.c.id))) or 0
    seen = cursor(connection, _REGISTER)
    seen_sold = cursor(connection, _ENTITLEMENTS)
    touched = [] if seen is None or seen >= register else [*_by_register(connection, view, seen)]
    query = select(boundary_changed.c.meter, boundary_changed.c.at_ms)
    changed = [(row[0], row[1]) for row in connection.execute(query.limit(_AT_ONCE))]
    late = [*_by_data(view, changed)]
    return Changes(
        tuple(dict.fromkeys([*touched, *late])),
        frozenset((each.licensee or "", zone) for each in late for zone in each.zones),
        tuple(changed),
        sold if seen_sold is None else seen_sold,
        register if register != seen else None,
        sold if sold != seen_sold else None,
    )


def note(connection: Connection, changes: Changes, period_ms: int) -> None:
    """Mark the periods, in a transaction that writes."""
    for touched in changes.touched:
        _mark(connection, _overlapping(touched, period_ms))
    for meter, at_ms in changes.boundaries:
        same = and_(boundary_changed.c.meter == meter, boundary_changed.c.at_ms == at_ms)
        connection.execute(delete(boundary_changed).where(same))
    if changes.entitlements is not None:
        _mark(connection, _sold_since(changes.entitlements_after))
        set_cursor(connection, _ENTITLEMENTS, changes.entitlements)
    if changes.register is not None:
        set_cursor(connection, _REGISTER, changes.register)


def due(connection: Connection, holders: Iterable[Holder]) -> list[Due]:
    """Marked periods, the oldest first, at most so many."""
    known = {(holder.licensee, holder.zone): holder for holder in holders}
    query = select(period_due).order_by(period_due.c.start_ms).limit(_AT_ONCE)
    return [
        (
            known.get((row.licensee, row.zone), Holder(row.licensee, row.zone, ())),
            row.start_ms,
        )
        for row in connection.execute(query)
    ]


def take_away(connection: Connection, judged: Collection[Due]) -> None:
    for holder, start_ms in judged:
        connection.execute(
            delete(period_due).filter_by(
                licensee=holder.licensee, zone=holder.zone, start_ms=start_ms
            )
        )


def closed_until(connection: Connection, end_ms: int) -> None:
    """Say that periods have been closed until then."""
    if (cursor(connection, CLOSED) or 0) < end_ms:
        set_cursor(connection, CLOSED, end_ms)


def cursor(connection: Connection, name: str) -> int | None:
    query = select(check_cursor.c.position).where(check_cursor.c.name == name)
    position: int | None = connection.scalar(query)
    return position


def set_cursor(connection: Connection, name: str, position: int) -> None:
    same = check_cursor.c.name == name
    if not connection.execute(update(check_cursor).where(same).values(position=position)).rowcount:
        connection.execute(insert(check_cursor).values(name=name, position=position))


def changed_spans(old: Record | None, new: Record) -> list[tuple[int, int]]:
    """The times in which a record says otherwise than its version before."""
    before, after = None if old is None else _span(old), _span(new)
    if old is None or before is None or after is None or _rest(old) != _rest(new):
        return [span for span in (before, after) if span is not None]
    ends = ((before[0], after[0]), (before[1], after[1]))
    return [(min(pair), max(pair)) for pair in ends if pair[0] != pair[1]]


def _span(record: Any) -> tuple[int, int] | None:
    if getattr(record, "withdrawn", False):
        return None
    until_ms = record.valid_until
    return record.valid_from, _FOR_EVER if until_ms is None else until_ms


def _rest(record: Record) -> dict[str, Any]:
    return record.model_dump(exclude={"valid_from", "valid_until", "withdrawn"})


def _by_register(connection: Connection, view: View, seen: int) -> Iterator[Touched]:
    table = registry_version
    query = select(table.c.id, table.c.kind, table.c.key, table.c.body)
    query = query.where(table.c.id > seen, table.c.kind.in_(_BEARING)).order_by(table.c.id)
    for identity, kind, key, body in connection.execute(query).all():
        new = KINDS[kind].model_validate_json(body)
        older = select(table.c.body).where(
            table.c.kind == kind, table.c.key == key, table.c.id < identity
        )
        last = connection.scalar(older.order_by(table.c.id.desc()).limit(1))
        old = None if last is None else KINDS[kind].model_validate_json(last)
        for start_ms, end_ms in changed_spans(old, new):
            for record in {new} if old is None else {old, new}:
                yield from _of_record(view, record, start_ms, end_ms)


def _of_record(view: View, record: Record, start_ms: int, end_ms: int) -> Iterator[Touched]:
    if isinstance(record, Tolerance):
        zones = () if record.zone is None else (record.zone,)
        yield Touched(start_ms, end_ms, zones=zones)
    elif isinstance(record, Meter | LossFactor):
        serial = record.serial if isinstance(record, Meter) else record.meter
        yield from _of_meter(view, serial, start_ms, end_ms)


def _by_data(view: View, changed: Iterable[tuple[str, int]]) -> Iterator[Touched]:
    """A boundary is the end of the one period and the start of the next."""
    for meter, at_ms in changed:
        yield from _of_meter(view, meter, at_ms - 1, at_ms + 1)


def _of_meter(view: View, serial: str, start_ms: int, end_ms: int) -> Iterator[Touched]:
    meter = view.all(Meter).get(serial)
    if meter is None or isinstance(meter.point, int):
        return
    site = view.all(Site).get(meter.site)
    if site is not None:
        holder = holder_of(view, site)
        zones = tuple(sorted({holder.zone, site.zone}))
        yield Touched(start_ms, end_ms, holder.licensee, zones)


def _overlapping(touched: Touched, period_ms: int) -> Select[Any]:
    table = period_result
    query = select(table.c.licensee, table.c.zone, table.c.start_ms).where(
        table.c.start_ms > touched.start_ms - period_ms, table.c.start_ms < touched.end_ms
    )
    if touched.licensee is not None:
        query = query.where(table.c.licensee == touched.licensee)
    return query.where(table.c.zone.in_(touched.zones)) if touched.zones else query


def _sold_since(seen: int) -> Select[Any]:
    sold, table = entitlement, period_result
    is_sold: ColumnElement[bool] = exists().where(
        sold.c.id > seen,
        sold.c.kind == Allocation.kind,
        sold.c.subject == table.c.licensee,
        sold.c.zone == table.c.zone,
        sold.c.start_ms == table.c.start_ms,
    )
    since = select(func.min(sold.c.start_ms)).where(sold.c.id > seen).scalar_subquery()
    until = select(func.max(sold.c.start_ms)).where(sold.c.id > seen).scalar_subquery()
    return select(table.c.licensee, table.c.zone, table.c.start_ms).where(
        table.c.start_ms >= since, table.c.start_ms <= until, is_sold
    )


def _mark(connection: Connection, found: Select[Any]) -> None:
    rows = found.distinct().subquery()
    is_new = ~exists().where(
        period_due.c.licensee == rows.c.licensee,
        period_due.c.zone == rows.c.zone,
        period_due.c.start_ms == rows.c.start_ms,
    )
    columns = ["licensee", "zone", "start_ms"]
    connection.execute(insert(period_due).from_select(columns, select(rows).where(is_new)))
