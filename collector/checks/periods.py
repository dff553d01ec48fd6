"""Closed delivery periods, kept with the ledger positions they rest on."""

import json
from fractions import Fraction

from sqlalchemy import Connection, func, insert, select

from collector.checks.allocation import Holder, PeriodOutcome, PeriodResult
from collector.storage.tables import period_result as table


def keep(connection: Connection, result: PeriodResult) -> None:
    """Store a result as the next version of its period."""
    same = (
        table.c.licensee == result.licensee,
        table.c.zone == result.zone,
        table.c.start_ms == result.start_ms,
    )
    last = connection.scalar(select(func.max(table.c.version)).where(*same)) or 0
    body = {
        "sites": result.sites,
        "end_ms": result.end_ms,
        "allowed_wh": str(result.allowed_wh),
        "measured_wh": None if result.measured_wh is None else str(result.measured_wh),
        "outcome": result.outcome,
        "positions": result.positions,
    }
    connection.execute(
        insert(table).values(
            licensee=result.licensee,
            zone=result.zone,
            start_ms=result.start_ms,
            version=last + 1,
            body=json.dumps(body),
        )
    )


def last_closed(connection: Connection, holder: Holder) -> int | None:
    """The start of the newest closed period."""
    query = select(func.max(table.c.start_ms)).where(
        table.c.licensee == holder.licensee, table.c.zone == holder.zone
    )
    start_ms: int | None = connection.scalar(query)
    return start_ms


def stored(connection: Connection) -> list[PeriodResult]:
    """The newest version of every closed period, oldest first."""
    newest: dict[tuple[str, str, int], PeriodResult] = {}
    query = select(table).order_by(table.c.start_ms, table.c.licensee, table.c.version)
    for row in connection.execute(query):
        newest[row.licensee, row.zone, row.start_ms] = _result(
            row.licensee, row.zone, row.start_ms, row.body
        )
    return list(newest.values())


def _result(licensee: str, zone: str, start_ms: int, body: str) -> PeriodResult:
    fields = json.loads(body)
    measured = fields["measured_wh"]
    return PeriodResult(
        licensee,
        zone,
        tuple(fields["sites"]),
        start_ms,
        fields["end_ms"],
        Fraction(fields["allowed_wh"]),
        None if measured is None else Fraction(measured),
        PeriodOutcome(fields["outcome"]),
        tuple(fields["positions"]),
    )
