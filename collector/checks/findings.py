"""Findings: codes with placeholders, kept once, with when they were first and last seen."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Connection, Select, insert, select, update

from collector.storage.tables import finding as table

log = structlog.get_logger()


class Code(StrEnum):
    WILL_EXCEED = "allocation.will_exceed"
    BREACH = "allocation.breach"
    UNMEASURED = "allocation.unmeasured"
    UNDECIDED = "allocation.undecided"
    UNLICENSED_LOAD = "licence.unlicensed_load"
    SUSPENDED_LOAD = "licence.suspended_load"
    REVOKED_LOAD = "licence.revoked_load"
    TENANT_LOAD = "licence.tenant_load"
    LICENCE_ENDS = "licence.ends"
    SITE_NOT_NAMED = "licence.site_not_named"
    OTHER_HOLDER = "licence.other_holder"
    NO_DATA_CENTRE = "licence.no_data_centre"
    ACTS_CONFLICT = "licence.acts_conflict"
    UNREAD = "site.unread"
    EXPORT = "site.export"
    REGISTER_RESET = "meter.register_reset"
    REGISTER_JUMP = "meter.register_jump"
    ROLLOVER = "meter.rollover"
    REPLACED = "meter.replaced"
    RATIO_CHANGED = "meter.ratio_changed"
    AILING = "gateway.ailing"
    FORK = "gateway.fork"
    GATEWAY_SILENT = "gateway.silent"
    CHAIN_GAP = "gateway.gap"
    CLOCK_DOUBTED = "gateway.clock"
    STALE = "meter.stale"
    GHOST_LOAD = "stage.ghost_load"
    QUANTUM_COARSE = "meter.quantum_coarse"
    VERIFICATION_ENDS = "meter.verification_ends"
    VERIFICATION_EXPIRED = "meter.verification_expired"
    VERIFICATION_MISSING = "meter.verification_missing"
    SEAL_REMOVED = "meter.seal_removed"
    SEAL_MISSING = "meter.seal_missing"
    UNDESCRIBED = "meter.undescribed"
    CLASS_COARSE = "meter.class_coarse"


class Severity(StrEnum):
    NOTE = "note"
    WARNING = "warning"
    BREACH = "breach"


_SEVERITY = {
    Code.WILL_EXCEED: Severity.WARNING,
    Code.UNMEASURED: Severity.WARNING,
    Code.UNDECIDED: Severity.WARNING,
    Code.UNREAD: Severity.WARNING,
    Code.EXPORT: Severity.WARNING,
    Code.REGISTER_RESET: Severity.WARNING,
    Code.REGISTER_JUMP: Severity.WARNING,
    Code.ROLLOVER: Severity.NOTE,
    Code.REPLACED: Severity.WARNING,
    Code.RATIO_CHANGED: Severity.WARNING,
    Code.AILING: Severity.WARNING,
    Code.FORK: Severity.BREACH,
    Code.BREACH: Severity.BREACH,
    Code.UNLICENSED_LOAD: Severity.BREACH,
    Code.SUSPENDED_LOAD: Severity.BREACH,
    Code.REVOKED_LOAD: Severity.BREACH,
    Code.TENANT_LOAD: Severity.BREACH,
    Code.LICENCE_ENDS: Severity.WARNING,
    Code.SITE_NOT_NAMED: Severity.WARNING,
    Code.OTHER_HOLDER: Severity.WARNING,
    Code.NO_DATA_CENTRE: Severity.WARNING,
    Code.ACTS_CONFLICT: Severity.WARNING,
    Code.GATEWAY_SILENT: Severity.WARNING,
    Code.CHAIN_GAP: Severity.WARNING,
    Code.CLOCK_DOUBTED: Severity.WARNING,
    Code.STALE: Severity.WARNING,
    Code.GHOST_LOAD: Severity.BREACH,
    Code.QUANTUM_COARSE: Severity.NOTE,
    Code.VERIFICATION_ENDS: Severity.NOTE,
    Code.VERIFICATION_EXPIRED: Severity.WARNING,
    Code.VERIFICATION_MISSING: Severity.WARNING,
    Code.SEAL_REMOVED: Severity.WARNING,
    Code.SEAL_MISSING: Severity.WARNING,
    Code.UNDESCRIBED: Severity.WARNING,
    Code.CLASS_COARSE: Severity.WARNING,
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


def stored(connection: Connection) -> list[Finding]:
    """Every finding, oldest first."""
    return _read(connection, select(table).order_by(table.c.id))


def seen_since(
    connection: Connection, since_ms: int, codes: Collection[Code] = tuple(Code)
) -> list[Finding]:
    """Those that were seen at that moment or later, in the order in which they were last seen."""
    query = select(table).where(table.c.last_ms >= since_ms)
    return _read(connection, query.order_by(table.c.last_ms, table.c.id), codes)


def newest(connection: Connection, limit: int) -> list[Finding]:
    """Those that were seen last, newest first."""
    return _read(
        connection, select(table).order_by(table.c.last_ms.desc(), table.c.id).limit(limit)
    )


def _read(
    connection: Connection, query: Select[Any], codes: Collection[Code] = tuple(Code)
) -> list[Finding]:
    return [
        Finding(Code(row.code), row.subject, row.first_ms, row.last_ms, json.loads(row.body))
        for row in connection.execute(query)
        if row.code in codes
    ]
