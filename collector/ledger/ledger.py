"""Appending frames and reading them back in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, insert, select, tuple_

from collector.evidence.chains import events
from collector.evidence.frame import EventCode, Frame, Stream, kept_frame
from collector.ledger import archives
from collector.storage import reading
from collector.storage.tables import frame as table

_READ_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A frame that passed admission: its bytes, their SHA-256, and its name."""

    raw: bytes
    hash: bytes
    name: tuple[bytes, int, int, int]
    has_key_event: bool

    @classmethod
    def of(cls, raw: bytes, digest: bytes, frame: Frame) -> "Admitted":
        name = frame.gateway, frame.epoch, int(frame.stream), frame.seq
        return cls(raw, digest, name, bool(events(frame, EventCode.KEY)))

    @property
    def frame(self) -> Frame:
        return kept_frame(self.raw)


@dataclass(frozen=True, slots=True)
class Entry:
    """A frame in the ledger."""

    position: int
    received_ms: int
    raw: bytes
    hash: bytes

    @property
    def frame(self) -> Frame:
        return kept_frame(self.raw)


class Ledger:
    """Frames by position, from 1 without holes. A frame that is already there is not added."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, connection: Connection, frames: Sequence[Admitted], now_ms: int) -> int:
        """Add what is new within the caller's `appending` transaction; return how many were.

        It holds the lock by which positions are given until it commits, so that they become
        visible in order.
        """
        known = self._known(connection, frames)
        last = connection.scalar(select(func.max(table.c.position))) or 0
        rows = []
        for admitted in frames:
            key = (*admitted.name, admitted.hash)
            if key in known:
                continue
            known.add(key)
            last += 1
            gateway, epoch, stream, seq = admitted.name
            rows.append(
                {
                    "position": last,
                    "gateway": gateway,
                    "epoch": epoch,
                    "stream": stream,
                    "seq": seq,
                    "hash": admitted.hash,
                    "received_ms": now_ms,
                    "raw": admitted.raw,
                }
            )
        if rows:
            connection.execute(insert(table), rows)
        return len(rows)

    @staticmethod
    def _known(
        connection: Connection, frames: Sequence[Admitted]
    ) -> set[tuple[bytes, int, int, int, bytes]]:
        name = (table.c.gateway, table.c.epoch, table.c.stream, table.c.seq)
        names = [admitted.name for admitted in frames]
        query = select(*name, table.c.hash).where(tuple_(*name).in_(names))
        return {tuple(row) for row in connection.execute(query)}

    def head(self) -> int:
        """The last position; 0 when the ledger is empty."""
        with reading(self._engine) as connection:
            return connection.scalar(select(func.max(table.c.position))) or 0

    def entries(self, after: int = 0, upto: int | None = None) -> Iterator[Entry]:
        """Entries in order, read a chunk at a time."""
        while True:
            with reading(self._engine) as connection:
                chunk = read_entries(connection, after, _READ_CHUNK, upto)
            yield from chunk
            if len(chunk) < _READ_CHUNK:
                return
            after = chunk[-1].position


def read_entries(
    connection: Connection, after: int, limit: int, upto: int | None = None
) -> list[Entry]:
    query = (
        select(table.c.position, table.c.received_ms, table.c.raw, table.c.hash)
        .where(table.c.position > after)
        .order_by(table.c.position)
        .limit(limit)
    )
    if upto is not None:
        query = query.where(table.c.position <= upto)
    return read_query(connection, query)


def read_query(connection: Connection, query: Select[Any]) -> list[Entry]:
    """Entries of rows with `position`, `received_ms`, `raw` and `hash`, archived ones too."""
    return [
        Entry(row.position, row.received_ms, raw, row.hash)
        for row, raw in archives.with_bytes(connection, connection.execute(query).all())
    ]


def entry_at(connection: Connection, position: int) -> Entry | None:
    entries = read_entries(connection, position - 1, 1, position)
    return entries[0] if entries else None


def frame_named(
    connection: Connection, gateway: bytes, epoch: int, stream: Stream, seq: int
) -> list[tuple[int, bytes]]:
    """Position and hash of the frames with this name, oldest first; more than one is a fork."""
    query = (
        select(table.c.position, table.c.hash)
        .where(
            table.c.gateway == gateway,
            table.c.epoch == epoch,
            table.c.stream == stream,
            table.c.seq == seq,
        )
        .order_by(table.c.position)
    )
    return [(row.position, row.hash) for row in connection.execute(query)]
