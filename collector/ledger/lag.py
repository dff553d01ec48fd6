"""How far followers are behind the ledger."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from collector.ledger.followers import followed_until, position_of
from collector.storage.tables import follower as table
from collector.storage.tables import frame


@dataclass(frozen=True, slots=True)
class Lag:
    """`position`: its cursor; `frames` that wait, and for how many `seconds` the first has."""

    follower: str
    position: int
    frames: int
    seconds: float


def lag_of(connection: Connection, follower: str, now_ms: int) -> Lag:
    """By the follower's cursor; one that has not begun waits for the whole ledger."""
    position = position_of(connection, follower) or 0
    head = connection.scalar(select(func.max(frame.c.position))) or 0
    waiting_ms = now_ms - followed_until(connection, follower, now_ms)
    return Lag(follower, position, max(head - position, 0), waiting_ms / 1000)


def lags(connection: Connection, now_ms: int) -> list[Lag]:
    """Of every follower that has begun, by name."""
    names = connection.scalars(select(table.c.name).order_by(table.c.name)).all()
    return [lag_of(connection, name, now_ms) for name in names]
