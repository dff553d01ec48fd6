"""Moving frames to archives, so that nothing is lost whenever it is interrupted.

An archive is written whole, read back, and only then are its bytes taken out of the table, in the
commit that enters it. Killed before, it leaves files that no row names: the next run removes them.
"""

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select, update

from collector.ledger.archives import (
    FOLDER,
    LENGTH_BYTES,
    OFFSET_BYTES,
    STRIDE,
    Archive,
    fault,
    known,
)
from collector.ledger.checkpoints import newest
from collector.ledger.ledger import Entry, Ledger
from collector.storage import directory_of, reading
from collector.storage.tables import archive as table
from collector.storage.tables import follower, frame

FRAMES = 50_000
"""Of an archive: the commit that enters it holds up the intake for about a second."""


class CannotArchiveError(RuntimeError):
    """Not these frames, or not yet; the text says why."""


def limit(connection: Connection, followers: Collection[str]) -> tuple[int, str]:
    """The last position that may be archived now, and what holds up the next one.

    `followers`: those that there should be; one that has not begun has passed nothing.
    """
    signed = newest(connection)
    cursors = dict.fromkeys(followers, 0)
    cursors |= dict(connection.execute(select(follower.c.name, follower.c.position)).all())
    limits = [(0 if signed is None else signed.size, "it is the last under a checkpoint")]
    for name, position in cursors.items():
        limits.append((position, f"the follower {name} has come no further"))
    return min(limits)


def last_before(connection: Connection, moment_ms: int) -> int:
    """The last position that was received before a moment, as far as the clock did not go back."""
    low, high = 0, connection.scalar(select(func.max(frame.c.position))) or 0
    while low < high:
        middle = (low + high + 1) // 2
        query = select(frame.c.received_ms).where(frame.c.position == middle)
        if (connection.scalar(query) or 0) < moment_ms:
            low = middle
        else:
            high = middle - 1
    return low


def archived_upto(connection: Connection) -> int:
    return connection.scalar(select(func.max(table.c.last))) or 0


def archive(
    engine: Engine,
    upto: int,
    followers: Collection[str],
    now_ms: int,
    on_archive: Callable[[Archive], None] = lambda _: None,
    frames: int = FRAMES,
) -> list[Archive]:
    """Archive the positions up to `upto` that are not; return what was made.

    Raises CannotArchiveError, and ArchiveError when a file does not read back as it was written.
    """
    with reading(engine) as connection:
        most, why = limit(connection, followers)
        if upto > most:
            raise CannotArchiveError(f"up to position {most} can be archived: {why}")
        first = archived_upto(connection) + 1
        folder = directory_of(connection) / FOLDER
        folder.mkdir(mode=0o750, exist_ok=True)
        _tidy(folder, known(connection))
    made = []
    while first <= upto:
        last = min(first + frames - 1, upto)
        made.append(_one(engine, folder, first, last, now_ms))
        on_archive(made[-1])
        first = last + 1
    return made


def _one(engine: Engine, folder: Path, first: int, last: int, now_ms: int) -> Archive:
    written = _write(folder, first, last, Ledger(engine).entries(first - 1, last))
    if (wrong := fault(written, folder.parent)) is not None:
        raise CannotArchiveError(f"what was written does not read back: {wrong}")
    values = {"first": first, "last": last, "bytes": written.size}
    with engine.begin() as connection:
        connection.execute(insert(table).values(**values, sha256=written.sha256, made_ms=now_ms))
        connection.execute(
            update(frame).where(frame.c.position.between(first, last)).values(raw=b"")
        )
    return written


def _write(folder: Path, first: int, last: int, entries: Iterator[Entry]) -> Archive:
    """Write both files and make sure that they are on the disk."""
    digest = hashlib.sha256()
    offset = 0
    offsets = []
    parts = [folder / f"{first}-{last}.{kind}.part" for kind in ("frames", "index")]
    position = first - 1
    with parts[0].open("wb") as file:
        for position, entry in enumerate(entries, first):
            if entry.position != position or hashlib.sha256(entry.raw).digest() != entry.hash:
                raise CannotArchiveError(
                    f"position {position} is not what it was: see esep collector verify"
                )
            if (position - first) % STRIDE == 0:
                offsets.append(offset)
            piece = len(entry.raw).to_bytes(LENGTH_BYTES) + entry.raw
            file.write(piece)
            digest.update(piece)
            offset += len(piece)
        file.flush()
        _settle(file.fileno())
    if position != last:
        raise CannotArchiveError(f"the ledger ends at position {position}")
    with parts[1].open("wb") as file:
        file.write(b"".join(each.to_bytes(OFFSET_BYTES) for each in offsets))
        file.flush()
        _settle(file.fileno())
    for part in parts:
        part.rename(part.with_suffix(""))
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return Archive(first, last, offset, digest.digest())


def _settle(descriptor: int) -> None:
    """Read-only, and on the disk."""
    os.fchmod(descriptor, 0o440)
    os.fsync(descriptor)


def _tidy(folder: Path, archives: Sequence[Archive]) -> None:
    """Remove what an interrupted run left."""
    named = {archive.name for archive in archives}
    for path in folder.iterdir():
        if path.suffix == ".part" or (
            path.suffix in (".frames", ".index") and path.stem not in named
        ):
            path.unlink()
