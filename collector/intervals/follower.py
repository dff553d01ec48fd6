"""Follows the ledger's billing stream into register snapshots and gateway facts."""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, delete, insert, select

from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Clock, Event, EventCode, Frame, Interval, Reading, Stream
from collector.intervals.energy import IMPORT, first_snapshot
from collector.ledger.ledger import Entry
from collector.model.profile import ReadingError
from collector.registry.configurations import ConfigurationError, Configurations
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
                    self._snapshot(connection, frame, record, entry.position)
                elif isinstance(record, Event):
                    _fact(connection, frame.gateway, record, entry.position)

    def _snapshot(
        self, connection: Connection, frame: Frame, record: Interval | Reading, position: int
    ) -> None:
        try:
            meter = self._configurations.meters(frame.configuration)[record.slot]
            values = meter.decode(record.raw, record.quality, interval=True)
        except (ConfigurationError, EvidenceError, ReadingError, KeyError) as error:
            log.error("intervals.undecoded", position=position, error=str(error))
            return
        kind, at_ms, offset_ms = _moment(record)
        if IMPORT in values and first_snapshot(connection, meter.serial) is None:
            energy_wh = str(values[IMPORT].value)
            log.info("meter.first_reading", meter=meter.serial, at_ms=at_ms, energy_wh=energy_wh)
        for name, quantity in values.items():
            row = {
                "meter": meter.serial,
                "quantity": name,
                "at_ms": at_ms,
                "kind": kind,
                "count": quantity.count,
                "quantum": str(quantity.quantum),
                "offset_ms": offset_ms,
                "clock": _clock(frame.clock),
                "position": position,
            }
            same = (
                snapshot.c.meter == meter.serial,
                snapshot.c.quantity == name,
                snapshot.c.at_ms == at_ms,
            )
            if connection.execute(select(snapshot.c.position).where(*same)).first() is None:
                connection.execute(insert(snapshot).values(row))


def _moment(record: Interval | Reading) -> tuple[str, int, int]:
    if isinstance(record, Interval):
        return "interval", record.boundary_ms, record.offset_ms
    return "reading", record.read_ms, 0


def _clock(clock: Clock) -> str:
    return clock.letter


def _fact(connection: Connection, gateway: bytes, event: Event, position: int) -> None:
    """The newest boot of a gateway, as it reported it."""
    if event.code is not EventCode.BOOT:
        return
    detail: dict[int, Any] = event.detail
    body = json.dumps(
        {
            "cause": detail[0],
            "implementation": detail[1],
            "firmware": detail[2],
            "firmware_sha256": detail[3].hex(),
        }
    )
    table = gateway_fact
    connection.execute(delete(table).where(table.c.gateway == gateway, table.c.name == "boot"))
    connection.execute(
        insert(table).values(
            gateway=gateway, name="boot", at_ms=event.at_ms, position=position, body=body
        )
    )
