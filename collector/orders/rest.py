"""How long a stage must be left alone: its minimum on time, its operations in the hour."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, func, select

from collector.model.priorities import PRIORITIES
from collector.model.records import OrderReason, Site, Stage
from collector.registry.view import View
from collector.storage.tables import stage_movement as table


def opens_ms(
    connection: Connection,
    view: View,
    site: str,
    stages: Iterable[int],
    reason: OrderReason,
    now_ms: int,
) -> int:
    """When all these stages may be opened for a reason; now, or earlier: at once."""
    row = PRIORITIES[reason]
    known = {stage.id: stage for stage in view.one(Site, site).stages}
    gateway = view.one(Site, site).gateway
    earliest_ms = now_ms
    for stage in stages:
        if not row.overrides_min_on and stage in known:
            earliest_ms = max(earliest_ms, _rested_ms(connection, gateway, known[stage]))
        if row.is_limited and operations(connection, view, gateway, stage, now_ms) >= (
            view.policy.max_operations
        ):
            hour_ms = view.market.period_start(now_ms) + view.market.period_ms
            earliest_ms = max(earliest_ms, hour_ms)
    return earliest_ms


def operations(connection: Connection, view: View, gateway: str, stage: int, now_ms: int) -> int:
    """Movements of a stage's contact in the running delivery hour."""
    query = select(func.count()).where(
        table.c.gateway == gateway,
        table.c.stage == stage,
        table.c.at_ms >= view.market.period_start(now_ms),
    )
    return connection.scalar(query) or 0


def is_open(connection: Connection, gateway: str, stage: int) -> bool:
    """Whether its contact was open when it was last seen to move."""
    last = last_movement(connection, gateway, stage)
    return last is not None and not last.is_closed


def _rested_ms(connection: Connection, gateway: str, stage: Stage) -> int:
    """When it will have been on for its time; 0 when it is open, or never moved."""
    last = last_movement(connection, gateway, stage.id)
    return last.at_ms + stage.min_on_ms if last is not None and last.is_closed else 0


def last_movement(connection: Connection, gateway: str, stage: int) -> Any:
    """`is_closed`, `at_ms` and `cause` of its contact's newest; None: it was never seen to move."""
    query = (
        select(table.c.is_closed, table.c.at_ms, table.c.cause)
        .where(table.c.gateway == gateway, table.c.stage == stage)
        .order_by(table.c.at_ms.desc(), table.c.position.desc(), table.c.record.desc())
        .limit(1)
    )
    return connection.execute(query).first()
