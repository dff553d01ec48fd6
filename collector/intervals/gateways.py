"""What gateways said of themselves last, in the order of their chains: start, health, fault."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from collector.evidence.frame import Event, Frame
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS, believable_ms
from collector.model.health import Ailment, Health
from collector.storage.tables import gateway_fact as table

_BOOT, _HEALTH, _FAULT = "boot", "health", "fault"


@dataclass(frozen=True, slots=True)
class Condition:
    """The newest start of a gateway, and its health since; None: it has said nothing of it."""

    booted_ms: int | None
    firmware: str | None
    is_safe_mode: bool
    health: Health | None
    health_ms: int | None
    fault: str | None
    fault_ms: int | None
    heard_ms: int | None
    """When the collector received what is newest of start and health."""

    @property
    def ailments(self) -> tuple[Ailment, ...]:
        found = () if self.health is None else self.health.ailments()
        return (*found, Ailment.SAFE_MODE) if self.is_safe_mode else found


def keep_boot(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    detail: dict[int, Any] = event.detail
    body = {
        "cause": detail[0],
        "implementation": detail[1],
        "firmware": detail[2],
        "firmware_sha256": detail[3].hex(),
        "safe_mode": 4 in detail,
    }
    _keep(connection, _BOOT, frame, event, entry, body)


def keep_health(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    """With the one before it in the same start, from which the buses are counted."""
    detail = [event.detail[key] for key in range(9)]
    known = _known(connection, frame.gateway, _HEALTH)
    boot = _known(connection, frame.gateway, _BOOT)
    before = None
    if known is not None and (boot is None or _place(boot) < _place(known)):
        before = known["detail"]
    body = {"detail": detail, "before": before}
    _keep(connection, _HEALTH, frame, event, entry, body)


def keep_fault(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    body = {"task": event.detail[0], "what": event.detail[1]}
    _keep(connection, _FAULT, frame, event, entry, body)


def conditions(connection: Connection) -> dict[str, Condition]:
    """Of each gateway by its id."""
    facts: dict[str, dict[str, tuple[int, dict[str, Any]]]] = {}
    for row in connection.execute(select(table)):
        facts.setdefault(row.gateway.hex(), {})[row.name] = (row.at_ms, json.loads(row.body))
    return {gateway: _condition(said) for gateway, said in sorted(facts.items())}


def firmware_hashes(connection: Connection) -> dict[str, str]:
    """In hex, of what each gateway runs, by its newest start."""
    query = select(table.c.gateway, table.c.body).where(table.c.name == _BOOT)
    found = {gateway.hex(): json.loads(body) for gateway, body in connection.execute(query)}
    return {gateway: body["firmware_sha256"] for gateway, body in found.items()}


def _condition(said: dict[str, tuple[int, dict[str, Any]]]) -> Condition:
    booted_ms, boot = said.get(_BOOT, (None, None))
    health_ms, health = said.get(_HEALTH, (None, None))
    if boot is not None and health is not None and _place(health) < _place(boot):
        health_ms = health = None  # of the start before
    fault_ms, fault = said.get(_FAULT, (None, None))
    newest = health or boot or {}
    return Condition(
        booted_ms=booted_ms,
        firmware=None if boot is None else boot["firmware"],
        # In safe mode there are no health events: one says that it is over.
        is_safe_mode=boot is not None and boot.get("safe_mode", False) and health is None,
        health=None if health is None else Health.between(health["detail"], health["before"]),
        health_ms=health_ms,
        fault=None if fault is None else f"{fault['task']}: {fault['what']}",
        fault_ms=fault_ms,
        heard_ms=newest.get("received_ms"),
    )


def _keep(
    connection: Connection,
    name: str,
    frame: Frame,
    event: Event,
    entry: Entry,
    body: dict[str, Any],
) -> None:
    known = _known(connection, frame.gateway, name)
    if known is not None and _place(known) >= (frame.epoch, frame.seq):
        return
    place = {"epoch": frame.epoch, "seq": frame.seq, "received_ms": entry.received_ms}
    if event.at_ms > entry.received_ms + AHEAD_MS:
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"{name} at {event.at_ms}")
    connection.execute(delete(table).where(*_of(frame.gateway, name)))
    connection.execute(
        insert(table).values(
            gateway=frame.gateway,
            name=name,
            at_ms=believable_ms(entry, frame, event.at_ms),
            position=entry.position,
            body=json.dumps(body | place),
        )
    )


def _known(connection: Connection, gateway: bytes, name: str) -> dict[str, Any] | None:
    body = connection.scalar(select(table.c.body).where(*_of(gateway, name)))
    return None if body is None else json.loads(body)


def _of(gateway: bytes, name: str) -> tuple[Any, Any]:
    return table.c.gateway == gateway, table.c.name == name


def _place(body: dict[str, Any]) -> tuple[int, int]:
    return body["epoch"], body["seq"]
