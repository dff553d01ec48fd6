"""Follows the ledger's billing stream into register snapshots and gateway facts."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, insert, select

from collector.evidence.frame import Event, EventCode, Frame, Interval, Reading, Stream
from collector.intervals import clocks, due, facts, gateways
from collector.intervals.contacts import keep_contact
from collector.intervals.due import Moment
from collector.intervals.evidence import keep_register_event
from collector.intervals.interlocks import keep_interlocks
from collector.intervals.snapshots import first_snapshot, judge_again
from collector.ledger import identities
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import Decoded, FlaggedReading, decode
from collector.model.energy import IMPORT, Quantity
from collector.model.plausibility import DoubtCode, in_doubt
from collector.registry.configurations import Configurations
from collector.storage.tables import snapshot

log = structlog.get_logger()

_KEY = ("meter", "quantity", "at_ms", "position")


class IntervalFollower:
    """Keeps snapshots and what gateways saw of the meters, at their places in the chains.

    The first snapshot that stands for a moment is billed: billing does not change.
    """

    name = "intervals"
    stream = Stream.BILLING

    def __init__(self, configurations: Configurations) -> None:
        self._configurations = configurations
        self._read: set[str] = set()
        """Meters of which it is known that they were read before."""
        self._others: set[str] | None = None

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        changed: set[Moment] = set()
        for entry in entries:
            frame = entry.frame
            self._others = None
            kept = []
            rows: list[dict[str, Any]] = []
            for number, record in enumerate(frame.records):
                if isinstance(record, Interval | Reading):
                    read = self._snapshot(connection, frame, number, record, entry, rows)
                    if read is not None:
                        kept.append(number)
                        changed |= {(read.meter, name, read.at_ms) for name in read.values}
                elif isinstance(record, Event):
                    _keep(connection, rows)  # what it says may bear on them
                    self._event(connection, frame, number, record, entry)
            _keep(connection, rows)
            if kept:
                clocks.judge(connection, frame, kept[0], kept[-1])
        due.mark(connection, changed)

    def _event(
        self, connection: Connection, frame: Frame, number: int, event: Event, entry: Entry
    ) -> None:
        known = self._configurations
        facts.keep(connection, frame, event, entry)
        if event.code is EventCode.BOOT:
            gateways.keep_boot(connection, frame, event, entry)
        elif event.code is EventCode.CLOCK:
            clocks.keep_event(connection, entry, frame, number, event)
        elif event.code is EventCode.STAGE:
            keep_contact(connection, entry, frame, number, event)
        elif event.code is EventCode.INTERLOCK:
            keep_interlocks(connection, entry, frame, number, event)
        elif event.code is EventCode.HEALTH:
            gateways.keep_health(connection, frame, event, entry)
        elif event.code is EventCode.FAULT:
            gateways.keep_fault(connection, frame, event, entry)
        elif event.code is EventCode.REGISTER:
            keep_register_event(connection, known, entry, frame, number, event)
        elif event.code is EventCode.IDENTITY:
            identity = identities.keep(connection, known, entry, frame, number, event)
            self._others = None
            if identity is not None:
                judge_again(connection, identity)

    def _snapshot(
        self,
        connection: Connection,
        frame: Frame,
        number: int,
        record: Interval | Reading,
        entry: Entry,
        rows: list[dict[str, Any]],
    ) -> Decoded | None:
        """What was read, and is to be kept."""
        try:
            read = decode(self._configurations, entry, frame, record)
            _check_counts(read)
        except FlaggedReading as error:
            keep_flag(connection, entry.position, error.flag, str(error))
            return None
        if IMPORT in read.values and read.meter not in self._read:
            self._tell_first(connection, read)
        place = (frame.epoch, frame.seq, number)
        standing = None
        if read.meter in self._ever_others(connection, frame):
            whose = (frame.gateway, record.slot, read.meter)
            standing = identities.standing_at(connection, *whose, place)
        common = {
            "meter": read.meter,
            "at_ms": read.at_ms,
            "kind": "interval" if isinstance(record, Interval) else "reading",
            "offset_ms": record.offset_ms if isinstance(record, Interval) else 0,
            "clock": frame.clock.letter,
            "position": entry.position,
            "gateway": frame.gateway,
            "slot": record.slot,
            "epoch": frame.epoch,
            "seq": frame.seq,
            "record": number,
            "standing": standing,
            "ratio": str(read.configured.ct * read.configured.vt),
            "interval_ms": self._configurations.of(frame.gateway, frame.configuration).interval_ms,
        }
        doubted = [doubt for doubt in read.doubts if doubt.code is DoubtCode.NEGATIVE]
        for doubt in doubted:
            keep_flag(connection, entry.position, Flag.IMPLAUSIBLE, f"{doubt}")
        for name, quantity in read.values.items():
            if name in read.configured.limits and name not in in_doubt(tuple(doubted)):
                rows.append(common | _register(read, name, quantity))
        return read

    def _ever_others(self, connection: Connection, frame: Frame) -> set[str]:
        """The gateway's meters for which another ever answered; asked once for a frame."""
        if self._others is None:
            known = self._configurations.of(frame.gateway, frame.configuration).meters
            serials = [meter.serial for meter in known.values()]
            self._others = identities.ever_foreign(connection, serials)
        return self._others

    def _tell_first(self, connection: Connection, read: Decoded) -> None:
        if first_snapshot(connection, read.meter) is None:
            energy_wh = str(read.values[IMPORT].value)
            log.info("meter.first_reading", meter=read.meter, at_ms=read.at_ms, energy_wh=energy_wh)
        self._read.add(read.meter)


def _register(read: Decoded, name: str, quantity: Quantity) -> dict[str, Any]:
    limits = read.configured.limits[name]
    return {
        "quantity": name,
        "count": quantity.count,
        "quantum": str(quantity.quantum),
        "modulus": None if limits.modulus is None else str(limits.modulus),
        "greatest_w": None if limits.greatest_w is None else str(limits.greatest_w),
        "delay_ms": limits.delay_ms,
    }


def _keep(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Registers of one frame, each once: what another frame says of the same boundary is kept
    beside it.
    """
    if not rows:
        return
    key = [snapshot.c[name] for name in _KEY]
    among = [column.in_({row[column.name] for row in rows}) for column in key]
    known = {tuple(row) for row in connection.execute(select(*key).where(*among))}
    new = {tuple(row[name] for name in _KEY): row for row in reversed(rows)}
    added = [row for name, row in reversed(new.items()) if name not in known]
    if added:
        connection.execute(insert(snapshot), added)
    rows.clear()


def _check_counts(read: Decoded) -> None:
    for name, quantity in read.values.items():
        if not -(2**63) <= quantity.count < 2**63:
            raise FlaggedReading(Flag.UNDECODED, f"{name}: a count of {quantity.count}")
