"""Follows each gateway's chains: how far they are whole, and what is wrong with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from collector.evidence.chains import Fault, Link, Place, dropped_ranges, faults_of, is_after
from collector.evidence.frame import Frame, Stream
from collector.ledger import archives
from collector.ledger.ledger import Entry
from collector.ledger.retirement import FrameName, frames_after, keep_retirement, retirement
from collector.storage.tables import chain, chain_fault, dropped_range
from collector.storage.tables import frame as frame_table

__all__ = ["ChainFollower", "Fault"]

log = structlog.get_logger()

_AT_A_TIME = 100
"""Frames looked at: a gap ends the search, however many are held beyond it."""


@dataclass(slots=True)
class _State:
    upto: int
    highest: int


_Key = tuple[bytes, int, Stream]


class ChainFollower:
    """Keeps the last seq before the first gap, and the faults, of every epoch and stream.

    Every frame is judged again when a neighbour comes, so that the faults are those of the set
    of frames, whatever their order.
    """

    name = "chain"

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        states: dict[_Key, _State] = {}
        retired: dict[bytes, Place | None] = {}
        for entry in entries:
            frame = entry.frame
            if frame.gateway not in retired:
                retired[frame.gateway] = retirement(connection, frame.gateway)
            key = (frame.gateway, frame.epoch, frame.stream)
            state = _state(connection, states, key)
            state.highest = max(state.highest, frame.seq)
            _judge(connection, frame, entry, retired[frame.gateway])
            if keep_retirement(connection, frame, entry):
                retired[frame.gateway] = frame.epoch, frame.seq
                for after in frames_after(connection, frame, entry.position):
                    _add(connection, after, Fault.AFTER_RETIREMENT, entry.position)
            _advance(connection, key, state, entry.position)
            for epoch, (first, last) in dropped_ranges(frame):
                thinned = (frame.gateway, epoch, Stream.TELEMETRY)
                _keep_dropped(connection, thinned, first, last)
                _advance(connection, thinned, _state(connection, states, thinned), entry.position)
        for key, state in states.items():
            _save(connection, key, state)


def _judge(connection: Connection, frame: Frame, entry: Entry, last: Place | None) -> None:
    """Judge the frames of this name and, when there are any, those of the next."""
    key = (frame.gateway, frame.epoch, frame.stream)
    table = frame_table
    query = select(table.c.position, table.c.seq, table.c.hash, table.c.raw).where(
        _is_of(table, key),
        table.c.seq.between(frame.seq - 1, frame.seq + 1),
        table.c.position < entry.position,
    )
    links: dict[int, list[Link]] = {frame.seq: [Link.of(frame, entry.hash)]}
    found_before = connection.execute(query).all()
    before = {row.hash for row in found_before if row.seq < frame.seq}
    others = [row for row in found_before if row.seq >= frame.seq]
    for row, raw in archives.with_bytes(connection, others):
        known = Entry(row.position, entry.received_ms, raw, row.hash).frame
        links.setdefault(row.seq, []).append(Link.of(known, row.hash))
    here = {link.hash for link in links[frame.seq]}
    is_first_of_its_name = len(here) == 1
    for seq, found in links.items():
        faults = faults_of(
            frame.stream, frame.epoch, seq, found, before if seq == frame.seq else here
        )
        if is_after(last, frame.stream, frame.epoch, seq):
            faults.add(Fault.AFTER_RETIREMENT)
        if faults or seq != frame.seq or not is_first_of_its_name:
            _record(connection, key, seq, faults, entry.position)


def _record(connection: Connection, key: _Key, seq: int, faults: set[Fault], position: int) -> None:
    """Make the faults of one name what they are now; `position` is the frame that shows them."""
    table = chain_fault
    named = and_(_is_of(table, key), table.c.seq == seq)
    known = {Fault(name) for name in connection.scalars(select(table.c.fault).where(named))}
    if gone := known - faults:
        connection.execute(delete(table).where(named, table.c.fault.in_(gone)))
    for fault in sorted(faults - known):
        _add(connection, (*key, seq), fault, position)


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


def _advance(connection: Connection, key: _Key, state: _State, position: int) -> None:
    """Move `upto` over what is held, and over dropped ranges that something held follows."""
    dropped = _dropped(connection, key, state.upto)
    while held := _held_beyond(connection, key, state.upto, position):
        for seq in held:
            for first, last in dropped:
                if first <= state.upto + 1 <= last:
                    state.upto = min(last, seq - 1)
            if seq != state.upto + 1:
                return
            state.upto = seq
        if len(held) < _AT_A_TIME:
            return


def _held_beyond(connection: Connection, key: _Key, upto: int, position: int) -> Sequence[int]:
    table = frame_table
    query = (
        select(table.c.seq)
        .where(_is_of(table, key), table.c.seq > upto, table.c.position <= position)
        .distinct()
        .order_by(table.c.seq)
    )
    return connection.scalars(query.limit(_AT_A_TIME)).all()


def _dropped(connection: Connection, key: _Key, upto: int) -> list[tuple[int, int]]:
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


def _keep_dropped(connection: Connection, key: _Key, first: int, last: int) -> None:
    gateway, epoch, _ = key
    row = {"gateway": gateway, "epoch": epoch, "first": first, "last": last}
    table = dropped_range
    same = [table.c[name] == value for name, value in row.items()]
    if connection.execute(select(table.c.first).where(*same)).first() is None:
        connection.execute(insert(table).values(row))


def _is_of(table: Any, key: _Key) -> ColumnElement[bool]:
    gateway, epoch, stream = key
    return and_(table.c.gateway == gateway, table.c.epoch == epoch, table.c.stream == int(stream))


def _state(connection: Connection, states: dict[_Key, _State], key: _Key) -> _State:
    if key not in states:
        query = select(chain.c.upto, chain.c.highest).where(_is_of(chain, key))
        row = connection.execute(query).first()
        states[key] = _State(0, 0) if row is None else _State(*row)
    return states[key]


def _save(connection: Connection, key: _Key, state: _State) -> None:
    if state.highest == 0:
        return  # a dropped range of a chain that has not begun here
    values = {"upto": state.upto, "highest": state.highest}
    changed = connection.execute(update(chain).where(_is_of(chain, key)).values(values))
    if changed.rowcount == 0:
        gateway, epoch, stream = key
        connection.execute(
            insert(chain).values(gateway=gateway, epoch=epoch, stream=int(stream), **values)
        )
