"""Which intervals are to be closed, or closed again: a durable list of moments.

A mark says that the register at its moment changed, or should have come by now. It is written in
the transaction of what changed, and taken away in that of the closing: none is lost, whoever is
killed.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, bindparam, delete, insert, select

from collector.model.energy import EXPORT, IMPORT
from collector.storage.tables import boundary_changed, check_cursor
from collector.storage.tables import interval_due as table

FRESH, SETTLED = 0, 1
"""When a mark is due that came with a register, and one after which nothing more is awaited."""
QUANTITIES = (IMPORT, EXPORT)
CLOSED = "closed"
"""The cursor that says until when delivery periods have been closed."""

Moment = tuple[str, str, int]
"""Meter, quantity, time."""

_SAME = (
    table.c.meter == bindparam("the_meter"),
    table.c.quantity == bindparam("the_quantity"),
    table.c.at_ms == bindparam("the_at_ms"),
)


def mark(connection: Connection, moments: Iterable[Moment], due_ms: int = FRESH) -> None:
    """Registers at these moments, or what is told of them, are other than they were."""
    changed = {moment for moment in moments if moment[1] in QUANTITIES}
    take_away(connection, changed)
    _insert(connection, dict.fromkeys(changed, due_ms))
    _note_closed(connection, changed)


def _note_closed(connection: Connection, changed: Iterable[Moment]) -> None:
    """What changed under delivery periods that are closed: the checks judge them again."""
    query = select(check_cursor.c.position).where(check_cursor.c.name == CLOSED)
    closed_ms = connection.scalar(query) or 0
    late = sorted({(meter, at_ms) for meter, _, at_ms in changed if at_ms <= closed_ms})
    if not late:
        return
    same = (
        boundary_changed.c.meter == bindparam("the_meter"),
        boundary_changed.c.at_ms == bindparam("the_at_ms"),
    )
    rows = [{"the_meter": meter, "the_at_ms": at_ms} for meter, at_ms in late]
    connection.execute(delete(boundary_changed).where(*same), rows)
    connection.execute(
        insert(boundary_changed), [{"meter": meter, "at_ms": at_ms} for meter, at_ms in late]
    )


def expect(connection: Connection, awaited: dict[Moment, int]) -> None:
    """Look at these moments when their time has come; a mark that is there already stays."""
    if not awaited:
        return
    meters = {meter for meter, _, _ in awaited}
    times = [at_ms for _, _, at_ms in awaited]
    known = select(table.c.meter, table.c.quantity, table.c.at_ms).where(
        table.c.meter.in_(meters), table.c.at_ms.between(min(times), max(times))
    )
    there = {tuple(row) for row in connection.execute(known)}
    _insert(connection, {moment: due for moment, due in awaited.items() if moment not in there})


def take_away(connection: Connection, moments: Collection[Moment]) -> None:
    if moments:
        names = ("the_meter", "the_quantity", "the_at_ms")
        rows = [dict(zip(names, moment, strict=True)) for moment in sorted(moments)]
        connection.execute(delete(table).where(*_SAME), rows)


def due_until(
    connection: Connection, known_ms: int, limit: int, within_ms: int
) -> dict[Moment, int]:
    """The oldest marks whose time has come, no farther apart than so; with when they were due."""
    query = (
        select(table.c.meter, table.c.quantity, table.c.at_ms, table.c.due_ms)
        .where(table.c.due_ms <= known_ms)
        .order_by(table.c.at_ms, table.c.meter, table.c.quantity)
        .limit(limit)
    )
    found = {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}
    first_ms = min((at_ms for _, _, at_ms in found), default=0)
    return {moment: due for moment, due in found.items() if moment[2] <= first_ms + within_ms}


def _insert(connection: Connection, due: dict[Moment, int]) -> None:
    rows = [
        {"meter": meter, "quantity": quantity, "at_ms": at_ms, "due_ms": due_ms}
        for (meter, quantity, at_ms), due_ms in sorted(due.items())
    ]
    if rows:
        connection.execute(insert(table), rows)
