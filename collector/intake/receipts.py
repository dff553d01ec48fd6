"""Receipts: what each gateway may forget, signed."""

from sqlalchemy import Connection, Engine, insert, select, update

from collector.evidence.downlink import Signer, make_receipt
from collector.ledger.chain import receipts
from collector.storage.tables import receipt_number


def make_all(engine: Engine, signer: Signer, now_ms: int) -> dict[bytes, bytes]:
    """One signed receipt for every gateway in the ledger, by gateway."""
    with engine.begin() as connection:
        return {
            gateway: make_receipt(
                signer, gateway, _next_number(connection, gateway), now_ms, streams
            )
            for gateway, streams in receipts(connection).items()
        }


def _next_number(connection: Connection, gateway: bytes) -> int:
    table = receipt_number
    last: int | None = connection.scalar(select(table.c.number).where(table.c.gateway == gateway))
    if last is None:
        connection.execute(insert(table).values(gateway=gateway, number=1))
        return 1
    connection.execute(update(table).where(table.c.gateway == gateway).values(number=last + 1))
    return last + 1
