"""Views that follow the ledger, each from a cursor that moves with its view in one commit."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from collector.evidence.frame import Stream
from collector.ledger.ledger import Entry, read_entries
from collector.storage import reading
from collector.storage.tables import follower as table
from collector.storage.tables import frame

BATCH = 1000
_PASSED_OVER = 5000
"""Positions that a follower of one stream looks over at once."""


class Follower(Protocol):
    """Takes entries in order, once; on an exception the same entries come again."""

    name: str

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None: ...


@runtime_checkable
class Preparing(Protocol):
    """A follower that takes long over its entries, and writes little of what it finds."""

    def prepare(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Before `follow` of the same entries, while others may write; once or more."""


@runtime_checkable
class OfOneStream(Protocol):
    """A follower that nothing but the frames of one stream concerns: others are not even read."""

    stream: Stream


class Stride:
    """How many entries a follower takes at once: as many as hold up other writers for 50 ms, and
    are prepared, while others write, in 200.
    """

    _HOLD_S = 0.05
    _PREPARE = 4
    _LEAST = 10
    _PASS_S = 1.0

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._passed_s = -self._PASS_S
        self.entries = BATCH // 10
        self.is_behind = False
        """Whether more waited than the last stride took."""
        self.rest_s = 0.0
        """How long others should have the lock then."""

    def took(self, entries: int, prepared_s: float, held_s: float, *, is_behind: bool) -> None:
        self.is_behind, self.rest_s = is_behind, min(held_s, self._HOLD_S) / 2
        cost_s = max(held_s, prepared_s / self._PREPARE)
        if entries >= self.entries or cost_s > self._HOLD_S:  # of a few the time says little
            fitting = int(entries * self._HOLD_S / max(cost_s, 1e-6))
            self.entries = max(self._LEAST, min(BATCH, fitting, 2 * self.entries))

    def may_pass(self) -> bool:
        """Whether a cursor may move over what is none of its follower's: each commit costs."""
        now_s = self._clock_s()
        if now_s - self._passed_s < self._PASS_S:
            return False
        self._passed_s = now_s
        return True


def stride(engine: Engine, follower: Follower, paced: Stride) -> int:
    """`advance` by what fits; then others may write for half as long as it held them up."""
    paced.is_behind = False
    count = advance(engine, follower, paced.entries, paced)
    if paced.is_behind:
        time.sleep(paced.rest_s)
    return count


def advance(
    engine: Engine, follower: Follower, limit: int = BATCH, paced: Stride | None = None
) -> int:
    """Hand the follower its next entries; return by how many positions that moved it."""
    began_s = time.monotonic()
    with reading(engine) as connection:  # with nothing to do it takes no writer's lock
        before = position_of(connection, follower.name) or 0
        entries, last = _next(connection, follower, before, limit)
        if last == before or not (entries or paced is None or paced.may_pass()):
            return 0
        if entries and isinstance(follower, Preparing):
            follower.prepare(connection, entries)
    prepared_s = time.monotonic() - began_s
    with engine.begin() as connection:
        began_s = time.monotonic()
        cursor = position_of(connection, follower.name)
        if (cursor or 0) != before:
            return 0  # somebody else followed them
        if entries:
            follower.follow(connection, entries)
        keep_position(connection, follower.name, last)
    if paced is not None:
        is_behind = len(entries) == limit or last - before == _PASSED_OVER
        held_s = time.monotonic() - began_s
        paced.took(len(entries), prepared_s, held_s, is_behind=is_behind)
    return last - before


def _next(
    connection: Connection, follower: Follower, before: int, limit: int
) -> tuple[list[Entry], int]:
    """At most so many entries, and up to which position there is no other for this follower."""
    if not isinstance(follower, OfOneStream):
        entries = read_entries(connection, before, limit)
        return entries, entries[-1].position if entries else before
    head = connection.scalar(select(func.max(frame.c.position))) or 0
    last = min(head, before + _PASSED_OVER)
    entries = read_entries(connection, before, limit, last, follower.stream)
    return entries, entries[-1].position if len(entries) == limit else last


def position_of(connection: Connection, name: str) -> int | None:
    """The follower's cursor; None before its first entry."""
    return connection.scalar(select(table.c.position).where(table.c.name == name))


def keep_position(connection: Connection, name: str, position: int) -> None:
    """Move a follower's cursor: its view holds everything up to there."""
    moved = connection.execute(update(table).where(table.c.name == name).values(position=position))
    if not moved.rowcount:
        connection.execute(insert(table).values(name=name, position=position))


def begin_again(engine: Engine, name: str, since_ms: int | None = None) -> None:
    """Let a follower whose view is gone take every entry again, or what came since a moment."""
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.name == name))
        if since_ms is not None:
            before = select(func.max(frame.c.position)).where(frame.c.received_ms < since_ms)
            keep_position(connection, name, connection.scalar(before) or 0)


def followed_until(connection: Connection, name: str, now_ms: int) -> int:
    """Every frame received before this moment has been followed.

    Measured in time, since the head of a busy ledger is never reached.
    """
    cursor = position_of(connection, name) or 0
    query = select(frame.c.received_ms).where(frame.c.position > cursor)
    waiting_ms: int | None = connection.scalar(query.order_by(frame.c.position).limit(1))
    return now_ms if waiting_ms is None else min(waiting_ms, now_ms)
