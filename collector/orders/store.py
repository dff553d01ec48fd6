"""Orders, their parts, steps and commands, kept: what was taken is never changed or taken away."""

import json
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, true, update

from collector.evidence.downlink import Action
from collector.evidence.frame import CommandPhase
from collector.model.order import LIFE, OVER, DropResult, Step, check_step, leading, worst
from collector.model.records import OrderReason
from collector.orders.order import Cut, Order, Part, Sent, StepRecord, Terms, is_hold
from collector.orders.rows import orders_of
from collector.storage.tables import order as order_table
from collector.storage.tables import order_command as command_table
from collector.storage.tables import order_part as part_table
from collector.storage.tables import order_step as step_table

log = structlog.get_logger()

_AT_ONCE = 500


def draft(
    connection: Connection, terms: Terms, now_ms: int, details: Mapping[str, Any] | None = None
) -> Order:
    identity = secrets.token_bytes(16)
    body = asdict(terms)
    del body["reason"], body["cuts"]
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
            "cap_w": part.cut.cap_w,
            "step": part.step,
        }
        for part in parts
    ]
    connection.execute(insert(part_table), rows)
    order = Order(identity, terms, (), parts)
    said = {"by": terms.drafted_by, "why": terms.why} | dict(details or {})
    record = StepRecord(Step.DRAFTED, now_ms, now_ms, None, said)
    order = _kept(connection, order, None, [record])
    first = select(func.min(step_table.c.id)).where(step_table.c.order_id == identity)
    return replace(order, row=connection.scalar(first) or 0)


def take_step(
    connection: Connection,
    order: Order,
    record: StepRecord,
    number: int | None = None,
    result: DropResult | None = None,
) -> Order:
    """Move a part on, or the whole order, and return it so.

    Raises StepError when the table does not allow it. A step that is not the whole order's, without
    a number, is that of every part that is not over.
    """
    step, row = record.step, LIFE[record.step]
    if step is Step.WRONGFUL:
        check_step(order.step, step)
    elif row.is_whole:
        for part in order.parts:
            check_step(part.step, step)
        _update_parts(connection, order, None, step, result)
        parts = tuple(replace(part, step=step) for part in order.parts)
        order = replace(order, parts=parts)
    if row.is_whole:
        return _kept(connection, order, None, [record])
    if number is not None:
        return take_steps(connection, order, [record], number, result)
    for part in [part for part in order.parts if not part.is_over] or order.parts:
        order = take_steps(connection, order, [record], part.number, result)
    return order


def take_steps(
    connection: Connection,
    order: Order,
    records: Sequence[StepRecord],
    number: int,
    result: DropResult | None = None,
) -> Order:
    """Move a part on by one step after the other; none is nothing. Raises StepError."""
    if not records:
        return order
    part = order.part(number)
    current = part.step
    for record in records:
        check_step(current, record.step)
        current = record.step
    _update_parts(connection, order, {number}, current, result)
    moved = replace(
        part, step=current, result=result or part.result, history=(*part.history, *records)
    )
    parts = tuple(moved if each.number == number else each for each in order.parts)
    return _kept(connection, replace(order, parts=parts), number, records)


def _update_parts(
    connection: Connection,
    order: Order,
    numbers: Collection[int] | None,
    step: Step,
    result: DropResult | None,
) -> None:
    """`numbers` None: every part, also those that are not in memory."""
    values: dict[str, Any] = {"step": step}
    if result is not None:
        values["result"] = result
    same = [part_table.c.order_id == order.id]
    if numbers is not None:
        same.append(part_table.c.part.in_(numbers))
    connection.execute(update(part_table).where(*same).values(values))


def _kept(
    connection: Connection, order: Order, number: int | None, records: Sequence[StepRecord]
) -> Order:
    """The steps are kept, and what the whole order is by them."""
    rows = [step_row(order, number, record) for record in records]
    connection.execute(insert(step_table), rows)
    if number is None:
        order = replace(order, own=(*order.own, *records))
    connection.execute(
        update(order_table).where(order_table.c.id == order.id).values(summary(connection, order))
    )
    cuts = order.terms.cuts if number is None else (order.part(number).cut,)
    for record in records:
        log_step(order, cuts, number, record)
    return order


def log_step(order: Order, cuts: Sequence[Cut], number: int | None, record: StepRecord) -> None:
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


def summary(connection: Connection, order: Order) -> dict[str, Any]:
    """What the whole order is by its parts, of which not all may be in memory."""
    query = select(part_table.c.step, part_table.c.result).where(part_table.c.order_id == order.id)
    rows = connection.execute(query.distinct()).all()
    steps = [Step(row.step) for row in rows]
    is_wrongful = order.own[-1].step is Step.WRONGFUL
    return {
        "step": Step.WRONGFUL if is_wrongful else steps[leading(steps)],
        "result": worst(None if row.result is None else DropResult(row.result) for row in rows),
    }


def take_together(
    connection: Connection,
    order: Order,
    step: Step,
    taken: Mapping[int, tuple[StepRecord, Sent | None]],
) -> Order:
    """Many parts move on at once: by number the step's record, and the command sent with it."""
    parts = {part.number: part for part in order.parts}
    for number in taken:
        check_step(parts[number].step, step)
    sent = {number: command for number, (_, command) in taken.items() if command is not None}
    if sent:
        commands = [_command_row(order, number, command) for number, command in sent.items()]
        connection.execute(insert(command_table), commands)
    rows = [step_row(order, number, record) for number, (record, _) in taken.items()]
    connection.execute(insert(step_table), rows)
    numbers = list(taken)
    for start in range(0, len(numbers), _AT_ONCE):
        _update_parts(connection, order, numbers[start : start + _AT_ONCE], step, None)
    for number, (record, command) in taken.items():
        part = parts[number]
        with_it = part.commands if command is None else (*part.commands, command)
        parts[number] = replace(part, step=step, history=(*part.history, record), commands=with_it)
    order = replace(order, parts=tuple(parts.values()))
    connection.execute(
        update(order_table).where(order_table.c.id == order.id).values(summary(connection, order))
    )
    log.info("order.step", order=order.id.hex(), parts=numbers, step=step)
    return order


def keep_command(connection: Connection, order: Order, number: int, sent: Sent) -> Order:
    """Note what was sent for a part."""
    connection.execute(insert(command_table).values(_command_row(order, number, sent)))
    parts = tuple(
        replace(part, commands=(*part.commands, sent)) if part.number == number else part
        for part in order.parts
    )
    return replace(order, parts=parts)


def _command_row(order: Order, number: int, sent: Sent) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "part": number,
        "gateway": order.part(number).cut.gateway,
        "counter": sent.counter,
        "action": sent.action,
        "stages": json.dumps(sent.stages),
        "until_ms": sent.until_ms,
        "hash": sent.digest,
        "issued_ms": sent.issued_ms,
        "expires_ms": sent.expires_ms,
    }


def step_row(order: Order, number: int | None, record: StepRecord) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "part": number,
        "step": record.step,
        "at_ms": record.at_ms,
        "recorded_ms": record.recorded_ms,
        "position": record.position,
        "body": json.dumps(dict(record.details), ensure_ascii=False),
    }


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


Mover = tuple[bytes, bool]
"""An order, and whether its command was to hold: else it was to end that."""


def movers(connection: Connection, gateway: str) -> dict[int, Mover]:
    """By claim: the order whose command was the last to be sent for it."""
    return _last(connection, gateway, true())


def obeyed(connection: Connection, gateway: str) -> dict[int, Mover]:
    """By claim: the order whose command its gateway was the last to obey, as it said itself."""
    return _last(connection, gateway, command_table.c.answer != CommandPhase.REFUSED)


def _last(connection: Connection, gateway: str, which: ColumnElement[bool]) -> dict[int, Mover]:
    table = command_table
    query = (
        select(table)
        .where(table.c.gateway == gateway, which)
        .order_by(table.c.id.desc())
        .limit(_AT_ONCE)
    )
    found: dict[int, Mover] = {}
    for row in connection.execute(query):
        holds = is_hold(Action(row.action), row.until_ms, row.issued_ms)
        for stage in json.loads(row.stages):
            found.setdefault(stage, (row.order_id, holds))
    return found


def newest_step(connection: Connection) -> int:
    """The row of the step that was taken last; 0 before the first."""
    return connection.scalar(select(func.max(step_table.c.id))) or 0


def load_all(connection: Connection) -> list[Order]:
    """Every order with its steps, in the order they were drafted."""
    return orders_of(connection, true())


def load_recent(connection: Connection, since_ms: int) -> list[Order]:
    """The orders that are not over, or had a step since then."""
    moved = select(step_table.c.order_id).where(step_table.c.recorded_ms >= since_ms)
    return orders_of(connection, or_(order_table.c.step.not_in(OVER), order_table.c.id.in_(moved)))


def load(connection: Connection, identity: bytes) -> Order | None:
    return next(iter(orders_of(connection, order_table.c.id == identity)), None)


def load_numbers(connection: Connection, identity: bytes, numbers: Collection[int]) -> Order | None:
    """An order with nothing but these parts."""
    which = (order_table.c.id == identity, part_table.c.part.in_(numbers))
    return next(iter(orders_of(connection, *which)), None)


def load_prefix(connection: Connection, prefix: str) -> list[Order]:
    """Those whose id begins so, in hexadecimal."""
    identities = connection.scalars(select(order_table.c.id))
    return [
        order
        for identity in identities
        if identity.hex().startswith(prefix.lower())
        if (order := load(connection, identity)) is not None
    ]


def load_part(connection: Connection, identity: bytes, gateway: str) -> tuple[Order, Part] | None:
    """An order with nothing but its part at a gateway."""
    which = (order_table.c.id == identity, part_table.c.gateway == gateway)
    order = next(iter(orders_of(connection, *which)), None)
    part = None if order is None else order.at(gateway)
    return None if order is None or part is None else (order, part)


def load_of(connection: Connection, gateway: str, reason: OrderReason) -> list[Order]:
    """Every order for a reason that a gateway ever had, with nothing but its part there."""
    here = select(part_table.c.order_id).where(part_table.c.gateway == gateway)
    which = order_table.c.id.in_(here) & (order_table.c.reason == reason)
    return orders_of(connection, which, part_table.c.gateway == gateway)


def load_at(connection: Connection, gateways: Collection[str], now_ms: int) -> list[Order]:
    """The orders that may hold a stage of one of these gateways, now or later.

    With nothing but their parts there. One that failed may, until its end.
    """
    found: dict[bytes, Order] = {}
    names, table = list(gateways), command_table
    for start in range(0, len(names), _AT_ONCE):
        these = names[start : start + _AT_ONCE]
        lasting = select(table.c.order_id).where(
            table.c.gateway.in_(these), table.c.until_ms > now_ms
        )
        here = select(part_table.c.order_id).where(
            part_table.c.gateway.in_(these),
            or_(
                part_table.c.step.not_in(OVER),
                (part_table.c.step == Step.FAILED) & part_table.c.order_id.in_(lasting),
            ),
        )
        for order in orders_of(
            connection, order_table.c.id.in_(here), part_table.c.gateway.in_(these)
        ):
            known = found.get(order.id)
            parts = order.parts if known is None else (*known.parts, *order.parts)
            found[order.id] = replace(order, parts=parts)
    return list(found.values())
