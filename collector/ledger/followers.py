"""Views that follow the ledger, each from a cursor that moves with its view in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from collector.ledger.ledger import Entry, read_entries
from collector.storage import reading
from collector.storage.tables import follower as table
from collector.storage.tables import frame

BATCH = 500


class Follower(Protocol):
    """Takes entries in order, once; on an exception the same entries come again."""

    name: str

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None: ...


def advance(engine: Engine, follower: Follower, limit: int = BATCH) -> int:
    """Hand the follower its next entries; return how many there were."""
    with reading(engine) as connection:  # with nothing to do it takes no writer's lock
        if not read_entries(connection, position_of(connection, follower.name) or 0, 1):
            return 0
    with engine.begin() as connection:
        cursor = position_of(connection, follower.name)
        entries = read_entries(connection, cursor or 0, limit)
        if entries:
            follower.follow(connection, entries)
            last = entries[-1].position
            if cursor is None:
                connection.execute(insert(table).values(name=follower.name, position=last))
            else:
                connection.execute(
                    update(table).where(table.c.name == follower.name).values(position=last)
                )
    return len(entries)


def position_of(connection: Connection, name: str) -> int | None:
    """The follower's cursor; None before its first entry."""
    return connection.scalar(select(table.c.position).where(table.c.name == name))


def begin_again(engine: Engine, name: str) -> None:
    """Let a follower whose view is gone take every entry from the first one on."""
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.name == name))


def followed_until(connection: Connection, name: str, now_ms: int) -> int:
    """Every frame received before this moment has been followed.

    Measured in time, since the head of a busy ledger is never reached.
    """
    cursor = position_of(connection, name) or 0
    query = select(frame.c.received_ms).where(frame.c.position > cursor)
    waiting_ms: int | None = connection.scalar(query.order_by(frame.c.position).limit(1))
    return now_ms if waiting_ms is None else min(waiting_ms, now_ms)


@dataclass(frozen=True)
class Lag:
    """How far a follower is behind: frames not yet followed, and how long the oldest waits."""

    follower: str
    position: int
    frames: int
    seconds: float


def lags(connection: Connection, now_ms: int) -> list[Lag]:
    """Of every follower that has begun, by name."""
    head = connection.scalar(select(func.max(frame.c.position))) or 0
    cursors = connection.execute(select(table.c.name, table.c.position).order_by(table.c.name))
    found = []
    for name, position in cursors.all():
        waiting_ms = now_ms - followed_until(connection, name, now_ms)
        found.append(Lag(name, position, head - position, waiting_ms / 1000))
    return found
