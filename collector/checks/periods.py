"""Closed delivery periods, kept with the ledger positions they rest on."""

import json
from collections.abc import Collection
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, insert, select

from collector.checks.allocation import (
    Break,
    Holder,
    PeriodOutcome,
    PeriodResult,
    differences,
)
from collector.intervals.snapshots import is_standing
from collector.model.continuity import Verdict
from collector.model.energy import IMPORT
from collector.storage.tables import period_missing, snapshot
from collector.storage.tables import period_result as table


class SupersededError(Exception):
    """Somebody else closed the period in the meantime."""


def keep(
    connection: Connection, result: PeriodResult, earlier: PeriodResult | None, now_ms: int
) -> int:
    """Store a result as the version after `earlier` of its period; return its version, from 1.

    It is known from `now_ms` on. Raises SupersededError when another version is the last one.
    """
    period = {
        "licensee": result.licensee,
        "zone": result.zone,
        "start_ms": result.start_ms,
    }
    last = connection.scalar(select(func.max(table.c.version)).filter_by(**period)) or 0
    if last != (0 if earlier is None else earlier.version):
        raise SupersededError(f"{period} has a version {last}")
    body = _body(result)
    if earlier is not None:
        body["differs"] = differences(earlier, result)
    row = {"version": last + 1, "body": json.dumps(body), "closed_ms": now_ms}
    connection.execute(insert(table).values(**period, **row))
    if last:
        connection.execute(delete(period_missing).filter_by(**period))
    if result.missing:
        rows = [period | {"meter": meter, "end_ms": result.end_ms} for meter in result.missing]
        connection.execute(insert(period_missing), rows)
    return last + 1


_EXACT = (
    "allowed_wh",
    "tolerance_wh",
    "measured_wh",
    "error_wh",
    "boundary_error_wh",
    "quantum_wh",
    "generation_wh",
    "export_wh",
    "gross_wh",
)


def _body(result: PeriodResult) -> dict[str, Any]:
    """Fractions as text: JSON has no exact ones."""
    values = {name: getattr(result, name) for name in _EXACT}
    return {
        "sites": result.sites,
        "meters": result.meters,
        "missing": result.missing,
        "end_ms": result.end_ms,
        **{name: None if value is None else str(value) for name, value in values.items()},
        "breaks": [[entry.meter, entry.verdict, entry.at_ms] for entry in result.breaks],
        "outcome": result.outcome,
        "positions": result.positions,
        "versions": dict(result.versions),
        "examples": result.examples,
        "operational": result.operational,
    }


def first_closed(connection: Connection, licensee: str, zones: Collection[str]) -> int | None:
    """The start of the oldest closed period."""
    query = select(func.min(table.c.start_ms)).where(
        table.c.licensee == licensee, table.c.zone.in_(zones)
    )
    start_ms: int | None = connection.scalar(query)
    return start_ms


def last_closed(connection: Connection, licensee: str, zones: Collection[str]) -> int | None:
    """The start of the newest closed period; the zones may have been sold apart before."""
    query = select(func.max(table.c.start_ms)).where(
        table.c.licensee == licensee, table.c.zone.in_(zones)
    )
    start_ms: int | None = connection.scalar(query)
    return start_ms


def waiting(connection: Connection) -> set[tuple[str, str]]:
    """Licensee and zone of the holders that have a period with missing readings."""
    query = select(period_missing.c.licensee, period_missing.c.zone).distinct()
    return {(row[0], row[1]) for row in connection.execute(query)}


def of_starts(
    connection: Connection, holder: Holder, starts_ms: Collection[int]
) -> list[PeriodResult]:
    """The closed ones of the periods that begin then, oldest first."""
    query = _of(holder).where(table.c.start_ms.in_(starts_ms)).order_by(table.c.start_ms)
    return [_result(row) for row in connection.execute(query)]


def completed(connection: Connection, holder: Holder, limit: int) -> list[PeriodResult]:
    """Unmeasured periods whose missing snapshots have come since, oldest first."""
    start, end = snapshot.alias(), snapshot.alias()
    missing = period_missing
    waiting = missing.outerjoin(start, _is_at(start, missing.c.start_ms))
    waiting = waiting.outerjoin(end, _is_at(end, missing.c.end_ms))
    query = (
        select(missing.c.start_ms)
        .select_from(waiting)
        .where(missing.c.licensee == holder.licensee, missing.c.zone == holder.zone)
        .group_by(missing.c.start_ms)
        .having(func.count(start.c.meter) == func.count())
        .having(func.count(end.c.meter) == func.count())
        .order_by(missing.c.start_ms)
        .limit(limit)
    )
    whole = _of(holder).where(table.c.start_ms.in_(query)).order_by(table.c.start_ms)
    return [_result(row) for row in connection.execute(whole)]


def _is_at(boundary: Any, at_ms: Any) -> ColumnElement[bool]:
    return and_(
        boundary.c.meter == period_missing.c.meter,
        boundary.c.quantity == IMPORT,
        boundary.c.at_ms == at_ms,
        is_standing(boundary),
    )


def newest(connection: Connection, holder: Holder, limit: int) -> list[PeriodResult]:
    """The last closed periods of a holder, in their newest versions, newest first."""
    query = _of(holder).order_by(table.c.start_ms.desc()).limit(limit)
    return [_result(row) for row in connection.execute(query)]


def versions_between(connection: Connection, start_ms: int, end_ms: int) -> list[PeriodResult]:
    """Every version of the periods that begin within a span, in order of time and version."""
    query = select(table).where(table.c.start_ms >= start_ms, table.c.start_ms < end_ms)
    order = (table.c.start_ms, table.c.licensee, table.c.zone, table.c.version)
    return [_result(row) for row in connection.execute(query.order_by(*order))]


def known(
    connection: Connection, start_ms: int, end_ms: int, known_ms: int | None = None
) -> list[PeriodResult]:
    """The closings of the periods that begin within a span, as known at a moment, None: now.

    Of one of which it was not noted when it was known, that is its period's end at the earliest.
    """
    found: dict[tuple[int, str, str], PeriodResult] = {}
    for result in versions_between(connection, start_ms, end_ms):
        since_ms = result.end_ms if result.closed_ms is None else result.closed_ms
        if known_ms is None or since_ms <= known_ms:
            found[result.start_ms, result.licensee, result.zone] = result
    return list(found.values())


def stored(connection: Connection) -> list[PeriodResult]:
    """The newest version of every closed period, oldest first."""
    query = _NEWEST_VERSIONS.order_by(table.c.start_ms, table.c.licensee, table.c.zone)
    return [_result(row) for row in connection.execute(query)]


_newer = table.alias()
_NEWEST_VERSIONS = select(table).where(
    ~exists().where(
        _newer.c.licensee == table.c.licensee,
        _newer.c.zone == table.c.zone,
        _newer.c.start_ms == table.c.start_ms,
        _newer.c.version > table.c.version,
    )
)


def _of(holder: Holder) -> Select[Any]:
    return _NEWEST_VERSIONS.where(table.c.licensee == holder.licensee, table.c.zone == holder.zone)


def _result(row: Any) -> PeriodResult:
    """Bodies of earlier collectors lack what was not known then."""
    fields = json.loads(row.body)
    return PeriodResult(
        row.licensee,
        row.zone,
        tuple(fields["sites"]),
        tuple(fields["meters"]),
        tuple(fields["missing"]),
        row.start_ms,
        fields["end_ms"],
        Fraction(fields["allowed_wh"]),
        _exact(fields["measured_wh"]),
        Fraction(fields["error_wh"]),
        PeriodOutcome(fields["outcome"]),
        tuple(fields["positions"]),
        Fraction(fields.get("boundary_error_wh", "0")),
        tuple(
            Break(meter, Verdict(verdict), at_ms)
            for meter, verdict, at_ms in fields.get("breaks", ())
        ),
        Fraction(fields.get("quantum_wh", "0")),
        Fraction(fields.get("tolerance_wh", "0")),
        {kind: tuple(numbers) for kind, numbers in fields.get("versions", {}).items()},
        tuple(fields.get("examples", ())),
        tuple(fields.get("operational", ())),
        _exact(fields.get("generation_wh")),
        _exact(fields.get("export_wh")),
        _exact(fields.get("gross_wh")),
        row.version,
        row.closed_ms,
    )


def _exact(text: str | None) -> Fraction | None:
    return None if text is None else Fraction(text)
