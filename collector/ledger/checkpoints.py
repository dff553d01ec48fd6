"""Signed checkpoints over the ledger's tree."""

from sqlalchemy import Engine, insert, select

from collector.evidence.downlink import Signer, make_checkpoint
from collector.evidence.merkle import Frontier
from collector.ledger.ledger import Ledger
from collector.storage import reading
from collector.storage.tables import checkpoint as table


def make(engine: Engine, signer: Signer, now_ms: int) -> tuple[int, bytes]:
    """Sign the tree as it stands, unless its size is signed already; size and message."""
    ledger = Ledger(engine)
    size = ledger.head()
    for known, message in stored(engine):
        if known == size:
            return size, message
    frontier = Frontier(entry.raw for entry in ledger.entries(upto=size))
    message = make_checkpoint(signer, size, frontier.root(), now_ms)
    with engine.begin() as connection:
        connection.execute(insert(table).values(size=size, raw=message))
    return size, message


def stored(engine: Engine) -> list[tuple[int, bytes]]:
    """Size and message of every checkpoint, smallest first."""
    with reading(engine) as connection:
        rows = connection.execute(select(table.c.size, table.c.raw).order_by(table.c.size))
        return [(row.size, row.raw) for row in rows]
