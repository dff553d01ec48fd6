"""Receipts: what each gateway may forget, signed."""

from sqlalchemy import Connection, Engine, insert, select, update

from collector.evidence.downlink import Signer, make_receipt
from collector.ledger import coverage
from collector.storage.tables import receipt_number


def make_all(engine: Engine, signer: Signer, now_ms: int) -> dict[bytes, bytes]:
    """One signed receipt for every gateway in the ledger, by gateway."""
    with engine.begin() as connection:
        made = {}
        for gateway, epochs in coverage.gateways(connection).items():
            number = _next_number(connection, gateway)
            streams = {
                stream: coverage.stream_receipt(connection, gateway, stream, _epoch(known, number))
                for stream, known in epochs.items()
            }
            made[gateway] = make_receipt(signer, gateway, number, now_ms, streams)
        return made


def _epoch(newest_first: list[int], number: int) -> int:
    """Which epoch a receipt speaks of: in turn the newest and an older one.

    After a new epoch the gateway may still hold frames of the old ones.
    """
    if not newest_first:
        return 1
    newest, *older = newest_first
    return older[number // 2 % len(older)] if older and number % 2 == 0 else newest


def _next_number(connection: Connection, gateway: bytes) -> int:
    table = receipt_number
    last: int | None = connection.scalar(select(table.c.number).where(table.c.gateway == gateway))
    if last is None:
        connection.execute(insert(table).values(gateway=gateway, number=1))
        return 1
    connection.execute(update(table).where(table.c.gateway == gateway).values(number=last + 1))
    return last + 1
