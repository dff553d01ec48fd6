"""How wrong the clocks were that dated snapshots, as the gateways' clock events show later.

An event says by how much it moved the clock. What was dated before it was wrong by that, and by
what the events after it moved, until one of them is by a receipt, or a snapshot has letter S: there
the clock was right. A clock that came nearer to the time by itself was once more wrong than that.
A view: it is the same in whatever order the frames came.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, tuple_, update

from collector.evidence.frame import Event, Frame
from collector.intervals import due
from collector.intervals.snapshots import moments
from collector.ledger.flags import Flag, drop_flag, keep_flag
from collector.ledger.identities import Place
from collector.ledger.ledger import Entry
from collector.storage.tables import clock_event as table
from collector.storage.tables import snapshot

_VOUCHED, _DOUBTED = "S", "I"
_BY_RECEIPT, _FLOOR = "receipt", "floor"
_END: Place = (2**63 - 1, 0, 0)
_STORED = range(-(2**63) + 1, 2**63)  # SQLite has no abs(-2^63)

_EVENTS = (table.c.epoch, table.c.seq, table.c.record)
_SNAPSHOTS = (snapshot.c.epoch, snapshot.c.seq, snapshot.c.record)


def keep_event(
    connection: Connection, entry: Entry, frame: Frame, record: int, event: Event
) -> None:
    """Keep a clock event, once, and judge the snapshots that it bears on."""
    same = (table.c.position == entry.position, table.c.record == record)
    if connection.execute(select(table.c.seq).where(*same)).first() is not None:
        return
    error_ms, source = event.detail[1] - event.detail[0], event.detail[2]
    is_known = source != _FLOOR and error_ms in _STORED
    row = {
        "position": entry.position,
        "record": record,
        "gateway": frame.gateway,
        "epoch": frame.epoch,
        "seq": frame.seq,
        "error_ms": error_ms if is_known else None,
        "is_last": not is_known or source.startswith(_BY_RECEIPT),
    }
    connection.execute(insert(table).values(row))
    _judge_before(connection, frame.gateway, (frame.epoch, frame.seq, record))


def judge(connection: Connection, frame: Frame, first: int, last: int) -> None:
    """Say how wrong the clock was of a frame's snapshots, new ones, or of what they vouch for.

    `first`, `last`: which of its records they are. Frames that come in order take together as
    long as they are many; one that is late, as many clock events as bear on it.
    """
    epoch, seq = frame.epoch, frame.seq
    if frame.clock.letter == _VOUCHED:
        _judge_before(connection, frame.gateway, (epoch, seq, first))
    elif frame.clock.letter == _DOUBTED:
        _judge_between(connection, frame.gateway, (epoch, seq, first - 1), (epoch, seq, last + 1))


def _judge_before(connection: Connection, gateway: bytes, place: Place) -> None:
    """What a new place bears on: nothing behind it, and nothing before a known one."""
    if _is_ever_doubted(connection, gateway):
        _judge_between(connection, gateway, None, place)


def _judge_between(
    connection: Connection, gateway: bytes, start: Place | None, stop: Place
) -> None:
    """The snapshots between two places; `start` None: those from the last known one on."""
    end, error_ms = _next_known(connection, gateway, stop)
    if end == _END:
        return  # of none of them was it ever known
    if start is None:
        start = _last_known(connection, gateway, stop) or (0, 0, 0)
    query = select(*_EVENTS, table.c.error_ms, table.c.is_last).where(
        table.c.gateway == gateway,
        tuple_(*_EVENTS) > tuple_(*start),
        tuple_(*_EVENTS) < tuple_(*end),
    )
    for *at, moved_ms, is_last in connection.execute(
        query.order_by(*(each.desc() for each in _EVENTS))
    ).all():
        place = (at[0], at[1], at[2])
        if place < stop:
            _set(connection, gateway, place, min(end, stop), error_ms)
        end = place
        error_ms = moved_ms if is_last else _sum(error_ms, moved_ms)
    _set(connection, gateway, start, min(end, stop), error_ms)


def _sum(error_ms: int | None, moved_ms: int) -> int | None:
    """None when it is not known, or too much to be one."""
    if error_ms is None or error_ms + moved_ms not in _STORED:
        return None
    return error_ms + moved_ms


def is_misdated(error_ms: int | None, interval_ms: int | None) -> bool:
    """Whether a boundary may be none of those next to the one that the snapshot names."""
    return error_ms is not None and interval_ms is not None and abs(error_ms) >= interval_ms


def _is_ever_doubted(connection: Connection, gateway: bytes) -> bool:
    doubted = select(snapshot.c.position).where(
        snapshot.c.gateway == gateway, snapshot.c.clock == _DOUBTED
    )
    return connection.execute(doubted.limit(1)).first() is not None


def _last_known(connection: Connection, gateway: bytes, place: Place) -> Place | None:
    """The last place before, from which on nothing bears on what stands before it."""
    (events, known_event), (snapshots, vouched) = _known(gateway)
    query = select(*snapshots).where(vouched, tuple_(*snapshots) < tuple_(*place))
    right = _first(connection, query, snapshots, -1)
    query = select(*events).where(known_event, tuple_(*events) < tuple_(*place))
    if right is not None:
        query = query.where(tuple_(*events) > tuple_(*right))
    found = _first(connection, query, events, -1) or right
    return None if found is None else (found[0], found[1], found[2])


def _next_known(connection: Connection, gateway: bytes, place: Place) -> tuple[Place, int | None]:
    """The first place, from this one on, where the clock was known; and how wrong it was before."""
    (events, known_event), (snapshots, vouched) = _known(gateway)
    query = select(*snapshots).where(vouched, tuple_(*snapshots) >= tuple_(*place))
    right = _first(connection, query, snapshots, 1)
    query = select(*events, table.c.error_ms).where(known_event, tuple_(*events) >= tuple_(*place))
    if right is not None:
        query = query.where(tuple_(*events) < tuple_(*right))
    event = _first(connection, query, events, 1)
    if event is not None:
        return (event[0], event[1], event[2]), event[3]
    return (_END, None) if right is None else ((right[0], right[1], right[2]), 0)


def _known(gateway: bytes) -> tuple[tuple[Any, ColumnElement[bool]], ...]:
    return (
        (_EVENTS, and_(table.c.gateway == gateway, table.c.is_last)),
        (_SNAPSHOTS, and_(snapshot.c.gateway == gateway, snapshot.c.clock == _VOUCHED)),
    )


def _first(connection: Connection, query: Any, by: Any, direction: int) -> Any:
    order = by if direction > 0 else [each.desc() for each in by]
    return connection.execute(query.order_by(*order).limit(1)).first()


def _set(
    connection: Connection, gateway: bytes, start: Place, end: Place, error_ms: int | None
) -> None:
    between = (
        snapshot.c.gateway == gateway,
        snapshot.c.clock == _DOUBTED,
        tuple_(*_SNAPSHOTS) > tuple_(*start),
        tuple_(*_SNAPSHOTS) < tuple_(*end),
        snapshot.c.clock_error_ms.is_distinct_from(error_ms),
    )
    columns = (snapshot.c.position, snapshot.c.clock_error_ms, snapshot.c.interval_ms)
    changed = connection.execute(select(*columns).where(*between).distinct()).all()
    for position, before_ms, interval_ms in changed:
        if is_misdated(error_ms, interval_ms):
            text = f"dated by a clock that was {error_ms} ms from the time"
            keep_flag(connection, position, Flag.TIME_WRONG, text)
        elif is_misdated(before_ms, interval_ms):
            drop_flag(connection, position, Flag.TIME_WRONG)
    if changed:
        due.mark(connection, moments(connection, *between))
        connection.execute(update(snapshot).where(*between).values(clock_error_ms=error_ms))
