"""What the stages' contacts did around an order, as their gateways' events say."""

from typing import Any

from sqlalchemy import Connection, select

from collector.model.records import Site
from collector.orders.drop.measured import Contact
from collector.orders.order import Cut
from collector.storage.tables import stage_movement as table

_BY_ITSELF = "local"
"""Neither a command nor the ramp, expiry or boot of the gateway: protection, or a hand there."""


def contact(connection: Connection, gateway: str, stage: int) -> Contact:
    """As it was last seen to move."""
    last = _last(connection, gateway, stage, None)
    if last is None:
        return Contact.UNKNOWN
    return Contact.CLOSED if last.is_closed else Contact.OPEN


def opened_by_itself(
    connection: Connection, gateway: str, stage: int, from_ms: int, until_ms: int
) -> bool:
    """Whether, at the end of this time, it stood open without any command."""
    last = _last(connection, gateway, stage, until_ms)
    return (
        last is not None
        and not last.is_closed
        and last.cause == _BY_ITSELF
        and last.at_ms >= from_ms
    )


def moved_by_others(
    connection: Connection, site: Site, cut: Cut, order: bytes, from_ms: int, until_ms: int
) -> set[int]:
    """Stages that are not a cut's, whose contact moved from the one moment to before the other.

    A setpoint's are those that its gateway moved in the order's name.
    """
    query = (
        select(table.c.stage, table.c.order_id)
        .where(
            table.c.gateway == cut.gateway,
            table.c.stage.in_([each.id for each in site.stages if each.id not in cut.stages]),
            table.c.at_ms >= from_ms,
            table.c.at_ms < until_ms,
        )
        .distinct()
    )
    rows = connection.execute(query).all()
    own = {row.stage for row in rows if cut.cap_w is not None and row.order_id == order}
    return {row.stage for row in rows} - own


def _last(connection: Connection, gateway: str, stage: int, before_ms: int | None) -> Any:
    query = (
        select(table.c.is_closed, table.c.cause, table.c.at_ms)
        .where(table.c.gateway == gateway, table.c.stage == stage)
        .order_by(table.c.at_ms.desc(), table.c.position.desc(), table.c.record.desc())
        .limit(1)
    )
    if before_ms is not None:
        query = query.where(table.c.at_ms < before_ms)
    return connection.execute(query).first()
