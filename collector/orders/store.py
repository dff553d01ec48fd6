"""Orders and their steps, kept; every step once, with the evidence it rests on."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, insert, or_, select, true, update

from collector.model.order import OVER, DropResult, Step, check_step
from collector.model.records import OrderReason
from collector.storage.tables import order as order_table
from collector.storage.tables import order_step as step_table

log = structlog.get_logger()


@dataclass(frozen=True)
class StepRecord:
    """`at_ms` is when it happened (the device's time where it is the device's step)."""

    step: Step
    at_ms: int
    recorded_ms: int
    position: int | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Terms:
    """What an order says, fixed when it is drafted."""

    site: str
    gateway: str
    licensee: str
    reason: OrderReason
    stages: tuple[int, ...]
    rule: str
    finding: Mapping[str, Any]
    authority: str
    document_sha256: str
    official: str
    notice_s: int
    hold_s: int


@dataclass(frozen=True)
class Order:
    id: bytes
    terms: Terms
    step: Step
    result: DropResult | None
    steps: Mapping[Step, StepRecord] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.step in OVER

    def may_hold(self, now_ms: int) -> bool:
        """Whether its stages may stand open for it: also when its gateway never answered."""
        issued = self.steps.get(Step.ISSUED)
        if self.step is Step.FAILED and issued is not None:
            return now_ms < int(issued.details["until_ms"])
        return not self.is_over


def draft(connection: Connection, terms: Terms, now_ms: int) -> Order:
    order = Order(secrets.token_bytes(16), terms, Step.DRAFTED, None)
    fields = {name: value for name, value in vars(terms).items() if name not in ("site", "reason")}
    connection.execute(
        insert(order_table).values(
            id=order.id,
            site=terms.site,
            reason=terms.reason,
            step=Step.DRAFTED,
            body=json.dumps(fields),
        )
    )
    _insert_step(connection, order, StepRecord(Step.DRAFTED, now_ms, now_ms, None, {}))
    return order


def take_step(
    connection: Connection,
    order: Order,
    record: StepRecord,
    result: DropResult | None = None,
) -> Order:
    """Move an order on and return it so; raises StepError when the table does not allow it."""
    check_step(order.step, record.step)
    values: dict[str, Any] = {"step": record.step}
    if result is not None:
        values["result"] = result
    connection.execute(update(order_table).where(order_table.c.id == order.id).values(values))
    _insert_step(connection, order, record)
    return replace(
        order,
        step=record.step,
        result=result or order.result,
        steps={**order.steps, record.step: record},
    )


def renew(connection: Connection, order: Order, step: Step, details: Mapping[str, Any]) -> Order:
    """Replace the details of a step whose command had to be issued anew."""
    record = replace(order.steps[step], details=details)
    connection.execute(
        update(step_table)
        .where(step_table.c.order_id == order.id, step_table.c.step == step)
        .values(body=json.dumps(dict(details)))
    )
    log.warning("order.renewed", order=order.id.hex(), step=step, details=dict(details))
    return replace(order, steps={**order.steps, step: record})


def _insert_step(connection: Connection, order: Order, record: StepRecord) -> None:
    connection.execute(
        insert(step_table).values(
            order_id=order.id,
            step=record.step,
            at_ms=record.at_ms,
            recorded_ms=record.recorded_ms,
            position=record.position,
            body=json.dumps(dict(record.details)),
        )
    )
    log.info(
        "order.step",
        order=order.id.hex(),
        site=order.terms.site,
        reason=order.terms.reason,
        stages=list(order.terms.stages),
        step=record.step,
        at_ms=record.at_ms,
        details=dict(record.details),
    )


def load_all(connection: Connection) -> list[Order]:
    """Every order with its steps, in the order they were drafted."""
    return _load(connection, true())


def load_recent(connection: Connection, since_ms: int) -> list[Order]:
    """The orders that are not over, or had a step since then."""
    current = select(order_table.c.id).where(order_table.c.step.not_in(OVER))
    moved = select(step_table.c.order_id).where(step_table.c.recorded_ms >= since_ms)
    return _load(
        connection, or_(step_table.c.order_id.in_(current), step_table.c.order_id.in_(moved))
    )


def load(connection: Connection, identity: bytes) -> Order | None:
    return next(iter(_load(connection, step_table.c.order_id == identity)), None)


def _load(connection: Connection, which: ColumnElement[bool]) -> list[Order]:
    steps: dict[bytes, dict[Step, StepRecord]] = {}
    for row in connection.execute(select(step_table).where(which).order_by(step_table.c.id)):
        record = StepRecord(
            Step(row.step), row.at_ms, row.recorded_ms, row.position, json.loads(row.body)
        )
        steps.setdefault(row.order_id, {})[record.step] = record
    query = select(order_table).where(
        order_table.c.id.in_(select(step_table.c.order_id).where(which))
    )
    rows = {row.id: row for row in connection.execute(query)}
    return [_order(rows[identity], records) for identity, records in steps.items()]


def _order(row: Any, steps: Mapping[Step, StepRecord]) -> Order:
    fields = json.loads(row.body)
    terms = Terms(
        site=row.site,
        reason=OrderReason(row.reason),
        **(fields | {"stages": tuple(fields["stages"])}),
    )
    result = None if row.result is None else DropResult(row.result)
    return Order(row.id, terms, Step(row.step), result, steps)
