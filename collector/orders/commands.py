"""Signed commands on their way to gateways: counted, kept, queued in one transaction."""

from sqlalchemy import Connection, Engine, func, insert, select, update

from collector.evidence.cose import ContentType
from collector.evidence.downlink import Command, Signer
from collector.registry.configurations import keep_issued
from collector.storage import reading
from collector.storage.tables import command_counter, issued, outbox

KIND = "command"
_MAX_COUNTER = 2**32 - 1


def next_counter(connection: Connection, gateway: str) -> int:
    table = command_counter
    last: int | None = connection.scalar(select(table.c.counter).where(table.c.target == gateway))
    if last is None:
        connection.execute(insert(table).values(target=gateway, counter=1))
        return 1
    connection.execute(update(table).where(table.c.target == gateway).values(counter=last + 1))
    return last + 1


def catch_up(connection: Connection, gateway: str, last: int) -> None:
    """Count on from the last counter that the gateway says it accepted, if ours is behind."""
    if not 0 < last < _MAX_COUNTER:
        return
    table = command_counter
    connection.execute(
        update(table).where(table.c.target == gateway, table.c.counter < last).values(counter=last)
    )


def send(
    connection: Connection, signer: Signer, gateway: str, command: Command, now_ms: int
) -> bytes:
    """Sign a command, keep it and queue it for the gateway; return its hash."""
    message = signer.seal(ContentType.COMMAND, command.payload())
    digest = keep_issued(connection, KIND, message, now_ms)
    queue(connection, gateway, digest, now_ms)
    return digest


def queue(connection: Connection, gateway: str, digest: bytes, now_ms: int) -> None:
    """Put an issued command into the outbox, for the first time or again."""
    topic = f"esep/v1/{gateway}/command"
    connection.execute(insert(outbox).values(topic=topic, hash=digest, queued_ms=now_ms))


def unsent(engine: Engine) -> list[tuple[int, str, bytes]]:
    """Id, topic and message of what waits, oldest first."""
    query = (
        select(outbox.c.id, outbox.c.topic, issued.c.raw)
        .join(issued, issued.c.hash == outbox.c.hash)
        .where(outbox.c.sent_ms.is_(None))
        .order_by(outbox.c.id)
    )
    with reading(engine) as connection:
        return list(connection.execute(query).all())


def mark_sent(engine: Engine, identity: int, now_ms: int) -> None:
    with engine.begin() as connection:
        connection.execute(update(outbox).where(outbox.c.id == identity).values(sent_ms=now_ms))


def times_sent(connection: Connection, digest: bytes) -> int:
    """How often a command went to the broker; 0 while one of its copies still waits."""
    query = select(func.count(), func.count(outbox.c.sent_ms)).where(outbox.c.hash == digest)
    queued, sent = connection.execute(query).one()
    return sent if sent == queued else 0
