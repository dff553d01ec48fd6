"""What a gateway last said of itself: its start, its configuration, one that it refused."""

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from collector.evidence.frame import Event, EventCode, Frame
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS
from collector.storage.tables import gateway_fact

BOOT, CONFIGURATION, REFUSAL = "boot", "configuration", "refusal"
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
    is_ahead = event.at_ms > entry.received_ms + AHEAD_MS
    if is_ahead:
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"{name} at {event.at_ms}")
    at_ms = entry.received_ms if is_ahead else event.at_ms
    text = json.dumps(body | {"epoch": frame.epoch, "seq": frame.seq})
    connection.execute(delete(table).where(*same))
    connection.execute(
        insert(table).values(
            gateway=frame.gateway, name=name, at_ms=at_ms, position=entry.position, body=text
        )
    )


def _fact(event: Event) -> tuple[str | None, dict[str, Any]]:
    detail: dict[int, Any] = event.detail
    if event.code is EventCode.BOOT:
        return BOOT, {
            "cause": detail[0],
            "implementation": detail[1],
            "firmware": detail[2],
            "firmware_sha256": detail[3].hex(),
        }
    if event.code is EventCode.CONFIGURATION:
        return CONFIGURATION, {"version": detail[1], "sha256": detail[0].hex()}
    if event.code is EventCode.FAULT and detail[0] == _TASK:
        return REFUSAL, {"what": detail[1]}
    return None, {}


def _place(body: dict[str, Any]) -> tuple[int, int]:
    return body["epoch"], body["seq"]


def newest(connection: Connection, name: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """When each gateway said it, and what."""
    query = select(gateway_fact).where(gateway_fact.c.name == name)
    return {
        row.gateway.hex(): (row.at_ms, json.loads(row.body)) for row in connection.execute(query)
    }


def refusals(connection: Connection) -> dict[str, str]:
    """What each gateway refused of late: after it, no other configuration came into force."""
    in_force = newest(connection, CONFIGURATION)
    return {
        gateway: body["what"]
        for gateway, (_, body) in newest(connection, REFUSAL).items()
        if gateway not in in_force or _place(in_force[gateway][1]) < _place(body)
    }
