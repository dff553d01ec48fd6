"""Follows each gateway's chains: how far they are whole, what is missing, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from collector.evidence.downlink import StreamReceipt
from collector.evidence.frame import ZERO_HASH, Frame, Stream
from collector.ledger.ledger import Entry
from collector.storage.tables import chain, chain_fault
from collector.storage.tables import frame as frame_table

log = structlog.get_logger()


class Fault(StrEnum):
    FORK = "fork"
    BROKEN_LINK = "broken_link"


@dataclass(slots=True)
class _State:
    upto: int
    upto_hash: bytes
    highest: int


_Key = tuple[bytes, int, int]


class ChainFollower:
    """Keeps, for every gateway, epoch and stream, the last seq before the first gap."""

    name = "chain"

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        states: dict[_Key, _State | None] = {}
        new: set[_Key] = set()
        for entry in entries:
            frame = entry.frame
            key = (frame.gateway, frame.epoch, int(frame.stream))
            if key not in states:
                states[key] = _load(connection, key)
            state = states[key]
            if state is None:
                state = states[key] = _State(0, ZERO_HASH, 0)
                new.add(key)
            _take(connection, state, frame, entry)
        for key, state in states.items():
            if state is not None:
                _save(connection, key, state, is_new=key in new)


def _take(connection: Connection, state: _State, frame: Frame, entry: Entry) -> None:
    state.highest = max(state.highest, frame.seq)
    if _stands_earlier(connection, frame, entry.position):
        _record(connection, frame, Fault.FORK, entry.position)
        return
    if frame.seq != state.upto + 1:
        return
    following: Entry | None = entry
    while following is not None:
        frame = following.frame
        if frame.prev != state.upto_hash:
            _record(connection, frame, Fault.BROKEN_LINK, following.position)
        state.upto, state.upto_hash = frame.seq, following.hash
        following = _held(connection, frame, state.upto + 1, entry.position)


def _stands_earlier(connection: Connection, frame: Frame, position: int) -> bool:
    query = select(frame_table.c.position).where(
        _named(frame, frame.seq), frame_table.c.position < position
    )
    return connection.execute(query).first() is not None


def _held(connection: Connection, frame: Frame, seq: int, upto_position: int) -> Entry | None:
    table = frame_table
    query = (
        select(table.c.position, table.c.received_ms, table.c.raw, table.c.hash)
        .where(_named(frame, seq), table.c.position < upto_position)
        .order_by(table.c.position)
    )
    row = connection.execute(query).first()
    return None if row is None else Entry(*row)


def _named(frame: Frame, seq: int) -> ColumnElement[bool]:
    table = frame_table
    return and_(
        table.c.gateway == frame.gateway,
        table.c.epoch == frame.epoch,
        table.c.stream == int(frame.stream),
        table.c.seq == seq,
    )


def _where(key: _Key) -> ColumnElement[bool]:
    gateway, epoch, stream = key
    return and_(
        chain.c.gateway == gateway,
        chain.c.epoch == epoch,
        chain.c.stream == stream,
    )


def _load(connection: Connection, key: _Key) -> _State | None:
    query = select(chain.c.upto, chain.c.upto_hash, chain.c.highest).where(_where(key))
    row = connection.execute(query).first()
    return None if row is None else _State(*row)


def _save(connection: Connection, key: _Key, state: _State, *, is_new: bool) -> None:
    values = {"upto": state.upto, "upto_hash": state.upto_hash, "highest": state.highest}
    if is_new:
        gateway, epoch, stream = key
        values |= {"gateway": gateway, "epoch": epoch, "stream": stream}
        connection.execute(insert(chain).values(values))
    else:
        connection.execute(update(chain).where(_where(key)).values(values))


def _record(connection: Connection, frame: Frame, fault: Fault, position: int) -> None:
    log.error(
        "chain.fault",
        fault=fault,
        gateway=frame.gateway.hex(),
        epoch=frame.epoch,
        stream=frame.stream.name.lower(),
        seq=frame.seq,
        position=position,
    )
    connection.execute(
        insert(chain_fault).values(
            gateway=frame.gateway,
            epoch=frame.epoch,
            stream=int(frame.stream),
            seq=frame.seq,
            fault=fault,
            position=position,
        )
    )


def receipts(connection: Connection) -> dict[bytes, dict[Stream, StreamReceipt]]:
    """What each gateway may be told is durable, from its newest epoch of each stream."""
    newest: dict[bytes, dict[Stream, StreamReceipt]] = {}
    query = select(chain).order_by(chain.c.gateway, chain.c.stream, chain.c.epoch)
    for row in connection.execute(query):
        held, wanted = _ranges(connection, row.gateway, row.epoch, row.stream, row.upto)
        receipt = StreamReceipt(row.epoch, row.upto, held, wanted)
        newest.setdefault(row.gateway, {})[Stream(row.stream)] = receipt
    for streams in newest.values():
        for stream in Stream:
            streams.setdefault(stream, StreamReceipt(epoch=1, upto=0))
    return newest


_Ranges = tuple[tuple[int, int], ...]


def _ranges(
    connection: Connection, gateway: bytes, epoch: int, stream: int, upto: int
) -> tuple[_Ranges, _Ranges]:
    table = frame_table
    query = (
        select(table.c.seq)
        .where(
            table.c.gateway == gateway,
            table.c.epoch == epoch,
            table.c.stream == stream,
            table.c.seq > upto,
        )
        .distinct()
        .order_by(table.c.seq)
    )
    held: list[tuple[int, int]] = []
    for seq in connection.scalars(query):
        if held and held[-1][1] == seq - 1:
            held[-1] = (held[-1][0], seq)
        else:
            held.append((seq, seq))
    ends = [upto, *(last for _, last in held)]
    wanted = [(end + 1, first - 1) for end, (first, _) in zip(ends, held, strict=False)]
    return tuple(held), tuple(wanted)
