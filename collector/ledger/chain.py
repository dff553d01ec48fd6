"""Follows each gateway's chains: how far they are whole, and what is wrong with them."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from collector.evidence.chains import (
    ChainName,
    Fault,
    Place,
    Range,
    faults_of,
    is_after,
    joined,
)
from collector.evidence.frame import Stream
from collector.ledger.chain_state import Batch, ChainState, read_batch
from collector.ledger.ledger import Entry
from collector.ledger.retirement import FrameName, frames_after, keep_retirement, retirements
from collector.storage.lookups import rows_of
from collector.storage.tables import chain, chain_fault, dropped_range, held_range

__all__ = ["ChainFollower", "Fault"]

log = structlog.get_logger()


class ChainFollower:
    """Keeps the last seq before the first gap, and the faults, of every epoch and stream.

    Every frame is judged again when a neighbour comes, so that the faults are those of the set
    of frames, whatever their order.
    """

    name = "chain"

    def __init__(self) -> None:
        self._batch = Batch()

    def prepare(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """What frames say, and what is known of their chains: only this follower changes that."""
        self._batch = read_batch(connection, entries)

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        batch, last = self._batch, entries[-1].position
        chains = batch.chains
        for thinned, (low, high) in batch.dropped:
            _keep_dropped(connection, thinned, low, high)
        retiring = [
            each for each, entry in batch.retiring if keep_retirement(connection, each, entry)
        ]
        retired = retirements(connection, {gateway for gateway, _, _ in chains})
        _judge(connection, batch, retired)
        for frame in retiring:
            for after in frames_after(connection, frame, last):
                _add(connection, after, Fault.AFTER_RETIREMENT, last)
        for key, state in chains.items():
            _advance(connection, key, state)
        _save(connection, chains)


def _judge(connection: Connection, batch: Batch, retired: dict[bytes, Place]) -> None:
    """Judge every name of the batch, and every frame kept before that follows one of them."""
    before, links = batch.before, batch.links
    judged: dict[FrameName, set[Fault]] = {}
    shown_by: dict[FrameName, int] = {}
    for key, state in batch.chains.items():
        gateway, epoch, stream = key
        for seq, position in state.shown_by.items():
            for name in (seq, seq + 1):
                here = [*links.get((*key, name), []), *state.links.get(name, [])]
                if not here or (*key, name) in judged:
                    continue
                lower = {digest for _, digest in before.get((*key, name - 1), [])}
                lower |= {link.hash for link in state.links.get(name - 1, [])}
                faults = faults_of(stream, epoch, name, here, lower)
                if is_after(retired.get(gateway), stream, epoch, name):
                    faults.add(Fault.AFTER_RETIREMENT)
                if faults or (*key, name) in before:
                    judged[*key, name] = faults
                    shown_by[*key, name] = max(position, state.shown_by.get(name, 0))
    _record(connection, judged, shown_by)


def _record(
    connection: Connection, judged: dict[FrameName, set[Fault]], shown_by: dict[FrameName, int]
) -> None:
    """Make the faults of each name what they are now; `shown_by` is where the frames stand."""
    table = chain_fault
    column = (table.c.gateway, table.c.epoch, table.c.stream, table.c.seq)
    known: dict[FrameName, set[Fault]] = {}
    names = [(gateway, epoch, int(stream), seq) for gateway, epoch, stream, seq in judged]
    for gateway, epoch, stream, seq, fault in rows_of(
        connection, column, (*column, table.c.fault), names
    ):
        known.setdefault((gateway, epoch, Stream(stream), seq), set()).add(Fault(fault))
    for name, faults in judged.items():
        if gone := known.get(name, set()) - faults:
            connection.execute(
                delete(table).where(
                    _is_of(table, name[:3]), table.c.seq == name[3], table.c.fault.in_(gone)
                )
            )
        for fault in sorted(faults - known.get(name, set())):
            _add(connection, name, fault, shown_by[name])


def _add(connection: Connection, name: FrameName, fault: Fault, position: int) -> None:
    """A fault that the frames of this name do not have yet."""
    gateway, epoch, stream, seq = name
    log.error(
        "chain.fault",
        fault=fault,
        gateway=gateway.hex(),
        epoch=epoch,
        stream=stream.name.lower(),
        seq=seq,
        position=position,
    )
    values = {"gateway": gateway, "epoch": epoch, "stream": int(stream), "seq": seq}
    connection.execute(insert(chain_fault).values(**values, fault=fault, position=position))


def _advance(connection: Connection, key: ChainName, state: ChainState) -> None:
    """Move `upto` over what is held, and over dropped ranges that something held follows."""
    state.highest = max([state.highest, *state.links])
    runs = joined([*state.held, *((seq, seq) for seq in state.links if seq > state.upto)])
    dropped: list[Range] | None = None
    while runs:
        first, last = runs[0]
        if first > state.upto + 1:
            if dropped is None:
                dropped = _dropped(connection, key, state.upto)
            for low, high in dropped:
                if low <= state.upto + 1 <= high:
                    state.upto = min(high, first - 1)
        if first > state.upto + 1:
            break
        state.upto = last
        del runs[0]
    _keep_held(connection, key, set(state.held), set(runs))


def _keep_held(connection: Connection, key: ChainName, known: set[Range], runs: set[Range]) -> None:
    table, (gateway, epoch, stream) = held_range, key
    if gone := known - runs:
        firsts = [first for first, _ in gone]
        connection.execute(delete(table).where(_is_of(table, key), table.c.first.in_(firsts)))
    if new := runs - known:
        name = {"gateway": gateway, "epoch": epoch, "stream": int(stream)}
        rows = [{**name, "first": first, "last": last} for first, last in sorted(new)]
        connection.execute(insert(table), rows)


def _dropped(connection: Connection, key: ChainName, upto: int) -> list[Range]:
    gateway, epoch, stream = key
    if stream is not Stream.TELEMETRY:
        return []
    table = dropped_range
    query = (
        select(table.c.first, table.c.last)
        .where(table.c.gateway == gateway, table.c.epoch == epoch, table.c.last > upto)
        .order_by(table.c.first)
    )
    return [(first, last) for first, last in connection.execute(query)]


def _keep_dropped(connection: Connection, key: ChainName, first: int, last: int) -> None:
    gateway, epoch, _ = key
    row = {"gateway": gateway, "epoch": epoch, "first": first, "last": last}
    table = dropped_range
    same = [table.c[name] == value for name, value in row.items()]
    if connection.execute(select(table.c.first).where(*same)).first() is None:
        connection.execute(insert(table).values(row))


def _is_of(table: Any, key: ChainName) -> ColumnElement[bool]:
    gateway, epoch, stream = key
    return and_(table.c.gateway == gateway, table.c.epoch == epoch, table.c.stream == int(stream))


def _save(connection: Connection, chains: dict[ChainName, ChainState]) -> None:
    """All but those of which only a dropped range is known: they have not begun here."""
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for (gateway, epoch, stream), state in chains.items():
        if state.highest:
            rows[state.is_known].append(
                {
                    "of_gateway": gateway,
                    "of_epoch": epoch,
                    "of_stream": int(stream),
                    "upto": state.upto,
                    "highest": state.highest,
                }
            )
    if rows[True]:
        changed = update(chain).where(
            chain.c.gateway == bindparam("of_gateway"),
            chain.c.epoch == bindparam("of_epoch"),
            chain.c.stream == bindparam("of_stream"),
        )
        connection.execute(
            changed.values(upto=bindparam("upto"), highest=bindparam("highest")), rows[True]
        )
    if rows[False]:
        new = insert(chain).values(
            gateway=bindparam("of_gateway"),
            epoch=bindparam("of_epoch"),
            stream=bindparam("of_stream"),
        )
        connection.execute(new, rows[False])
