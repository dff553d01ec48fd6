"""Findings: codes with placeholders, kept once, with when they were first and last seen.

A new code needs, besides its lines in `Code` and `_SEVERITY`: one in `placeholders.DETAILS`, one in
`LASTING` or `RUNS` if it is of that kind, and its words in the three files of `collector/words`.
The tests of the words name whatever lacks, and `tests/collector/findings_tables.py` writes the
tables of docs/findings.md.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import Connection, Select, func, insert, select, update

from collector.checks import members, steps
from collector.checks.life import COLLECTOR, TRANSITIONS, Act, State, Verb
from collector.checks.members import Member
from collector.storage.tables import finding as table

log = structlog.get_logger()

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
    RATIO_CORRECTED = "meter.ratio_corrected"
    ENERGY_MISSING = "feeder.energy_missing"
    ENERGY_SURPLUS = "feeder.energy_surplus"
    SHAPE_OF_MINING = "feeder.shape_of_mining"
    MONTH_DIFFERS = "month.differs"
    AILING = "gateway.ailing"
    FORK = "gateway.fork"
    GATEWAY_SILENT = "gateway.silent"
    GATEWAYS_SILENT = "gateway.silent_together"
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
    UNREAD_TOGETHER = "site.unread_together"
    UNAUTHORISED = "order.unauthorised"
    ORDER_OVERDUE = "order.overdue"
    DISK = "collector.disk"
    LAG = "collector.lag"
    CERTIFICATE = "collector.certificate"
    CHECKPOINT = "collector.checkpoint"
    CLOCK = "collector.clock"


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
    Code.UNREAD_TOGETHER: Severity.WARNING,
    Code.UNAUTHORISED: Severity.WARNING,
    Code.ORDER_OVERDUE: Severity.WARNING,
    Code.DISK: Severity.WARNING,
    Code.LAG: Severity.WARNING,
    Code.CERTIFICATE: Severity.WARNING,
    Code.CHECKPOINT: Severity.WARNING,
    Code.CLOCK: Severity.WARNING,
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
    Code.GATEWAYS_SILENT: Severity.WARNING,
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


_CHECKED_MS = 5_000
"""The checks run twice a second."""
_LOOKED_MS = 150_000
"""What changes slowly is judged once a minute, or as seldom as the policy says."""
_WATCHED_MS = 25_000
"""The collector looks at itself every ten seconds."""
LASTING = {
    Code.WILL_EXCEED: _CHECKED_MS,
    Code.LOAD_OUTSIDE_HOURS: _CHECKED_MS,
    Code.OVER_CAPACITY_NOW: _CHECKED_MS,
    Code.OVER_QUOTA: _CHECKED_MS,
    Code.UNLICENSED_LOAD: _CHECKED_MS,
    Code.SUSPENDED_LOAD: _CHECKED_MS,
    Code.REVOKED_LOAD: _CHECKED_MS,
    Code.TENANT_LOAD: _CHECKED_MS,
    Code.UNREAD: _CHECKED_MS,
    Code.UNREAD_TOGETHER: _CHECKED_MS,
    Code.EXPORT: _CHECKED_MS,
    Code.REPLACED: _CHECKED_MS,
    Code.RATIO_CHANGED: _CHECKED_MS,
    Code.AILING: _CHECKED_MS,
    Code.LICENCE_ENDS: _LOOKED_MS,
    Code.SITE_NOT_NAMED: _LOOKED_MS,
    Code.OTHER_HOLDER: _LOOKED_MS,
    Code.NO_DATA_CENTRE: _LOOKED_MS,
    Code.ACTS_CONFLICT: _LOOKED_MS,
    Code.GATEWAY_SILENT: _LOOKED_MS,
    Code.GATEWAYS_SILENT: _LOOKED_MS,
    Code.CHAIN_GAP: _LOOKED_MS,
    Code.CLOCK_DOUBTED: _LOOKED_MS,
    Code.STALE: _LOOKED_MS,
    Code.GHOST_LOAD: _LOOKED_MS,
    Code.QUANTUM_COARSE: _LOOKED_MS,
    Code.VERIFICATION_ENDS: _LOOKED_MS,
    Code.VERIFICATION_EXPIRED: _LOOKED_MS,
    Code.VERIFICATION_MISSING: _LOOKED_MS,
    Code.SEAL_REMOVED: _LOOKED_MS,
    Code.SEAL_MISSING: _LOOKED_MS,
    Code.UNDESCRIBED: _LOOKED_MS,
    Code.CLASS_COARSE: _LOOKED_MS,
    Code.UNAUTHORISED: _CHECKED_MS,
    Code.DISK: _WATCHED_MS,
    Code.LAG: _WATCHED_MS,
    Code.CERTIFICATE: _WATCHED_MS,
    Code.CHECKPOINT: _WATCHED_MS,
    Code.CLOCK: _WATCHED_MS,
}
"""Of a condition, which is seen again while it lasts: not seen for so long, it is over."""


@dataclass(frozen=True)
class Run:
    """One of a code begins at most `gap_ms` after the last was seen, and of the same cause, which
    is the details of these names: it is the same finding once more.
    """

    gap_ms: int
    cause: tuple[str, ...]

    def goes_on(self, last_ms: int, before: Mapping[str, Any], then: "Finding") -> bool:
        return then.first_ms - last_ms <= self.gap_ms and all(
            before.get(name) == then.details.get(name) for name in self.cause
        )


RUNS = {
    Code.UNMEASURED: Run(gap_ms=0, cause=("missing",)),
    Code.EXPORT: Run(gap_ms=60_000, cause=("meter",)),
}
"""What fails at each period by one cause is one finding."""


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

    @property
    def sites(self) -> tuple[str, ...]:
        """Those that it speaks of."""
        named = self.details.get("sites") or [self.details.get("site")]
        return tuple(name for name in named if name)

    def is_present(self, now_ms: int) -> bool:
        """Whether it is of a condition that was there at the last check."""
        return now_ms - self.last_ms <= LASTING.get(self.code, -1)


def keep(connection: Connection, finding: Finding) -> bool:
    """Store a finding, or note that it was seen again; True when it is new.

    One that was closed and is seen again, later or otherwise, is open again.
    """
    run = RUNS.get(finding.code)
    if run is not None and _is_of_its_run(connection, finding, run):
        return False
    known = connection.execute(select(table).where(*_same(finding))).first()
    if known is not None:
        _see_again(connection, known, finding)
        return False
    connection.execute(
        insert(table).values(
            code=finding.code,
            subject=finding.subject,
            first_ms=finding.first_ms,
            last_ms=finding.last_ms,
            severity=finding.severity,
            body=_body(finding),
            state=State.OPEN,
            times=1,
        )
    )
    log.warning(
        "finding.opened", code=finding.code, subject=finding.subject, **dict(finding.details)
    )
    return True


def number_of(connection: Connection, finding: Finding) -> int:
    """Under which one that is kept is kept."""
    number: int = connection.execute(select(table.c.id).where(*_same(finding))).scalar_one()
    return number


def is_unopened(connection: Connection) -> bool:
    """Whether there is something of which it is not noted when it was known."""
    query = select(table.c.id).where(table.c.opened_ms.is_(None)).limit(1)
    return connection.scalar(query) is not None


def note_opened(connection: Connection, now_ms: int) -> None:
    """Note of what was found since the last time that it is known now."""
    news = update(table).where(table.c.opened_ms.is_(None))
    connection.execute(news.values(opened_ms=now_ms))


def began_ms(connection: Connection, code: Code, subject: str, now_ms: int, gap_ms: int) -> int:
    """When a condition began: now, unless it was seen at most `gap_ms` ago."""
    query = select(func.max(table.c.first_ms)).where(
        table.c.code == code, table.c.subject == subject, table.c.last_ms >= now_ms - gap_ms
    )
    return connection.scalar(query) or now_ms


def overlapping(
    connection: Connection, code: Code, subject: str, from_ms: int, until_ms: int
) -> Finding | None:
    """The first of a code and subject that was seen at any time between two moments."""
    query = select(table).where(
        table.c.code == code,
        table.c.subject == subject,
        table.c.first_ms <= until_ms,
        table.c.last_ms >= from_ms,
    )
    return next(iter(_read(connection, query.order_by(table.c.first_ms).limit(1))), None)


def _same(finding: Finding) -> tuple[Any, ...]:
    return (
        table.c.code == finding.code,
        table.c.subject == finding.subject,
        table.c.first_ms == finding.first_ms,
    )


def _see_again(connection: Connection, known: Any, finding: Finding) -> None:
    body = _body(finding)
    if finding.last_ms < known.last_ms:
        return
    is_same = (known.last_ms, known.body) == (finding.last_ms, body)
    if not is_same or steps.is_resolved(connection, known.id):
        _bring(connection, known, {"last_ms": finding.last_ms, "body": body})


def _bring(connection: Connection, known: Any, news: dict[str, Any]) -> None:
    connection.execute(update(table).where(table.c.id == known.id).values(news))
    if known.state == State.CLOSED:
        seen = Act(Verb.REOPEN, COLLECTOR, "seen again", max(known.last_ms, news["last_ms"]))
        steps.keep(connection, known.id, State.OPEN, seen)
        log.warning("finding.reopened", finding=known.id, code=known.code, subject=known.subject)


def resolve(
    connection: Connection, code: Code, subject: str, first_ms: int, why: str, at_ms: int
) -> None:
    """Judged anew it is not so: the finding is closed, of a run when nothing is left of it.

    One that persons have decided on, or dispute, stays as it is.
    """
    known = _newest_until(connection, code, subject, first_ms)
    if known is None:
        return
    if known.times > 1:
        member = members.one(connection, known.id, subject, first_ms)
        if member is None:
            return
        body = json.dumps(json.loads(member.body) | {members.TAKEN_BACK: why})
        members.keep(connection, known.id, [replace(member, body=body)])
        if members.are_left(connection, known.id):
            return
    elif known.first_ms != first_ms:
        return
    if known.state in TRANSITIONS[Verb.RESOLVE].sources:
        act = Act(Verb.RESOLVE, COLLECTOR, why, at_ms)
        steps.keep(connection, known.id, State.CLOSED, act)
        log.info("finding.resolved", finding=known.id, code=code, subject=subject, why=why)


def _newest_until(connection: Connection, code: Code, subject: str, first_ms: int) -> Any:
    """The row of the last to begin by then."""
    query = select(table).where(
        table.c.code == code, table.c.subject == subject, table.c.first_ms <= first_ms
    )
    return connection.execute(query.order_by(table.c.first_ms.desc()).limit(1)).first()


def _is_of_its_run(connection: Connection, finding: Finding, run: Run) -> bool:
    """Whether it is one more of a finding that is kept, and now is among its members."""
    known = _newest_until(connection, finding.code, finding.subject, finding.first_ms)
    if known is None:
        return False
    one = Member(finding.subject, finding.first_ms, finding.last_ms, _body(finding))
    member = members.one(connection, known.id, one.subject, one.first_ms)
    if member == one:
        return True
    is_next = known.state != State.CLOSED and known.first_ms < finding.first_ms
    if member is None and not (
        is_next and run.goes_on(known.last_ms, json.loads(known.body), finding)
    ):
        return False
    if known.times == 1:
        first = Member(known.subject, known.first_ms, known.last_ms, known.body)
        members.keep(connection, known.id, [first])
    members.keep(connection, known.id, [one])
    is_newest = finding.last_ms >= known.last_ms
    news = {
        "times": known.times + (member is None),
        "last_ms": one.last_ms if is_newest else known.last_ms,
        "body": one.body if is_newest else known.body,
    }
    _bring(connection, known, news)
    return True


def _body(finding: Finding) -> str:
    return json.dumps(dict(finding.details))


def stored(connection: Connection) -> list[Finding]:
    """Every finding, oldest first."""
    return _read(connection, select(table).order_by(table.c.id))


def seen_since(
    connection: Connection, since_ms: int, codes: Collection[Code] = tuple(Code)
) -> list[Finding]:
    """Those that were seen at that moment or later, in the order in which they were last seen."""
    query = select(table).where(table.c.last_ms >= since_ms)
    return _read(connection, query.order_by(table.c.last_ms, table.c.id), codes)


def standing_since(connection: Connection, since_ms: int) -> list[Finding]:
    """The same, without those that are closed."""
    query = select(table).where(table.c.last_ms >= since_ms, table.c.state != State.CLOSED)
    return _read(connection, query.order_by(table.c.last_ms, table.c.id))


def unsettled(connection: Connection, code: Code) -> list[Finding]:
    """Those of a code that are not closed, the oldest first."""
    query = select(table).where(table.c.code == code, table.c.state != State.CLOSED)
    return _read(connection, query.order_by(table.c.id))


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
