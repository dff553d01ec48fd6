"""How far a view is behind the ledger."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from collector.ledger.followers import position_of
from collector.storage.tables import frame


@dataclass(frozen=True, slots=True)
class Lag:
    """`positions`: frames that wait; `seconds`: for how long the first of them has."""

    positions: int
    seconds: float


def lag_of(connection: Connection, follower: str, now_ms: int) -> Lag:
    """By the follower's cursor; one that has not begun waits for the whole ledger."""
    cursor = position_of(connection, follower) or 0
    head: int = connection.scalar(select(func.max(frame.c.position))) or 0
    waiting = select(frame.c.received_ms).where(frame.c.position > cursor)
    first_ms: int | None = connection.scalar(waiting.order_by(frame.c.position).limit(1))
    seconds = 0.0 if first_ms is None else max(now_ms - first_ms, 0) / 1000
    return Lag(max(head - cursor, 0), seconds)
