"""Follows the ledger's billing stream into register snapshots and gateway facts."""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, delete, insert, select

from collector.evidence.frame import Event, EventCode, Frame, Interval, Reading, Stream
from collector.intervals.energy import first_snapshot
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS, Decoded, FlaggedReading, decode
from collector.model.energy import IMPORT
from collector.registry.configurations import Configurations
from collector.storage.tables import gateway_fact, snapshot

log = structlog.get_logger()


class IntervalFollower:
    """Keeps the first snapshot for a meter, quantity and moment: billing does not change."""

    name = "intervals"

    def __init__(self, configurations: Configurations) -> None:
        self._configurations = configurations

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for entry in entries:
            frame = entry.frame
            if frame.stream is not Stream.BILLING:
                continue
            for record in frame.records:
                if isinstance(record, Interval | Reading):
                    self._snapshot(connection, frame, record, entry)
                elif isinstance(record, Event) and record.code is EventCode.BOOT:
                    _keep_boot(connection, frame, record, entry)

    def _snapshot(
        self, connection: Connection, frame: Frame, record: Interval | Reading, entry: Entry
    ) -> None:
        try:
            read = decode(self._configurations, entry, frame, record)
            _check_counts(read)
        except FlaggedReading as error:
            keep_flag(connection, entry.position, error.flag, str(error))
            return
        if IMPORT in read.values and first_snapshot(connection, read.meter) is None:
            energy_wh = str(read.values[IMPORT].value)
            log.info("meter.first_reading", meter=read.meter, at_ms=read.at_ms, energy_wh=energy_wh)
        is_interval = isinstance(record, Interval)
        for name, quantity in read.values.items():
            row = {
                "meter": read.meter,
                "quantity": name,
                "at_ms": read.at_ms,
                "kind": "interval" if is_interval else "reading",
                "count": quantity.count,
                "quantum": str(quantity.quantum),
                "offset_ms": record.offset_ms if isinstance(record, Interval) else 0,
                "clock": frame.clock.letter,
                "position": entry.position,
            }
            same = (
                snapshot.c.meter == read.meter,
                snapshot.c.quantity == name,
                snapshot.c.at_ms == read.at_ms,
            )
            if connection.execute(select(snapshot.c.position).where(*same)).first() is None:
                connection.execute(insert(snapshot).values(row))


def _check_counts(read: Decoded) -> None:
    for name, quantity in read.values.items():
        if not -(2**63) <= quantity.count < 2**63:
            raise FlaggedReading(Flag.UNDECODED, f"{name}: a count of {quantity.count}")


def _keep_boot(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    """The newest boot of a gateway in the order of its chain, as it reported it."""
    table = gateway_fact
    same = (table.c.gateway == frame.gateway, table.c.name == "boot")
    known = connection.scalar(select(table.c.body).where(*same))
    if known is not None and _place(json.loads(known)) > (frame.epoch, frame.seq):
        return
    detail: dict[int, Any] = event.detail
    body = json.dumps(
        {
            "cause": detail[0],
            "implementation": detail[1],
            "firmware": detail[2],
            "firmware_sha256": detail[3].hex(),
            "epoch": frame.epoch,
            "seq": frame.seq,
        }
    )
    is_ahead = event.at_ms > entry.received_ms + AHEAD_MS
    if is_ahead:
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"boot at {event.at_ms}")
    at_ms = entry.received_ms if is_ahead else event.at_ms
    connection.execute(delete(table).where(*same))
    connection.execute(
        insert(table).values(
            gateway=frame.gateway, name="boot", at_ms=at_ms, position=entry.position, body=body
        )
    )


def _place(body: dict[str, Any]) -> tuple[int, int]:
    return body["epoch"], body["seq"]
