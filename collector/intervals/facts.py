"""What a gateway last said of its configuration, of a release, and of its commissioning."""

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from collector.evidence.frame import Event, EventCode, Frame
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS, believable_ms
from collector.storage.tables import gateway_fact

CONFIGURATION, REFUSAL, FIRMWARE = "configuration", "refusal", "firmware"
COMMISSIONED = "commissioned"
_TASK = "configuration"


def keep(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    """The newest fact of its name in the order of the gateway's chain, as it was reported."""
    name, body = _fact(event)
    if name is None:
        return
    table = gateway_fact
    same = (table.c.gateway == frame.gateway, table.c.name == name)
    known = connection.scalar(select(table.c.body).where(*same))
    if known is not None and _place(json.loads(known)) > (frame.epoch, frame.seq):
        return
    if event.at_ms > entry.received_ms + AHEAD_MS:
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"{name} at {event.at_ms}")
    at_ms = believable_ms(entry, frame, event.at_ms)
    place = {"epoch": frame.epoch, "seq": frame.seq, "received_ms": entry.received_ms}
    text = json.dumps(body | place)
    connection.execute(delete(table).where(*same))
    connection.execute(
        insert(table).values(
            gateway=frame.gateway, name=name, at_ms=at_ms, position=entry.position, body=text
        )
    )


def _fact(event: Event) -> tuple[str | None, dict[str, Any]]:
    detail: dict[int, Any] = event.detail
    if event.code is EventCode.CONFIGURATION:
        return CONFIGURATION, {"version": detail[1], "sha256": detail[0].hex()}
    if event.code is EventCode.FAULT and detail[0] == _TASK:
        return REFUSAL, {"what": detail[1]}
    if event.code is EventCode.FIRMWARE:
        body = {"step": detail[0], "number": detail[1], "bundle": detail[2].hex()}
        return FIRMWARE, body | {"why": detail.get(3)}
    if event.code is EventCode.COMMISSIONED:
        signers = [each.hex() for each in detail[1]]
        return COMMISSIONED, {"act": detail[0].hex(), "signers": signers, "at_ms": event.at_ms}
    return None, {}


def _place(body: dict[str, Any]) -> tuple[int, int]:
    return body["epoch"], body["seq"]


def in_force(connection: Connection) -> dict[str, int]:
    """The version that each gateway said is in force."""
    return {gateway: body["version"] for gateway, body in _newest(connection, CONFIGURATION)}


def firmware(connection: Connection) -> list[tuple[str, dict[str, Any]]]:
    """What each gateway told last of a release: step, number, bundle, why, received_ms."""
    return _newest(connection, FIRMWARE)


def commissioned(connection: Connection) -> dict[str, dict[str, Any]]:
    """The last act that each gateway bound into its chain: act, signers, at_ms."""
    return dict(_newest(connection, COMMISSIONED))


def _newest(connection: Connection, name: str) -> list[tuple[str, dict[str, Any]]]:
    query = select(gateway_fact.c.gateway, gateway_fact.c.body).where(gateway_fact.c.name == name)
    return [(gateway.hex(), json.loads(body)) for gateway, body in connection.execute(query)]


def refusals(connection: Connection) -> dict[str, str]:
    """What each gateway refused of late: after it, no other configuration came into force."""
    since = {gateway: _place(body) for gateway, body in _newest(connection, CONFIGURATION)}
    return {
        gateway: body["what"]
        for gateway, body in _newest(connection, REFUSAL)
        if since.get(gateway, (0, 0)) < _place(body)
    }
