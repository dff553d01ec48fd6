"""Orders, their parts, steps and commands, kept; nothing of them is changed or taken away."""

import json
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, insert, or_, select, true, update

from collector.evidence.downlink import Action
from collector.evidence.frame import CommandPhase
from collector.model.order import LIFE, OVER, DropResult, Step, check_step
from collector.model.records import NoticeChannel, OrderReason
from collector.orders.order import Cut, Order, Part, Sent, StepRecord, Terms, Touched
from collector.storage.tables import order as order_table
from collector.storage.tables import order_command as command_table
from collector.storage.tables import order_part as part_table
from collector.storage.tables import order_step as step_table

log = structlog.get_logger()

_AT_ONCE = 500
_RESTING = OVER - {Step.FAILED}
"""Of these no stage may stand open."""


def draft(
    connection: Connection, terms: Terms, now_ms: int, details: Mapping[str, Any] | None = None
) -> Order:
    identity = secrets.token_bytes(16)
    body = asdict(terms)
    del body["reason"]
    connection.execute(
        insert(order_table).values(
            id=identity,
            site=", ".join(terms.sites),
            reason=terms.reason,
            step=Step.DRAFTED,
            body=json.dumps(body, ensure_ascii=False),
        )
    )
    parts = tuple(Part(n, cut, Step.DRAFTED, None) for n, cut in enumerate(terms.cuts, 1))
    rows = [
        {
            "order_id": identity,
            "part": part.number,
            "site": part.cut.site,
            "gateway": part.cut.gateway,
            "licensee": part.cut.licensee,
            "stages": json.dumps(part.cut.stages),
            "step": part.step,
        }
        for part in parts
    ]
    connection.execute(insert(part_table), rows)
    order = Order(identity, terms, (), parts)
    said = {"by": terms.drafted_by, "why": terms.why} | dict(details or {})
    return _kept(connection, order, None, StepRecord(Step.DRAFTED, now_ms, now_ms, None, said))


def take_step(
    connection: Connection,
    order: Order,
    record: StepRecord,
    number: int | None = None,
    result: DropResult | None = None,
) -> Order:
    """Move a part on, or the whole order, and return it so.

    Raises StepError when the table does not allow it. A step that is not the whole order's, without
    a number, is that of every part that may take it; of none is an error.
    """
    step = record.step
    moved = order.parts if number is None else (order.part(number),)
    if number is None and not LIFE[step].is_whole and len(moved) > 1:
        moved = tuple(part for part in moved if not part.is_over) or moved
    if step is Step.WRONGFUL:
        check_step(order.step, step)
    else:
        for part in moved:
            check_step(part.step, step)
        numbers = {part.number for part in moved}
        _update_parts(connection, order, numbers, step, result)
        parts = tuple(
            replace(part, step=step, result=result or part.result)
            if part.number in numbers
            else part
            for part in order.parts
        )
        order = replace(order, parts=parts)
    if LIFE[step].is_whole:
        return _kept(connection, order, None, record)
    for part in moved:
        order = _kept(connection, order, part.number, record)
    return order


def _update_parts(
    connection: Connection,
    order: Order,
    numbers: Collection[int],
    step: Step,
    result: DropResult | None,
) -> None:
    values: dict[str, Any] = {"step": step}
    if result is not None:
        values["result"] = result
    same = [part_table.c.order_id == order.id]
    if len(numbers) < len(order.parts):
        same.append(part_table.c.part.in_(numbers))
    connection.execute(update(part_table).where(*same).values(values))


def _kept(connection: Connection, order: Order, number: int | None, record: StepRecord) -> Order:
    """The step is kept, and what the whole order is by it."""
    row = connection.scalar(
        insert(step_table)
        .values(
            order_id=order.id,
            part=number,
            step=record.step,
            at_ms=record.at_ms,
            recorded_ms=record.recorded_ms,
            position=record.position,
            body=json.dumps(dict(record.details), ensure_ascii=False),
        )
        .returning(step_table.c.id)
    )
    if number is None:
        order = replace(order, own=(*order.own, record), row=order.row or int(row or 0))
    else:
        parts = tuple(
            replace(part, history=(*part.history, record)) if part.number == number else part
            for part in order.parts
        )
        order = replace(order, parts=parts)
    values = {"step": order.step, "result": order.result}
    connection.execute(update(order_table).where(order_table.c.id == order.id).values(values))
    cuts = order.terms.cuts if number is None else (order.part(number).cut,)
    log.info(
        "order.step",
        order=order.id.hex(),
        part=number,
        site=", ".join(dict.fromkeys(cut.site for cut in cuts)),
        reason=order.terms.reason,
        stages=sorted({stage for cut in cuts for stage in cut.stages}),
        step=record.step,
        at_ms=record.at_ms,
        details=dict(record.details),
    )
    return order


def keep_command(connection: Connection, order: Order, number: int, sent: Sent) -> Order:
    """Note what was sent for a part."""
    connection.execute(
        insert(command_table).values(
            order_id=order.id,
            part=number,
            gateway=order.part(number).cut.gateway,
            counter=sent.counter,
            action=sent.action,
            stages=json.dumps(sent.stages),
            until_ms=sent.until_ms,
            hash=sent.digest,
            issued_ms=sent.issued_ms,
            expires_ms=sent.expires_ms,
        )
    )
    parts = tuple(
        replace(part, commands=(*part.commands, sent)) if part.number == number else part
        for part in order.parts
    )
    return replace(order, parts=parts)


def keep_answer(
    connection: Connection,
    order: Order,
    part: Part,
    counter: int,
    answer: CommandPhase,
    reason: str | None,
) -> None:
    """Note what a gateway said last of a command."""
    table = command_table
    same = (
        table.c.order_id == order.id,
        table.c.part == part.number,
        table.c.counter == counter,
    )
    connection.execute(update(table).where(*same).values(answer=answer, answer_reason=reason))


def movers(connection: Connection, gateway: str) -> dict[int, tuple[bytes, Action]]:
    """By stage: the order whose command was the last to be sent for it, and what it said."""
    table = command_table
    query = (
        select(table.c.order_id, table.c.action, table.c.stages)
        .where(table.c.gateway == gateway)
        .order_by(table.c.id.desc())
        .limit(_AT_ONCE)
    )
    found: dict[int, tuple[bytes, Action]] = {}
    for identity, action, stages in connection.execute(query):
        for stage in json.loads(stages):
            found.setdefault(stage, (identity, Action(action)))
    return found


def load_all(connection: Connection) -> list[Order]:
    """Every order with its steps, in the order they were drafted."""
    return _load(connection, true())


def load_recent(connection: Connection, since_ms: int) -> list[Order]:
    """The orders that are not over, or had a step since then."""
    moved = select(step_table.c.order_id).where(step_table.c.recorded_ms >= since_ms)
    return _load(connection, or_(order_table.c.step.not_in(OVER), order_table.c.id.in_(moved)))


def load(connection: Connection, identity: bytes) -> Order | None:
    return next(iter(_load(connection, order_table.c.id == identity)), None)


def load_prefix(connection: Connection, prefix: str) -> list[Order]:
    """Those whose id begins so, in hexadecimal."""
    identities = connection.scalars(select(order_table.c.id))
    return [
        order
        for identity in identities
        if identity.hex().startswith(prefix.lower())
        if (order := load(connection, identity)) is not None
    ]


def load_at(connection: Connection, gateways: Collection[str]) -> list[Order]:
    """The orders that may hold a stage of one of these gateways, now or later."""
    found: dict[bytes, Order] = {}
    names = list(gateways)
    for start in range(0, len(names), _AT_ONCE):
        here = select(part_table.c.order_id).where(
            part_table.c.gateway.in_(names[start : start + _AT_ONCE]),
            part_table.c.step.not_in(_RESTING),
        )
        for order in _load(connection, order_table.c.id.in_(here)):
            found[order.id] = order
    return list(found.values())


def _load(connection: Connection, which: ColumnElement[bool]) -> list[Order]:
    rows = connection.execute(select(order_table).where(which)).all()
    named = select(order_table.c.id).where(which)
    first: dict[bytes, int] = {}
    own: dict[bytes, list[StepRecord]] = {}
    steps: dict[tuple[bytes, int], list[StepRecord]] = {}
    query = select(step_table).where(step_table.c.order_id.in_(named)).order_by(step_table.c.id)
    for row in connection.execute(query):
        record = StepRecord(
            Step(row.step), row.at_ms, row.recorded_ms, row.position, json.loads(row.body)
        )
        first.setdefault(row.order_id, row.id)
        if row.part is None:
            own.setdefault(row.order_id, []).append(record)
        else:
            steps.setdefault((row.order_id, row.part), []).append(record)
    commands: dict[tuple[bytes, int], list[Sent]] = {}
    query = select(command_table).where(command_table.c.order_id.in_(named))
    for row in connection.execute(query.order_by(command_table.c.id)):
        commands.setdefault((row.order_id, row.part), []).append(_sent(row))
    parts: dict[bytes, list[Part]] = {}
    query = select(part_table).where(part_table.c.order_id.in_(named))
    for row in connection.execute(query.order_by(part_table.c.part)):
        name = (row.order_id, row.part)
        part = Part(
            row.part,
            Cut(row.site, row.gateway, row.licensee, tuple(json.loads(row.stages))),
            Step(row.step),
            None if row.result is None else DropResult(row.result),
            tuple(steps.get(name, ())),
            tuple(commands.get(name, ())),
        )
        parts.setdefault(row.order_id, []).append(part)
    return [
        Order(row.id, _terms(row, found), tuple(own.get(row.id, ())), tuple(found), first[row.id])
        for row in sorted(rows, key=lambda row: first.get(row.id, 0))
        if (found := parts.get(row.id))
    ]


def _sent(row: Any) -> Sent:
    return Sent(
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


def _terms(row: Any, parts: Iterable[Part]) -> Terms:
    fields = json.loads(row.body)
    # what an older program kept has its one cut beside it
    for name in ("cuts", "site", "gateway", "licensee", "stages"):
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
