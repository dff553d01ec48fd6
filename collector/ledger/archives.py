"""Frames whose bytes have left the table for read-only files; names and hashes stay in it.

Two files an archive, in `archive/` of the collector's directory. `<first>-<last>.frames` has each
frame after its length (4 bytes, high byte first), as in frames.bin; `<first>-<last>.index`
says where in it each 256th begins (8 bytes), so that any position is found at once.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, select

from collector.storage import directory_of
from collector.storage.tables import archive as table

FOLDER = "archive"
LENGTH_BYTES = 4
OFFSET_BYTES = 8
STRIDE = 256


class ArchiveError(RuntimeError):
    """An archive is not there, or not what it was; the text says which and what to do."""


@dataclass(frozen=True)
class Archive:
    """`size` and `sha256` are of the file of frames."""

    first: int
    last: int
    size: int
    sha256: bytes

    @property
    def name(self) -> str:
        return f"{self.first}-{self.last}"

    def frames_file(self, directory: Path) -> Path:
        return directory / FOLDER / f"{self.name}.frames"

    def index_file(self, directory: Path) -> Path:
        return directory / FOLDER / f"{self.name}.index"


def known(connection: Connection) -> list[Archive]:
    """Every archive, by position."""
    columns = (table.c.first, table.c.last, table.c.bytes, table.c.sha256)
    return [Archive(*row) for row in connection.execute(select(*columns).order_by(table.c.first))]


def with_bytes(connection: Connection, rows: Sequence[Any]) -> Iterator[tuple[Any, bytes]]:
    """Rows of `frame` (position, hash, raw among their columns), each with its frame's bytes.

    Raises ArchiveError when they are in an archive that does not give them.
    """
    reader: _Reader | None = None
    try:
        for row in rows:
            if row.raw:
                yield row, row.raw
                continue
            if reader is None or not reader.has(row.position):
                if reader is not None:
                    reader.close()
                reader = _Reader(_of(connection, row.position), directory_of(connection))
            yield row, reader.read(row.position, row.hash)
    finally:
        if reader is not None:
            reader.close()


def fault(archive: Archive, directory: Path) -> str | None:
    """What is wrong with an archive's file of frames as a whole; None when nothing is."""
    path = archive.frames_file(directory)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        return f"{path}: {error.strerror}; {_DO}"
    return None if digest == archive.sha256 else f"{path} has other bytes than were archived; {_DO}"


_DO = "bring the file back from a backup: its name and SHA-256 are in the table `archive`"


def _of(connection: Connection, position: int) -> Archive:
    columns = (table.c.first, table.c.last, table.c.bytes, table.c.sha256)
    query = select(*columns).where(table.c.first <= position, table.c.last >= position)
    row = connection.execute(query).first()
    if row is None:
        raise ArchiveError(f"position {position} has no bytes, and no archive says it has them")
    return Archive(*row)


class _Reader:
    """Reads an archive's frames; in order without looking for each."""

    def __init__(self, archive: Archive, directory: Path) -> None:
        self._archive = archive
        self.path = archive.frames_file(directory)
        self._index = archive.index_file(directory)
        self._next = archive.first
        try:
            self._file: BinaryIO = self.path.open("rb")
        except OSError as error:
            raise ArchiveError(f"{self.path}: {error.strerror}; {_DO}") from None

    def has(self, position: int) -> bool:
        return self._archive.first <= position <= self._archive.last

    def read(self, position: int, digest: bytes) -> bytes:
        if not self._next <= position < self._next + STRIDE:
            self._seek(position)
        while self._next < position:
            self._take()
        raw = self._take()
        if hashlib.sha256(raw).digest() != digest:
            raise ArchiveError(f"{self.path}: position {position} has other bytes; {_DO}")
        return raw

    def close(self) -> None:
        self._file.close()

    def _seek(self, position: int) -> None:
        stride = (position - self._archive.first) // STRIDE
        try:
            with self._index.open("rb") as index:
                index.seek(stride * OFFSET_BYTES)
                offset = index.read(OFFSET_BYTES)
        except OSError as error:
            raise ArchiveError(f"{self._index}: {error.strerror}; {_DO}") from None
        self._file.seek(int.from_bytes(offset))
        self._next = self._archive.first + stride * STRIDE

    def _take(self) -> bytes:
        length = int.from_bytes(self._file.read(LENGTH_BYTES))
        self._next += 1
        return self._file.read(length)
