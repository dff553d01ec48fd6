"""What instruments said of themselves, and whose the readings are between two such sayings.

A view: it is the same in whatever order the frames came, since everything is judged by place in
the gateway's billing chain; or by time, for what stands in the other chain.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Connection, and_, insert, select, tuple_

from collector.evidence.frame import Event, Frame
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import FlaggedReading, believable_ms, meter_of
from collector.model.identity import ratios_of
from collector.model.profile import ReadingError
from collector.registry.configurations import Configurations, ConfiguredMeter
from collector.storage.tables import identity as table

log = structlog.get_logger()

Place = tuple[int, int, int]
"""Epoch, seq, and the record's number in its frame."""
PLACE = (table.c.epoch, table.c.seq, table.c.record)
_TIME = (table.c.at_ms, *PLACE)
_DIFFERS = table.c.is_serial.is_(False) | table.c.is_ratio.is_(False)


class Standing(StrEnum):
    """Why readings are not the configured meter's."""

    OTHER_METER = "other_meter"
    OTHER_RATIO = "other_ratio"


@dataclass(frozen=True, slots=True)
class Identity:
    """What was read once. `is_serial` and `is_ratio` are None where nothing was read of them."""

    gateway: bytes
    slot: int
    meter: str
    place: Place
    at_ms: int
    position: int
    is_serial: bool | None
    is_ratio: bool | None
    read: dict[str, str]

    @property
    def standing(self) -> Standing | None:
        """By what was read this time alone."""
        return _standing(self.is_serial, self.is_ratio)


@dataclass(frozen=True, slots=True)
class Span:
    """Readings from `start` on, before `end`; places or times, as asked. None: no end."""

    start: Any
    end: Any
    standing: Standing | None


def keep(
    connection: Connection,
    configurations: Configurations,
    entry: Entry,
    frame: Frame,
    record: int,
    event: Event,
) -> Identity | None:
    """Keep an identity event, once; None when it cannot be decoded, and its frame is flagged."""
    slot, quality, raw = event.detail[0], event.detail[1], event.detail[2]
    try:
        _, meter = meter_of(configurations, frame, slot)
        read = meter.profile.decode_identity(raw, quality)
    except FlaggedReading as error:
        keep_flag(connection, entry.position, error.flag, str(error))
        return None
    except ReadingError as error:
        keep_flag(connection, entry.position, Flag.UNDECODED, str(error))
        return None
    found = meter.compare(read)
    identity = Identity(
        gateway=frame.gateway,
        slot=slot,
        meter=meter.serial,
        place=(frame.epoch, frame.seq, record),
        at_ms=believable_ms(entry, frame, event.at_ms),
        position=entry.position,
        is_serial=found.is_serial,
        is_ratio=found.is_ratio,
        read=_texts(meter, read),
    )
    same = (table.c.position == entry.position, table.c.record == record)
    if connection.execute(select(table.c.slot).where(*same)).first() is None:
        connection.execute(insert(table).values(_row(identity)))
        if identity.standing is not None:
            log.error(
                "meter.foreign",
                meter=identity.meter,
                standing=identity.standing,
                read=identity.read,
                position=entry.position,
            )
    return identity


def standing_at(
    connection: Connection, gateway: bytes, slot: int, meter: str, place: Place
) -> Standing | None:
    """Of a reading at a place of the billing chain."""
    return _carried(connection, _of(gateway, slot, meter), PLACE, place)


def kept_between(connection: Connection, first: int, last: int) -> list[Identity]:
    """Those of the frames at these positions."""
    query = select(table).where(table.c.position.between(first, last))
    rows = connection.execute(query.order_by(table.c.position, table.c.record))
    return [_identity(row) for row in rows]


def carried(said: Iterable[tuple[bool | None, bool | None]]) -> list[Standing | None]:
    """What readings are after each saying of the serial and of the ratios, in their order."""
    standings, is_serial, is_ratio = list[Standing | None](), None, None
    for serial, ratio in said:
        is_serial = is_serial if serial is None else serial
        is_ratio = is_ratio if ratio is None else ratio
        standings.append(_standing(is_serial, is_ratio))
    return standings


def spans_by_place(connection: Connection, identity: Identity) -> Iterator[Span]:
    """What the readings after an identity are, as far as it bears on them."""
    return _spans(connection, identity, PLACE, identity.place)


def spans_by_time(connection: Connection, identity: Identity) -> Iterator[Span]:
    """The same by time."""
    for span in _spans(connection, identity, _TIME, (identity.at_ms, *identity.place)):
        yield Span(span.start[0], None if span.end is None else span.end[0], span.standing)


def newest(connection: Connection, gateway: bytes, slot: int, meter: str) -> Identity | None:
    """The last in the chain."""
    query = select(table).where(_of(gateway, slot, meter))
    row = connection.execute(query.order_by(*(each.desc() for each in PLACE)).limit(1)).first()
    return None if row is None else _identity(row)


def newest_foreign(
    connection: Connection, gateway: bytes, slot: int, meter: str
) -> Identity | None:
    """The one by which what answers now is not the meter; None when it is, as far as is known."""
    for column in (table.c.is_serial, table.c.is_ratio):
        said = select(table).where(_of(gateway, slot, meter), column.is_not(None))
        row = connection.execute(said.order_by(*(each.desc() for each in PLACE)).limit(1)).first()
        if row is not None and getattr(row, column.name) is False:
            return _identity(row)
    return None


def ever_foreign(connection: Connection, meters: Collection[str]) -> set[str]:
    """Those of some meters for which another has ever answered: all but always none."""
    query = select(table.c.meter).where(table.c.meter.in_(meters), _DIFFERS).distinct()
    return set(connection.scalars(query))


def foreign(connection: Connection, meter: str, where: ColumnElement[bool]) -> list[Identity]:
    """Those that do not fit a meter, by time."""
    query = select(table).where(table.c.meter == meter, _DIFFERS, where).order_by(*_TIME)
    return [_identity(row) for row in connection.execute(query)]


def _spans(connection: Connection, identity: Identity, by: Any, at: Any) -> Iterator[Span]:
    """From this identity to the next ones, until these have said again all that it says."""
    key = _of(identity.gateway, identity.slot, identity.meter)
    said = {"is_serial": identity.is_serial, "is_ratio": identity.is_ratio}
    waiting = {name for name, value in said.items() if value is not None}
    for name, value in said.items():
        if value is None:
            said[name] = _last_said(connection, key, name, by, at)
    query = select(table).where(key, tuple_(*by) > tuple_(*at)).order_by(*by)
    start = at
    with connection.execute(query) as rows:
        for row in rows:
            end = tuple(getattr(row, column.name) for column in by)
            yield Span(start, end, _standing(said["is_serial"], said["is_ratio"]))
            start = end
            for name in said:
                if (value := getattr(row, name)) is not None:
                    said[name] = value
                    waiting.discard(name)
            if not waiting:
                return
    yield Span(start, None, _standing(said["is_serial"], said["is_ratio"]))


def _carried(
    connection: Connection, key: ColumnElement[bool], by: Any, before: Any
) -> Standing | None:
    """What was said last of the serial and of the ratios: a failure to read says nothing."""
    return _standing(
        _last_said(connection, key, "is_serial", by, before),
        _last_said(connection, key, "is_ratio", by, before),
    )


def _last_said(
    connection: Connection, key: ColumnElement[bool], name: str, by: Any, before: Any
) -> bool | None:
    column = table.c[name]
    query = select(column).where(key, column.is_not(None), tuple_(*by) < tuple_(*before))
    order = [each.desc() for each in (*by, *PLACE)]
    said: bool | None = connection.scalar(query.order_by(*order).limit(1))
    return said


def _standing(is_serial: bool | None, is_ratio: bool | None) -> Standing | None:
    if is_serial is False:
        return Standing.OTHER_METER
    return Standing.OTHER_RATIO if is_ratio is False else None


def _of(gateway: bytes, slot: int, meter: str) -> ColumnElement[bool]:
    return and_(table.c.gateway == gateway, table.c.slot == slot, table.c.meter == meter)


def _texts(meter: ConfiguredMeter, read: dict[str, str | Fraction]) -> dict[str, str]:
    texts = {name: value for name, value in read.items() if isinstance(value, str)}
    ratios = ratios_of(read)
    for kind, value, configured in (("ct", ratios.ct, meter.ct), ("vt", ratios.vt, meter.vt)):
        if value is not None:
            texts[kind] = str(value)
        texts[f"configured_{kind}"] = str(configured)
    return texts


def _row(identity: Identity) -> dict[str, Any]:
    epoch, seq, record = identity.place
    return {
        "position": identity.position,
        "record": record,
        "gateway": identity.gateway,
        "slot": identity.slot,
        "epoch": epoch,
        "seq": seq,
        "meter": identity.meter,
        "at_ms": identity.at_ms,
        "is_serial": identity.is_serial,
        "is_ratio": identity.is_ratio,
        "body": json.dumps(identity.read),
    }


def _identity(row: Any) -> Identity:
    return Identity(
        row.gateway,
        row.slot,
        row.meter,
        (row.epoch, row.seq, row.record),
        row.at_ms,
        row.position,
        row.is_serial,
        row.is_ratio,
        json.loads(row.body),
    )
