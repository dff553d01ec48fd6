"""Schedules that were issued, what gateways said of them, and what their limiters did."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, Row, func, insert, select, update

from collector.evidence.frame import Event, EventCode, Stream
from collector.evidence.schedule import MAX_UINT32
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS
from collector.storage.tables import issued, limiter_event
from collector.storage.tables import schedule as table

log = structlog.get_logger()

KIND = "schedule"
PERMITS = ("none", "current", "failsafe", "beating", "renewed")
LOADS = ("under", "over", "shed", "shed_over", "ready")
"""The states of a gateway's limiter by their numbers (docs/limiter.md)."""
_REFUSED = 2
_OPERATORS = ("operator_outage", "expired")
"""Causes of a fail-safe that are the operator's."""


@dataclass(frozen=True)
class Issued:
    """A schedule and what its gateway said of it. `hash` None: it is not one of ours."""

    gateway: str
    serial: int
    site: str
    hash: bytes | None
    issued_ms: int
    taken_ms: int | None
    refusal: str | None


@dataclass(frozen=True)
class LimiterState:
    """Where a gateway's limiter stands, as it said last."""

    permit: str
    load: str
    cause: str
    at_ms: int
    received_ms: int
    position: int


def newest(connection: Connection) -> dict[str, Issued]:
    """The one of the highest serial number of each gateway."""
    last = select(table.c.gateway, func.max(table.c.serial)).group_by(table.c.gateway)
    rows = {(gateway, serial) for gateway, serial in connection.execute(last)}
    query = select(table).where(table.c.serial.in_({serial for _, serial in rows}))
    return {
        row.gateway: _issued(row)
        for row in connection.execute(query)
        if (row.gateway, row.serial) in rows
    }


def held(connection: Connection, gateway: str) -> Issued | None:
    """The newest that the gateway says it took."""
    query = (
        select(table)
        .where(table.c.gateway == gateway, table.c.taken_ms.is_not(None))
        .order_by(table.c.serial.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else _issued(row)


def keep(
    connection: Connection, gateway: str, serial: int, site: str, digest: bytes, now_ms: int
) -> None:
    row = {"gateway": gateway, "serial": serial, "site": site, "hash": digest, "issued_ms": now_ms}
    connection.execute(insert(table), [row])


def message(connection: Connection, digest: bytes) -> bytes:
    raw: bytes = connection.execute(
        select(issued.c.raw).where(issued.c.hash == digest)
    ).scalar_one()
    return raw


def limiter_states(connection: Connection) -> dict[str, LimiterState]:
    """Of each gateway that ever said one."""
    last = select(func.max(limiter_event.c.id)).group_by(limiter_event.c.gateway)
    query = select(limiter_event).where(limiter_event.c.id.in_(last))
    return {row.gateway: _state(row) for row in connection.execute(query)}


@dataclass(frozen=True)
class Said:
    """A limiter's last event: `limit` is (Wh in a period or None, W); `acts`: it enforces that."""

    state: LimiterState
    limit: tuple[int | None, int] | None
    acts: bool


def last_said(connection: Connection, gateway: str) -> Said | None:
    """None of a gateway that never said anything of its limit."""
    table = limiter_event
    query = select(table).where(table.c.gateway == gateway).order_by(table.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    body = json.loads(row.body)
    limit = body["3"]
    return Said(_state(row), None if limit is None else (limit[0], limit[1]), bool(body["5"]))


def _state(row: Row[Any]) -> LimiterState:
    return LimiterState(
        PERMITS[row.permit], LOADS[row.load], row.cause, row.at_ms, row.received_ms, row.position
    )


def newest_event(connection: Connection) -> int:
    """The number of the last event of any limiter; 0 where there was none."""
    return connection.scalar(select(func.max(limiter_event.c.id))) or 0


def _issued(row: object) -> Issued:
    return Issued(
        *(
            getattr(row, name)
            for name in ("gateway", "serial", "site", "hash", "issued_ms", "taken_ms", "refusal")
        )
    )


@dataclass(frozen=True)
class FailSafeSpan:
    """A time for which a gateway was in its fail-safe; `until_ms` None: it is still.

    `settled_as` "operator": no receipt came although the broker answered, or no schedule that
    holds; the licensee did not bring it about. "open": nobody could be reached, and whose fault
    that was the gateway cannot say.
    """

    from_ms: int
    until_ms: int | None
    cause: str
    settled_as: str
    position: int


def fail_safes(connection: Connection, gateway: str) -> list[FailSafeSpan]:
    """Of a gateway, in order."""
    query = (
        select(limiter_event).where(limiter_event.c.gateway == gateway).order_by(limiter_event.c.id)
    )
    spans: list[FailSafeSpan] = []
    began: Row[Any] | None = None
    for row in connection.execute(query):
        is_safe = PERMITS[row.permit] not in ("none", "current")
        if is_safe and began is None:
            began = row
        elif not is_safe and began is not None:
            spans.append(_span(began, row.at_ms))
            began = None
    return spans if began is None else [*spans, _span(began, None)]


def _span(began: Row[Any], until_ms: int | None) -> FailSafeSpan:
    settled_as = "operator" if began.cause in _OPERATORS else "open"
    return FailSafeSpan(began.at_ms, until_ms, began.cause, settled_as, began.position)


class ScheduleFollower:
    """Follows what gateways say of their schedules and limiters."""

    name = "schedules"
    stream = Stream.BILLING

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for entry in entries:
            gateway = entry.frame.gateway.hex()
            for record in entry.frame.records:
                if not isinstance(record, Event):
                    continue
                if record.code is EventCode.SCHEDULE:
                    _note_schedule(connection, gateway, record, entry)
                elif record.code is EventCode.LIMITER:
                    _note_limiter(connection, gateway, record, entry)


def _note_schedule(connection: Connection, gateway: str, event: Event, entry: Entry) -> None:
    digest, serial, result = event.detail[0], event.detail[1], event.detail[2]
    log.info(
        "gateway.schedule",
        gateway=gateway,
        serial=serial,
        result=("observe", "enforce", "refused")[result],
        reason=event.detail.get(3),
    )
    ours = (table.c.gateway == gateway, table.c.hash == digest)
    if result != _REFUSED:
        said: dict[str, Any] = {
            "taken_ms": _believable(event, entry),
            "refusal": None,
            "position": entry.position,
        }
        first = table.c.taken_ms.is_(None)  # after each start the gateway says it again
        connection.execute(update(table).where(*ours, first).values(said))
        return
    said = {"refusal": _kept(event.detail.get(3, "")), "position": entry.position}
    connection.execute(update(table).where(*ours, table.c.taken_ms.is_(None)).values(said))
    known = connection.scalar(select(func.max(table.c.serial)).where(table.c.gateway == gateway))
    if (
        known is not None and known < serial < MAX_UINT32
    ):  # ours is a ledger that was restored: count on from it
        row = {"gateway": gateway, "serial": serial, "site": "", "issued_ms": entry.received_ms}
        connection.execute(insert(table), [row])


def _note_limiter(connection: Connection, gateway: str, event: Event, entry: Entry) -> None:
    permit, load = event.detail[1]
    log.info(
        "gateway.limiter",
        gateway=gateway,
        permit=PERMITS[permit],
        load=LOADS[load],
        cause=event.detail[2],
        limit=event.detail[3],
        measured=event.detail[4],
        enforced=bool(event.detail[5]),
        stages=event.detail[7],
    )
    body = {str(key): v.hex() if isinstance(v, bytes) else v for key, v in event.detail.items()}
    row = {
        "gateway": gateway,
        "position": entry.position,
        "at_ms": _believable(event, entry),
        "received_ms": entry.received_ms,
        "permit": permit,
        "load": load,
        "cause": _kept(event.detail[2]),
        "body": json.dumps(body),
    }
    connection.execute(insert(limiter_event), [row])


def _believable(event: Event, entry: Entry) -> int:
    """The gateway's time, unless that is still to come."""
    is_so = event.at_ms <= entry.received_ms + AHEAD_MS
    return event.at_ms if is_so else entry.received_ms


def _kept(text: str) -> str:
    return text[:200].replace("\0", "\ufffd")  # PostgreSQL keeps no NUL
