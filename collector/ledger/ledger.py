"""Appending frames and reading them back in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select
from sqlalchemy.exc import IntegrityError

from collector.evidence.chains import events
from collector.evidence.frame import EventCode, Frame, Stream, kept_frame
from collector.ledger import archives
from collector.storage import reading
from collector.storage.lookups import rows_of
from collector.storage.tables import frame as table

_READ_CHUNK = 1000
_Row = tuple[int, bytes, int, int, int, bytes, int, bytes]
"""In the order of the table's columns."""


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
        last = connection.scalar(select(func.max(table.c.position))) or 0
        rows = _rows(frames, set(), last, now_ms)
        try:
            with connection.begin_nested():  # as nearly always: nothing of it is there
                _insert(connection, rows)
        except IntegrityError:
            rows = _rows(frames, self._known(connection, frames), last, now_ms)
            _insert(connection, rows)
        return len(rows)

    @staticmethod
    def _known(
        connection: Connection, frames: Sequence[Admitted]
    ) -> set[tuple[bytes, int, int, int, bytes]]:
        name = (table.c.gateway, table.c.epoch, table.c.stream, table.c.seq)
        names = {admitted.name for admitted in frames}
        found = rows_of(connection, name, (*name, table.c.hash), names)
        return {tuple(row) for row in found}

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


def _rows(
    frames: Sequence[Admitted],
    known: set[tuple[bytes, int, int, int, bytes]],
    last: int,
    now_ms: int,
) -> list[_Row]:
    """Of those that are not known, each once, at the positions behind the last."""
    rows = []
    for admitted in frames:
        key = (*admitted.name, admitted.hash)
        if key in known:
            continue
        known.add(key)
        last += 1
        rows.append((last, *key, now_ms, admitted.raw))
    return rows


def _insert(connection: Connection, rows: list[_Row]) -> None:
    """As the driver takes them: SQLAlchemy would handle each value of each row once more."""
    if rows:
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        columns, marks = ", ".join(table.c.keys()), ", ".join([mark] * len(table.c))
        connection.exec_driver_sql(f"INSERT INTO frame ({columns}) VALUES ({marks})", rows)  # noqa: S608


def read_entries(
    connection: Connection,
    after: int,
    limit: int,
    upto: int | None = None,
    stream: Stream | None = None,
) -> list[Entry]:
    """At most so many of those behind a position, in order; of one stream, or of both."""
    query = (
        select(table.c.position, table.c.received_ms, table.c.raw, table.c.hash)
        .where(table.c.position > after)
        .order_by(table.c.position)
        .limit(limit)
    )
    if upto is not None:
        query = query.where(table.c.position <= upto)
    if stream is not None:
        query = query.where(table.c.stream == int(stream))
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
