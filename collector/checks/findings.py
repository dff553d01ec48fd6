"""Findings: codes with placeholders, kept once, with when they were first and last seen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Connection, Select, insert, select, update

from collector.storage.tables import finding as table

log = structlog.get_logger()

SUPERSEDED = "superseded_by"
"""In the details of a finding on a closed period: the closing by which it is none any more."""


class Code(StrEnum):
    WILL_EXCEED = "allocation.will_exceed"
    BREACH = "allocation.breach"
    UNMEASURED = "allocation.unmeasured"
    UNDECIDED = "allocation.undecided"
    INDICATED = "allocation.indicated"
    OVER_QUOTA = "allocation.over_quota"
    LOAD_OUTSIDE_HOURS = "hours.load_outside"
    ENERGY_OUTSIDE_HOURS = "hours.energy_outside"
    OVER_CAPACITY = "capacity.exceeded"
    OVER_CAPACITY_NOW = "capacity.exceeded_now"
    OVER_CONTRACT = "capacity.over_contract"
    UNLICENSED_LOAD = "licence.unlicensed_load"
    UNREAD = "site.unread"
    EXPORT = "site.export"
    REGISTER_RESET = "meter.register_reset"
    REGISTER_JUMP = "meter.register_jump"
    ROLLOVER = "meter.rollover"
    REPLACED = "meter.replaced"
    RATIO_CHANGED = "meter.ratio_changed"
    RATIO_CORRECTED = "meter.ratio_corrected"
    ENERGY_MISSING = "feeder.energy_missing"
    ENERGY_SURPLUS = "feeder.energy_surplus"
    SHAPE_OF_MINING = "feeder.shape_of_mining"
    MONTH_DIFFERS = "month.differs"
    AILING = "gateway.ailing"
    FORK = "gateway.fork"


class Severity(StrEnum):
    NOTE = "note"
    WARNING = "warning"
    BREACH = "breach"


_SEVERITY = {
    Code.WILL_EXCEED: Severity.WARNING,
    Code.UNMEASURED: Severity.WARNING,
    Code.UNDECIDED: Severity.WARNING,
    Code.INDICATED: Severity.WARNING,
    Code.OVER_QUOTA: Severity.WARNING,
    Code.LOAD_OUTSIDE_HOURS: Severity.WARNING,
    Code.ENERGY_OUTSIDE_HOURS: Severity.BREACH,
    Code.OVER_CAPACITY: Severity.BREACH,
    Code.OVER_CAPACITY_NOW: Severity.WARNING,
    Code.OVER_CONTRACT: Severity.NOTE,
    Code.UNREAD: Severity.WARNING,
    Code.EXPORT: Severity.WARNING,
    Code.REGISTER_RESET: Severity.WARNING,
    Code.REGISTER_JUMP: Severity.WARNING,
    Code.ROLLOVER: Severity.NOTE,
    Code.REPLACED: Severity.WARNING,
    Code.RATIO_CHANGED: Severity.WARNING,
    Code.RATIO_CORRECTED: Severity.NOTE,
    Code.ENERGY_MISSING: Severity.WARNING,
    Code.ENERGY_SURPLUS: Severity.WARNING,
    Code.SHAPE_OF_MINING: Severity.WARNING,
    Code.MONTH_DIFFERS: Severity.WARNING,
    Code.AILING: Severity.WARNING,
    Code.FORK: Severity.BREACH,
    Code.BREACH: Severity.BREACH,
    Code.UNLICENSED_LOAD: Severity.BREACH,
}


@dataclass(frozen=True)
class Finding:
    """`subject` and `first_ms` with the code name it: seen again, it is the same finding."""

    code: Code
    subject: str
    first_ms: int
    last_ms: int
    details: Mapping[str, Any]

    @property
    def severity(self) -> Severity:
        return _SEVERITY[self.code]


def keep(connection: Connection, finding: Finding) -> bool:
    """Store a finding, or note that it was seen again; True when it is new."""
    same = (
        table.c.code == finding.code,
        table.c.subject == finding.subject,
        table.c.first_ms == finding.first_ms,
    )
    values = {"last_ms": finding.last_ms, "body": json.dumps(dict(finding.details))}
    is_newer = table.c.last_ms <= finding.last_ms
    if connection.execute(update(table).where(*same, is_newer).values(values)).rowcount:
        return False
    if connection.execute(select(table.c.id).where(*same)).first() is not None:
        return False
    connection.execute(
        insert(table).values(
            code=finding.code,
            subject=finding.subject,
            first_ms=finding.first_ms,
            severity=finding.severity,
            **values,
        )
    )
    log.warning(
        "finding.opened", code=finding.code, subject=finding.subject, **dict(finding.details)
    )
    return True


def supersede(connection: Connection, finding: Finding, closing: int) -> None:
    """Say that a later closing of its period came out otherwise; it stays, with what it said."""
    same = (
        table.c.code == finding.code,
        table.c.subject == finding.subject,
        table.c.first_ms == finding.first_ms,
    )
    body = connection.scalar(select(table.c.body).where(*same))
    if body is not None:
        details = json.loads(body) | {SUPERSEDED: closing}
        connection.execute(update(table).where(*same).values(body=json.dumps(details)))
        log.info("finding.superseded", code=finding.code, subject=finding.subject, closing=closing)


def stored(connection: Connection) -> list[Finding]:
    """Every finding, oldest first."""
    return _read(connection, select(table).order_by(table.c.id))


def seen_since(connection: Connection, since_ms: int) -> list[Finding]:
    """Those that were seen at that moment or later, in the order in which they were last seen."""
    query = select(table).where(table.c.last_ms >= since_ms)
    return _read(connection, query.order_by(table.c.last_ms, table.c.id))


def newest(connection: Connection, limit: int) -> list[Finding]:
    """Those that were seen last, newest first."""
    return _read(
        connection, select(table).order_by(table.c.last_ms.desc(), table.c.id).limit(limit)
    )


def _read(connection: Connection, query: Select[Any]) -> list[Finding]:
    return [
        Finding(Code(row.code), row.subject, row.first_ms, row.last_ms, json.loads(row.body))
        for row in connection.execute(query)
    ]
