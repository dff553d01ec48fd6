"""Closes delivery periods, and closes again those whose data came later."""

from fractions import Fraction

import structlog
from sqlalchemy import Connection

from collector.checks import findings, periods, turns
from collector.checks.allocation import Holder, PeriodOutcome, PeriodResult, close_period
from collector.checks.findings import Code, Finding
from collector.intervals.energy import Metering, first_snapshot
from collector.intervals.exchange import meter_while_it_hung
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import followed_until
from collector.model.energy import mwh_to_wh
from collector.model.records import Meter
from collector.registry.view import View

log = structlog.get_logger()

_CLOSE_AT_ONCE = 1000
_FINDINGS = {
    PeriodOutcome.BREACH: Code.BREACH,
    PeriodOutcome.UNMEASURED: Code.UNMEASURED,
    PeriodOutcome.UNDECIDED: Code.UNDECIDED,
}


def close_ended(
    connection: Connection, view: View, holder: Holder, now_ms: int, began_ms: int
) -> None:
    """Close the periods that have ended and can be judged, in order, at most so many a run.

    A period is unmeasured when all that came until `late_s` after its end has been followed, and
    as long after `began_ms`, when this collector began to take in what had waited for it.
    """
    period_ms = view.market.period_ms
    late_ms = int(view.policy.late_s * 1000)
    known_ms = followed_until(connection, IntervalFollower.name, now_ms)
    last = periods.last_closed(connection, holder)
    start_ms = _first_period(connection, view, holder, now_ms) if last is None else last + period_ms
    for _ in range(_CLOSE_AT_ONCE):
        if start_ms is None or start_ms + period_ms > now_ms:
            return
        end_ms = start_ms + period_ms
        hung = [
            meter
            for site in holder.sites
            for meter in view.delivery_meters_between(site, start_ms, end_ms)
        ]
        metered = {meter.serial: _metered(connection, meter, start_ms, end_ms) for meter in hung}
        is_whole = all(found.energy is not None for found in metered.values())
        if not is_whole and known_ms < max(end_ms, began_ms) + late_ms:
            return
        allowed = allowed_wh(view, holder, start_ms)
        _keep(connection, close_period(holder, start_ms, end_ms, allowed, metered))
        turns.keep(connection, holder.sites, metered)
        start_ms = end_ms


def close_again(connection: Connection, view: View, holder: Holder) -> None:
    """Judge unmeasured periods anew when their snapshots are there, by what was allowed then.

    One whose register did not go on stays unmeasured, and waits for nothing more.
    """
    for earlier in periods.completed(connection, holder, _CLOSE_AT_ONCE):
        metered = {
            serial: _metered(connection, view.one(Meter, serial), earlier.start_ms, earlier.end_ms)
            for serial in earlier.meters
        }
        held = Holder(earlier.licensee, earlier.zone, earlier.sites)
        result = close_period(held, earlier.start_ms, earlier.end_ms, earlier.allowed_wh, metered)
        if (result.outcome, result.missing, result.breaks) != (
            earlier.outcome,
            earlier.missing,
            earlier.breaks,
        ):
            _keep(connection, result, earlier.outcome)
            turns.keep(connection, earlier.sites, metered)


def allowed_wh(view: View, holder: Holder, start_ms: int) -> Fraction:
    """Energy bought for the period; nothing bought is nothing allowed."""
    allocation = view.allocation(holder.licensee, holder.zone, start_ms)
    return mwh_to_wh(allocation.energy_mwh) if allocation else Fraction(0)


def delivery_meters(view: View, holder: Holder, at_ms: int) -> list[Meter]:
    return [meter for site in holder.sites for meter in view.delivery_meters(site, at_ms)]


def _metered(connection: Connection, meter: Meter, start_ms: int, end_ms: int) -> Metering:
    span = meter.valid_from, meter.valid_until
    return meter_while_it_hung(connection, meter.serial, span, start_ms, end_ms)


def _first_period(connection: Connection, view: View, holder: Holder, now_ms: int) -> int | None:
    """The first period that began after every delivery meter was first read."""
    firsts = list[int]()
    for meter in delivery_meters(view, holder, now_ms):
        first = first_snapshot(connection, meter.serial)
        if first is None:
            return None
        firsts.append(first.at_ms)
    if not firsts:
        return None
    newest = max(firsts)
    start_ms = view.market.period_start(newest)
    return start_ms if start_ms == newest else start_ms + view.market.period_ms


def _keep(
    connection: Connection, result: PeriodResult, earlier: PeriodOutcome | None = None
) -> None:
    version = periods.keep(connection, result)
    details = {
        "sites": list(result.sites),
        "period_start_ms": result.start_ms,
        "period_end_ms": result.end_ms,
        "allowed_wh": str(result.allowed_wh),
        "measured_wh": None if result.measured_wh is None else str(result.measured_wh),
        "error_wh": str(result.error_wh),
        "boundary_error_wh": str(result.boundary_error_wh),
        "quantum_wh": str(result.quantum_wh),
        "breaks": [[entry.meter, entry.verdict, entry.at_ms] for entry in result.breaks],
        "missing": list(result.missing),
        "positions": list(result.positions),
    }
    log.info(
        "period.closed",
        outcome=result.outcome,
        version=version,
        earlier=earlier,
        licensee=result.licensee,
        **details,
    )
    if code := _FINDINGS.get(result.outcome):
        subject = f"{result.licensee}/{result.zone}"
        findings.keep(connection, Finding(code, subject, result.start_ms, result.end_ms, details))
