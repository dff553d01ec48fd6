"""Feeders over some days: their balances by the hour, the shapes of their own loads, findings."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.grey.balance import Balance, BalanceOutcome
from collector.checks.grey.feeders import balance_of, children, own_load
from collector.checks.grey.profile import Shape, shape
from collector.checks.grey.score import Score, Thresholds, score
from collector.model.records import Feeder
from collector.registry.view import View
from collector.storage.tables import finding as finding_table

_DAY_MS = 86_400_000
_SHAPE_DAYS = 14
_CODES = {
    BalanceOutcome.MISSING: Code.ENERGY_MISSING,
    BalanceOutcome.SURPLUS: Code.ENERGY_SURPLUS,
}


@dataclass(frozen=True)
class ShapeResult:
    """Of what a feeder's children do not account for, in a span."""

    feeder: str
    start_ms: int
    end_ms: int
    shape: Shape | None
    score: Score


def balances(
    connection: Connection, view: View, start_ms: int, end_ms: int, only: str | None = None
) -> list[Balance]:
    """Of every feeder with children, each delivery period of the span, in order of time."""
    period_ms = view.market.period_ms
    found = []
    for at_ms in range(view.market.period_start(start_ms), end_ms, period_ms):
        for feeder in view.holding(Feeder, at_ms):
            if only in (None, feeder.name):
                one = balance_of(connection, view, feeder, at_ms, at_ms + period_ms)
                found += [] if one is None else [one]
    return sorted(found, key=lambda each: (each.feeder, each.start_ms))


def shapes(
    connection: Connection,
    view: View,
    thresholds: Thresholds,
    end_ms: int,
    only: str | None = None,
    days: int = _SHAPE_DAYS,
) -> list[ShapeResult]:
    """Of the days before a moment: feeders without children, and those with others on them."""
    quarter_ms = view.market.interval_s * 1000
    start_ms = end_ms - days * _DAY_MS
    found = []
    for feeder in view.holding(Feeder, end_ms - 1):
        is_own = feeder.has_others or not children(view, feeder, end_ms - 1)
        if only not in (None, feeder.name) or not is_own:
            continue
        load = own_load(connection, view, feeder, start_ms, end_ms, quarter_ms)
        its = shape(load, quarter_ms)
        judged = score(its, thresholds, quarter_ms)
        found.append(ShapeResult(feeder.name, start_ms, end_ms, its, judged))
    return found


def found_in(
    view: View, balanced: Sequence[Balance], shaped: Sequence[ShapeResult]
) -> Iterator[Finding]:
    """Hours in a row are one finding. Of a feeder with others on it a balance finds nothing."""
    run: Finding | None = None
    for each in balanced:
        code = _CODES.get(each.outcome)
        others = view.all(Feeder)[each.feeder].has_others
        if code is None or (others and code is Code.ENERGY_MISSING):
            continue
        goes_on = run is not None and (run.code, run.subject, run.last_ms) == (
            code,
            each.feeder,
            each.start_ms,
        )
        if run is not None and not goes_on:
            yield run
        first_ms = run.first_ms if run is not None and goes_on else each.start_ms
        run = Finding(code, each.feeder, first_ms, each.end_ms, _figures(each))
    if run is not None:
        yield run
    for its in shaped:
        if its.score.is_suspicious:
            details = {
                "feeder": its.feeder,
                "points": its.score.points,
                "marks": [reason.code for reason in its.score.reasons if reason.points],
                "reasons": [asdict(reason) for reason in its.score.reasons if reason.points],
                "from_ms": its.start_ms,
                "thresholds_sha256": its.score.thresholds_sha256.hex(),
            }
            yield Finding(Code.SHAPE_OF_MINING, its.feeder, its.end_ms, its.end_ms, details)


def keep(connection: Connection, found: Sequence[Finding]) -> int:
    """Keep them, each as the same as one that it goes on from; return how many are new."""
    new = 0
    for each in found:
        gap_ms = 2 * _DAY_MS if each.code is Code.SHAPE_OF_MINING else 0
        began_ms = _began_ms(connection, each, gap_ms)
        whole = Finding(each.code, each.subject, began_ms, each.last_ms, each.details)
        new += findings.keep(connection, whole)
    return new


def _began_ms(connection: Connection, found: Finding, gap_ms: int) -> int:
    """That of an earlier one that reaches to this one, or its own."""
    table = finding_table
    query = select(func.max(table.c.first_ms)).where(
        table.c.code == found.code,
        table.c.subject == found.subject,
        table.c.first_ms <= found.first_ms,
        table.c.last_ms >= found.first_ms - gap_ms,
    )
    began_ms: int | None = connection.scalar(query)
    return found.first_ms if began_ms is None else began_ms


def _figures(balance: Balance) -> dict[str, Any]:
    """Of the hour that was seen last."""
    return {
        "feeder": balance.feeder,
        "period_start_ms": balance.start_ms,
        "period_end_ms": balance.end_ms,
        "head_wh": str(balance.head_wh),
        "children_wh": str(balance.children_wh),
        "loss_wh": str(balance.loss_wh),
        "error_wh": str(balance.error_wh),
        "unaccounted_wh": str(balance.unaccounted_wh),
        "positions": list(balance.positions),
        "documents": [document.hex() for document in balance.documents],
    }
