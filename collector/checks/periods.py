"""Closed delivery periods, kept with the ledger positions they rest on."""

import json
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, insert, select

from collector.checks.allocation import Break, Holder, PeriodOutcome, PeriodResult
from collector.intervals.snapshots import is_standing
from collector.model.continuity import Verdict
from collector.model.energy import IMPORT
from collector.storage.tables import period_missing, snapshot
from collector.storage.tables import period_result as table


def keep(connection: Connection, result: PeriodResult) -> int:
    """Store a result as the next version of its period; return its version, from 1."""
    period = {
        "licensee": result.licensee,
        "zone": result.zone,
        "start_ms": result.start_ms,
    }
    last = connection.scalar(select(func.max(table.c.version)).filter_by(**period)) or 0
    body = {
        "sites": result.sites,
        "meters": result.meters,
        "missing": result.missing,
        "end_ms": result.end_ms,
        "allowed_wh": str(result.allowed_wh),
        "measured_wh": None if result.measured_wh is None else str(result.measured_wh),
        "error_wh": str(result.error_wh),
        "boundary_error_wh": str(result.boundary_error_wh),
        "quantum_wh": str(result.quantum_wh),
        "breaks": [[entry.meter, entry.verdict, entry.at_ms] for entry in result.breaks],
        "outcome": result.outcome,
        "positions": result.positions,
    }
    connection.execute(insert(table).values(**period, version=last + 1, body=json.dumps(body)))
    connection.execute(delete(period_missing).filter_by(**period))
    if result.missing:
        rows = [period | {"meter": meter, "end_ms": result.end_ms} for meter in result.missing]
        connection.execute(insert(period_missing), rows)
    return last + 1


def last_closed(connection: Connection, holder: Holder) -> int | None:
    """The start of the newest closed period."""
    query = select(func.max(table.c.start_ms)).where(
        table.c.licensee == holder.licensee, table.c.zone == holder.zone
    )
    start_ms: int | None = connection.scalar(query)
    return start_ms


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


def resting_on(
    connection: Connection, meter: str, start_ms: int, end_ms: int | None
) -> list[PeriodResult]:
    """The newest versions of what a meter measured a part of, within a span, oldest first."""
    query = _NEWEST_VERSIONS.order_by(table.c.start_ms, table.c.licensee, table.c.zone)
    if end_ms is not None:
        query = query.where(table.c.start_ms < end_ms)
    found = [_result(row) for row in connection.execute(query)]
    return [each for each in found if meter in each.meters and each.end_ms > start_ms]


def version_of(connection: Connection, result: PeriodResult) -> int:
    """The number of the newest version of a period; 0 when it was never closed."""
    query = select(func.max(table.c.version)).where(
        table.c.licensee == result.licensee,
        table.c.zone == result.zone,
        table.c.start_ms == result.start_ms,
    )
    return connection.scalar(query) or 0


def at_version(
    connection: Connection, licensee: str, zone: str, start_ms: int, version: int
) -> PeriodResult | None:
    query = select(table).filter_by(
        licensee=licensee, zone=zone, start_ms=start_ms, version=version
    )
    row = connection.execute(query).first()
    return None if row is None else _result(row)


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
    fields = json.loads(row.body)
    measured = fields["measured_wh"]
    return PeriodResult(
        row.licensee,
        row.zone,
        tuple(fields["sites"]),
        tuple(fields["meters"]),
        tuple(fields["missing"]),
        row.start_ms,
        fields["end_ms"],
        Fraction(fields["allowed_wh"]),
        None if measured is None else Fraction(measured),
        Fraction(fields["error_wh"]),
        PeriodOutcome(fields["outcome"]),
        tuple(fields["positions"]),
        Fraction(fields.get("boundary_error_wh", "0")),
        tuple(
            Break(meter, Verdict(verdict), at_ms)
            for meter, verdict, at_ms in fields.get("breaks", ())
        ),
        Fraction(fields.get("quantum_wh", "0")),
    )
