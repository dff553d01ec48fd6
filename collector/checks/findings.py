"""Findings: codes with placeholders, kept once, with when they were first and last seen."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, update

from collector.checks import members, steps
from collector.checks.codes import SEVERITY, Code, Severity
from collector.checks.life import COLLECTOR, TRANSITIONS, Act, State, Verb
from collector.checks.members import Member
from collector.intervals.many import in_parts
from collector.storage.tables import finding as table

log = structlog.get_logger()


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
        return SEVERITY[self.code]

    @property
    def sites(self) -> tuple[str, ...]:
        """Those that it speaks of."""
        named = self.details.get("sites") or [self.details.get("site")]
        return tuple(name for name in named if name)


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


def keep_all(connection: Connection, found: Sequence[Finding]) -> None:
    """Keep many: of those that only go on, by few statements."""
    known = _known(connection, [each for each in found if each.code not in RUNS])
    going_on: dict[int, dict[str, Any]] = {}
    others = []
    for each in found:
        row = known.get((each.code, each.subject, each.first_ms))
        is_open = row is not None and row.state != State.CLOSED and row.id not in going_on
        if row is not None and is_open and row.last_ms < each.last_ms:
            news = {"new_last_ms": each.last_ms, "new_body": _body(each)}
            going_on[row.id] = {"number": row.id} | news
        else:
            others.append(each)
    if going_on:
        same = update(table).where(table.c.id == bindparam("number"))
        changed = same.values(last_ms=bindparam("new_last_ms"), body=bindparam("new_body"))
        connection.execute(changed, list(going_on.values()))
    for each in others:
        keep(connection, each)


def _known(
    connection: Connection, found: Iterable[Finding]
) -> dict[tuple[str, str, int], Row[Any]]:
    """By code, subject and beginning, the rows of those that are kept already."""
    by_code: dict[Code, list[Finding]] = {}
    for each in found:
        by_code.setdefault(each.code, []).append(each)
    rows: list[Row[Any]] = []
    for code, those in by_code.items():
        for part in in_parts(those):
            firsts = [each.first_ms for each in part]
            query = select(table).where(
                table.c.code == code,
                table.c.subject.in_({each.subject for each in part}),
                table.c.first_ms.between(min(firsts), max(firsts)),
            )
            rows += connection.execute(query).all()
    return {(row.code, row.subject, row.first_ms): row for row in rows}


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
