"""Signed commands on their way to gateways: counted, kept, queued in one transaction."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, bindparam, func, insert, or_, select, update

from collector.evidence.cose import ContentType
from collector.evidence.downlink import Command, Signer
from collector.registry.configurations import keep_issued
from collector.storage import reading
from collector.storage.tables import command_counter, issued, outbox

KIND = "command"
_MAX_COUNTER = 2**32 - 1
_ZONE = "zone/"
_AT_ONCE = 500


def _topic(target: str) -> str:
    return f"esep/v1/{target}/command"


def next_counter(connection: Connection, gateway: str) -> int:
    table = command_counter
    last: int | None = connection.scalar(select(table.c.counter).where(table.c.target == gateway))
    if last is None:
        connection.execute(insert(table).values(target=gateway, counter=1))
        return 1
    connection.execute(update(table).where(table.c.target == gateway).values(counter=last + 1))
    return last + 1


def next_of_zone(connection: Connection, zone: str, gateways: Sequence[str]) -> int:
    """Above all that were given to the zone or to one of its gateways, which count on from it.

    So an answer, which names its counter only, means one command.
    """
    table, targets = command_counter, [_ZONE + zone, *gateways]
    last: dict[str, int] = {}
    for start in range(0, len(targets), _AT_ONCE):
        these = targets[start : start + _AT_ONCE]
        query = select(table.c.target, table.c.counter).where(table.c.target.in_(these))
        last |= {row.target: row.counter for row in connection.execute(query)}
    counter = max(last.values(), default=0) + 1
    if known := [{"whose": target, "counter": counter} for target in targets if target in last]:
        connection.execute(update(table).where(table.c.target == bindparam("whose")), known)
    if new := [{"target": each, "counter": counter} for each in targets if each not in last]:
        connection.execute(insert(table), new)
    return counter


def catch_up(connection: Connection, gateway: str, last: int) -> None:
    """Count on from the last counter that the gateway says it accepted, if ours is behind."""
    if not 0 < last < _MAX_COUNTER:
        return
    table = command_counter
    connection.execute(
        update(table).where(table.c.target == gateway, table.c.counter < last).values(counter=last)
    )


def send(
    connection: Connection, signer: Signer, target: str, command: Command, now_ms: int
) -> bytes:
    """Sign a command, keep it and queue it for a gateway or a zone; return its hash."""
    message = signer.seal(ContentType.COMMAND, command.payload())
    digest = keep_issued(connection, KIND, message, now_ms)
    queue(connection, target, digest, now_ms)
    return digest


def zone_target(zone: str) -> str:
    """As what a zone is counted, and queued for."""
    return _ZONE + zone


def queue(connection: Connection, target: str, digest: bytes, now_ms: int) -> None:
    """Put an issued command into the outbox, for the first time or again."""
    topic = _topic(target)
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


def mark_sent(engine: Engine, identities: Sequence[int], now_ms: int) -> None:
    if identities:
        sent = update(outbox).where(outbox.c.id == bindparam("which")).values(sent_ms=now_ms)
        with engine.begin() as connection:
            connection.execute(sent, [{"which": each} for each in identities])


def times_sent(connection: Connection, digest: bytes, gateway: str) -> int:
    """How often a command went to the broker for a gateway, or its zone.

    0 while one of its copies still waits.
    """
    of_zones = outbox.c.topic.startswith("esep/v1/" + _ZONE)
    query = select(func.count(), func.count(outbox.c.sent_ms)).where(
        outbox.c.hash == digest, or_(outbox.c.topic == _topic(gateway), of_zones)
    )
    queued, sent = connection.execute(query).one()
    return sent if sent == queued else 0
