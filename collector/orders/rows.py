"""Orders out of the rows of their tables."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, tuple_

from collector.evidence.downlink import Action
from collector.evidence.frame import CommandPhase
from collector.model.order import DropResult, Step
from collector.model.records import NoticeChannel, OrderReason
from collector.orders.order import Cut, Order, Part, Sent, StepRecord, Terms, Touched
from collector.storage.tables import order as order_table
from collector.storage.tables import order_command as command_table
from collector.storage.tables import order_part as part_table
from collector.storage.tables import order_step as step_table

_Name = tuple[bytes, int | None]


def orders_of(
    connection: Connection, which: ColumnElement[bool], parts_of: ColumnElement[bool] | None = None
) -> list[Order]:
    """Those of the table of orders, as they were drafted; `parts_of`: with only these parts."""
    rows = connection.execute(select(order_table).where(which)).all()
    if not rows:
        return []
    named = select(order_table.c.id).where(which)
    chosen: list[ColumnElement[bool]] = [part_table.c.order_id.in_(named)]
    if parts_of is not None:
        chosen.append(parts_of)
    steps, first = _steps(connection, named, chosen if parts_of is not None else None)
    commands = _commands(connection, named, chosen if parts_of is not None else None)
    parts: dict[bytes, list[Part]] = {}
    query = select(part_table).where(*chosen).order_by(part_table.c.order_id, part_table.c.part)
    for row in connection.execute(query):
        name = (row.order_id, row.part)
        part = Part(
            row.part,
            Cut(row.site, row.gateway, row.licensee, tuple(json.loads(row.stages)), row.cap_w),
            Step(row.step),
            None if row.result is None else DropResult(row.result),
            tuple(steps.get(name, ())),
            tuple(commands.get(name, ())),
        )
        parts.setdefault(row.order_id, []).append(part)
    return [
        Order(
            row.id,
            _terms(row, found),
            tuple(steps.get((row.id, None), ())),
            tuple(found),
            first[row.id],
        )
        for row in sorted(rows, key=lambda row: first.get(row.id, 0))
        if (found := parts.get(row.id))
    ]


def _steps(
    connection: Connection, named: Any, chosen: list[Any] | None
) -> tuple[dict[_Name, list[StepRecord]], dict[bytes, int]]:
    """By order and part, None for the whole order's; and the row of each order's first."""
    table = step_table
    query = select(table).where(table.c.order_id.in_(named)).order_by(table.c.id)
    if chosen is not None:
        query = query.where(or_(table.c.part.is_(None), _of(table, chosen)))
    found: dict[_Name, list[StepRecord]] = {}
    first: dict[bytes, int] = {}
    for row in connection.execute(query):
        record = StepRecord(
            Step(row.step), row.at_ms, row.recorded_ms, row.position, json.loads(row.body)
        )
        first.setdefault(row.order_id, row.id)
        found.setdefault((row.order_id, row.part), []).append(record)
    return found, first


def _commands(
    connection: Connection, named: Any, chosen: list[Any] | None
) -> dict[_Name, list[Sent]]:
    table = command_table
    query = select(table).where(table.c.order_id.in_(named)).order_by(table.c.id)
    if chosen is not None:
        query = query.where(_of(table, chosen))
    found: dict[_Name, list[Sent]] = {}
    for row in connection.execute(query):
        sent = Sent(
            row.counter,
            Action(row.action),
            tuple(json.loads(row.stages)),
            row.until_ms,
            row.hash,
            row.issued_ms,
            row.expires_ms,
            None if row.answer is None else CommandPhase(row.answer),
            row.answer_reason,
        )
        found.setdefault((row.order_id, row.part), []).append(sent)
    return found


def _of(table: Any, chosen: list[Any]) -> ColumnElement[bool]:
    parts = select(part_table.c.order_id, part_table.c.part).where(*chosen)
    return tuple_(table.c.order_id, table.c.part).in_(parts)


def _terms(row: Any, parts: Iterable[Part]) -> Terms:
    fields = json.loads(row.body)
    # what an older program kept has its one cut beside it
    for name in ("gateway", "licensee", "stages"):
        fields.pop(name, None)
    touched = tuple(
        Touched(each["site"], each["licensee"], tuple(each["tenants"]))
        for each in fields.pop("touched", ())
    )
    if "notice_channel" in fields:
        fields["notice_channel"] = NoticeChannel(fields["notice_channel"])
    fields["upstream"] = tuple(fields.get("upstream", ()))
    cuts = tuple(part.cut for part in parts)
    return Terms(reason=OrderReason(row.reason), cuts=cuts, touched=touched, **fields)
