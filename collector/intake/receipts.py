"""Receipts: what each gateway may forget, signed."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select, update

from collector.evidence.downlink import Signer, make_receipt
from collector.ledger import coverage
from collector.storage import reading
from collector.storage.tables import receipt_number

_AT_ONCE = 1000


class Rounds:
    """Each gateway's turn comes once an interval, by its name: they are not all told at once."""

    def __init__(self) -> None:
        self._turns: dict[bytes, int] = {}

    def due(self, gateways: Collection[bytes], now_s: float, interval_s: float) -> list[bytes]:
        """Whose turn has come since the last time. One that is new waits for its first."""
        before = self._turns
        self._turns = {
            gateway: int(now_s / interval_s + int.from_bytes(gateway[:4]) / 2**32)
            for gateway in gateways
        }
        return [name for name, turn in self._turns.items() if before.get(name, turn) != turn]


def make_all(engine: Engine, signer: Signer, now_ms: int) -> dict[bytes, bytes]:
    """One signed receipt for every gateway in the ledger, by gateway."""
    with reading(engine) as connection:
        known = coverage.gateways(connection)
    return make(engine, signer, now_ms, known)


def make(
    engine: Engine, signer: Signer, now_ms: int, gateways: Collection[bytes], least: int = 1
) -> dict[bytes, bytes]:
    """The same for these gateways. A writer waits for no more than the numbers of a thousand.

    `least`: a number that no receipt had before, also when the database was restored from a
    backup: gateways ignore numbers that do not rise, and say nothing.
    """
    waiting, made = sorted(gateways), {}
    while waiting:
        part, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
        with reading(engine) as connection:
            known = coverage.reached(connection, part)
        with engine.begin() as connection:
            numbers = _next_numbers(connection, {gateway for gateway, _, _ in known}, least)
        with reading(engine) as connection:
            made.update(_make(connection, signer, now_ms, numbers))
    return made


def _make(
    connection: Connection, signer: Signer, now_ms: int, numbers: Mapping[bytes, int]
) -> dict[bytes, bytes]:
    """By these numbers, of what is durable: other writers do not wait for signatures."""
    chains = coverage.reached(connection, numbers)
    made = {}
    for gateway, epochs in coverage.epochs(chains).items():
        number, streams = numbers[gateway], {}
        for stream, newest_first in epochs.items():
            epoch = _epoch(newest_first, number)
            reached = chains.get((gateway, epoch, stream))
            streams[stream] = coverage.stream_receipt(connection, gateway, stream, epoch, reached)
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


def _next_numbers(
    connection: Connection, gateways: Collection[bytes], least: int
) -> dict[bytes, int]:
    table = receipt_number
    query = select(table.c.gateway, table.c.number).where(table.c.gateway.in_(gateways))
    last: dict[bytes, int] = dict(connection.execute(query).all())
    rows: list[dict[str, Any]] = [
        {"of": gateway, "number": max(last.get(gateway, 0) + 1, least)} for gateway in gateways
    ]
    if known := [row for row in rows if row["of"] in last]:
        changed = update(table).where(table.c.gateway == bindparam("of"))
        connection.execute(changed.values(number=bindparam("number")), known)
    if new := [row for row in rows if row["of"] not in last]:
        connection.execute(insert(table).values(gateway=bindparam("of")), new)
    return {row["of"]: row["number"] for row in rows}
