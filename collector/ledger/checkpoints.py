"""Signed checkpoints over the ledger's tree."""

from pathlib import Path

from sqlalchemy import Engine, insert, select

from collector.evidence.downlink import Signer, make_checkpoint
from collector.evidence.merkle import Frontier
from collector.ledger.ledger import Ledger
from collector.storage import reading
from collector.storage.tables import checkpoint as table

FOLDER = "checkpoints"


class Checkpoints:
    """Signs the tree as it grows; each frame is read once, those of before at the first call."""

    def __init__(self, engine: Engine, signer: Signer, directory: Path) -> None:
        self._engine = engine
        self._signer = signer
        self._copies = directory / FOLDER
        self._ledger = Ledger(engine)
        self._frontier = Frontier()
        self._position = 0

    def sign(self, now_ms: int) -> tuple[int, bytes] | None:
        """Size and message of the checkpoint over the ledger as it stands; None when it is empty.

        A size is signed once. The message is in the database, and a copy to be handed out in
        `checkpoints/<size>.cose` of the collector's directory.
        """
        for entry in self._ledger.entries(after=self._position):
            self._frontier.append(entry.raw)
            self._position = entry.position
        size = self._frontier.size
        if size == 0:
            return None
        with self._engine.begin() as connection:
            message = connection.scalar(select(table.c.raw).where(table.c.size == size))
            if message is None:
                message = make_checkpoint(self._signer, size, self._frontier.root(), now_ms)
                connection.execute(insert(table).values(size=size, raw=message))
        self._copies.mkdir(exist_ok=True)
        (self._copies / f"{size}.cose").write_bytes(message)
        return size, message


def stored(engine: Engine) -> list[tuple[int, bytes]]:
    """Size and message of every checkpoint, smallest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(table.c.size, table.c.raw).order_by(table.c.size))
        return [(row.size, row.raw) for row in rows]
