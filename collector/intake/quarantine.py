"""What was refused, within bounds: the newest refusals, and a count of all."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from collector.evidence.errors import Reason
from collector.intake.admission import Delivery
from collector.storage.tables import quarantine, refusal_count

KEEP = 10_000  # refusals of at most 4 KiB each: 40 MiB


def store(connection: Connection, refused: Sequence[tuple[Delivery, Reason]], now_ms: int) -> None:
    connection.execute(
        insert(quarantine),
        [
            {
                "received_ms": now_ms,
                "topic": delivery.topic[:256].replace("\0", "\ufffd"),  # PostgreSQL keeps no NUL
                "reason": reason,
                "size": delivery.size,
                "sha256": delivery.sha256,
                "head": delivery.head,
            }
            for delivery, reason in refused
        ],
    )
    for reason, count in Counter(reason for _, reason in refused).items():
        _count(connection, reason, count)
    newest = connection.scalar(select(func.max(quarantine.c.id))) or 0
    connection.execute(delete(quarantine).where(quarantine.c.id <= newest - KEEP))


def _count(connection: Connection, reason: Reason, count: int) -> None:
    table = refusal_count
    changed = connection.execute(
        update(table).where(table.c.reason == reason).values(count=table.c.count + count)
    )
    if changed.rowcount == 0:
        connection.execute(insert(table).values(reason=reason, count=count))


def counts(connection: Connection) -> dict[str, int]:
    """How many messages were ever refused, by reason."""
    rows = connection.execute(select(refusal_count.c.reason, refusal_count.c.count))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class Refusal:
    """`head`: the first 4 KiB as they came; `size` and `sha256` are of the whole."""

    id: int
    received_ms: int
    topic: str
    reason: str
    size: int
    sha256: bytes
    head: bytes


def newest(connection: Connection, limit: int) -> list[Refusal]:
    query = select(quarantine).order_by(quarantine.c.id.desc()).limit(limit)
    return [Refusal(*row) for row in connection.execute(query)]


def one(connection: Connection, number: int) -> Refusal | None:
    row = connection.execute(select(quarantine).where(quarantine.c.id == number)).first()
    return None if row is None else Refusal(*row)


def purge(connection: Connection) -> int:
    """Forget what is kept; how much it was. The counts stay."""
    return connection.execute(delete(quarantine)).rowcount
