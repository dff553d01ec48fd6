"""Signed checkpoints over the ledger's tree."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, func, insert, select

from collector.evidence.cose import ContentType, message_hash, parse
from collector.evidence.downlink import Restored, Signer, make_checkpoint
from collector.evidence.errors import EvidenceError
from collector.ledger.tree import Tree, grow
from collector.storage import reading
from collector.storage.tables import checkpoint as table
from collector.storage.tables import restoration

FOLDER = "checkpoints"


class InconsistentError(RuntimeError):
    """The ledger is not the one over which a checkpoint was signed: no other is signed."""


@dataclass(frozen=True)
class Signed:
    """What a checkpoint says; its signature is not judged here."""

    size: int
    root: bytes
    at_ms: int
    restored: Restored | None
    raw: bytes

    @property
    def generation(self) -> int:
        return 1 if self.restored is None else self.restored.generation


class Checkpoints:
    """Signs the tree as it stands, and nothing that contradicts what was signed before."""

    def __init__(self, engine: Engine, signer: Signer, directory: Path) -> None:
        self._engine = engine
        self._signer = signer
        self._copies = directory / FOLDER
        self._are_copies_judged = False

    def sign(self, now_ms: int) -> tuple[int, bytes] | None:
        """Size and message of the checkpoint over the ledger as it stands; None when it is empty.

        A size is signed once. The message is in the database, and a copy to be handed out in
        `checkpoints/` of the collector's directory. Raises InconsistentError.
        """
        grow(self._engine)
        with reading(self._engine) as connection:
            tree = Tree(connection)
            size, restored = tree.size, newest_restoration(connection)
            last = newest(connection)
            if last is not None:
                _require(tree, last, restored)
                if not (self._copies / copy_name(last)).exists():
                    self._copy(last)  # killed between its commit and its copy
            if not self._are_copies_judged:
                self._judge_copies(connection, tree, restored)
            root = tree.root(size)
        self._are_copies_judged = True
        if size == 0:
            return None
        with self._engine.begin() as connection:
            message = connection.scalar(select(table.c.raw).where(table.c.size == size))
            if message is None:
                if restored is not None and size <= restored.size:
                    restored = None  # of the tree that was before, and so consistent with both
                message = make_checkpoint(self._signer, size, root, now_ms, restored)
                connection.execute(insert(table).values(size=size, raw=message))
        self._copy(said(message))
        return size, message

    def _copy(self, signed: Signed) -> None:
        """Write the file to be handed out: whole, or not at all."""
        self._copies.mkdir(exist_ok=True)
        path = self._copies / copy_name(signed)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(signed.raw)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)

    def _judge_copies(self, connection: Connection, tree: Tree, restored: Restored | None) -> None:
        """Those that the database does not have: it may be an older one than they are."""
        known = set(connection.scalars(select(table.c.size)))
        for path in self._copies.glob("*.cose"):
            if path.stem.isdecimal() and int(path.stem) in known:
                continue
            try:
                signed = said(path.read_bytes())
            except EvidenceError:
                continue
            _require(tree, signed, restored)


def _require(tree: Tree, signed: Signed, restored: Restored | None) -> None:
    """Raise InconsistentError unless the tree begins with the one that was signed."""
    if (
        restored is not None
        and signed.generation < restored.generation
        and signed.size > restored.size
    ):
        return  # of what the restored ledger does not have, and says so
    if signed.size > tree.size:
        raise InconsistentError(_OLDER.format(signed.size, tree.size))
    if tree.root(signed.size) != signed.root:
        raise InconsistentError(_OTHER.format(signed.size))


_WAY_OUT = (
    "Nothing is signed. If this directory was restored by hand: esep collector backup it, and"
    " esep collector restore that to a new directory"
)
_OLDER = "a checkpoint over {} frames was signed, and the ledger has {}. " + _WAY_OUT
_OTHER = "the first {} frames are not those over which a checkpoint was signed. " + _WAY_OUT


def said(message: bytes) -> Signed:
    """Raises EvidenceError when it is no checkpoint."""
    body = parse(message, ContentType.CHECKPOINT).payload
    return Signed(body[1], body[2], body[3], Restored.of(body.get(4)), message)


def copy_name(signed: Signed) -> str:
    generation = f"{signed.generation}-" if signed.generation > 1 else ""
    return f"{generation}{signed.size}.cose"


def stored(engine: Engine) -> list[tuple[int, bytes]]:
    """Size and message of every checkpoint, smallest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(table.c.size, table.c.raw).order_by(table.c.size))
        return [(row.size, row.raw) for row in rows]


def newest(connection: Connection) -> Signed | None:
    raw = connection.scalar(select(table.c.raw).order_by(table.c.size.desc()).limit(1))
    return None if raw is None else said(raw)


def newest_restoration(connection: Connection) -> Restored | None:
    """What checkpoints must say of the ledger's last restoration; None when there was none."""
    query = select(restoration).order_by(restoration.c.generation.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    before = None if row.checkpoint is None else message_hash(row.checkpoint)
    return Restored(row.generation, row.size, before)


def lost(engine: Engine) -> list[bytes]:
    """The last checkpoints known of the trees that restorations ended, oldest first."""
    columns = restoration.c
    with reading(engine) as connection:
        query = select(columns.checkpoint).where(columns.checkpoint.is_not(None))
        return list(connection.scalars(query.order_by(columns.generation)))


def begin_generation(connection: Connection, last_known: bytes | None, now_ms: int) -> Restored:
    """The ledger was restored as it stands: what comes now is another tree.

    `last_known`: the last checkpoint of the tree before; None: the newest that the ledger has. Its
    generation is the time, so that two made of one backup are never taken for each other.
    """
    last = connection.scalar(select(func.max(restoration.c.generation))) or 1
    generation = max(now_ms // 1000, last + 1)
    before = newest(connection)
    known = last_known if last_known is not None or before is None else before.raw
    connection.execute(
        insert(restoration).values(
            generation=generation, size=Tree(connection).size, checkpoint=known, restored_ms=now_ms
        )
    )
    begun = newest_restoration(connection)
    assert begun is not None  # noqa: S101  just inserted
    return begun
