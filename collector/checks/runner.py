"""Runs the checks at a moment: closes periods, looks ahead, judges licences."""

from collections.abc import Iterator
from fractions import Fraction

import structlog
from sqlalchemy import Connection, Engine

from collector.checks import findings, meters, periods
from collector.checks.allocation import (
    Holder,
    PeriodOutcome,
    PeriodResult,
    close_period,
    project,
)
from collector.checks.findings import Code, Finding
from collector.checks.licence import is_licensed, last_end
from collector.intervals.energy import energy_between, first_snapshot
from collector.model.energy import mwh_to_wh
from collector.model.records import Meter, Site
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore

log = structlog.get_logger()

_CLOSE_AT_ONCE = 1000
NO_LOAD_PERMILLE = 50
"""Stages below this share of the site's draw are off: what runs is auxiliaries, not mining."""


class Checks:
    """Stateless but for the database; `run` may be called at any time, any number of times."""

    def __init__(self, engine: Engine, registry: Registry, series: SeriesStore) -> None:
        self._engine = engine
        self._registry = registry
        self._series = series

    def run(self, now_ms: int) -> None:
        view = self._registry.view()
        with self._engine.begin() as connection:
            for holder in holders(view):
                for result in self._close(connection, view, holder, now_ms):
                    periods.keep(connection, result)
                    _report(connection, result)
                self._look_ahead(connection, view, holder, now_ms)
            for site in view.all(Site).values():
                self._judge_licence(connection, view, site, now_ms)

    def _close(
        self, connection: Connection, view: View, holder: Holder, now_ms: int
    ) -> Iterator[PeriodResult]:
        """Periods that have ended and can be judged, in order, at most so many a run."""
        period_ms = view.market.period_ms
        late_ms = int(view.policy.late_s * 1000)
        last = periods.last_closed(connection, holder)
        start_ms = _first_period(connection, view, holder) if last is None else last + period_ms
        metered = _delivery_meters(view, holder)
        for _ in range(_CLOSE_AT_ONCE):
            if start_ms is None or start_ms + period_ms > now_ms:
                return
            end_ms = start_ms + period_ms
            energies = [
                energy_between(connection, meter.serial, start_ms, end_ms) for meter in metered
            ]
            if any(energy is None for energy in energies) and now_ms < end_ms + late_ms:
                return
            yield close_period(
                holder, start_ms, end_ms, allowed_wh(view, holder, start_ms), energies
            )
            start_ms = end_ms

    def _look_ahead(self, connection: Connection, view: View, holder: Holder, now_ms: int) -> None:
        start_ms = view.market.period_start(now_ms)
        end_ms = start_ms + view.market.period_ms
        allowed = allowed_wh(view, holder, start_ms)
        metered = _delivery_meters(view, holder)
        draw = meters.draw(connection, view, self._series, metered, start_ms, now_ms)
        if draw is None:
            return
        projection = project(draw, end_ms, allowed)
        if projection.breach_ms is None:
            return
        details = {
            "sites": list(holder.sites),
            "period_start_ms": start_ms,
            "period_end_ms": end_ms,
            "breach_ms": projection.breach_ms,
            "allowed_wh": str(allowed),
            "projected_excess_wh": str(round(projection.energy_wh - allowed)),
        }
        subject = f"{holder.licensee}/{holder.zone}"
        findings.keep(connection, Finding(Code.WILL_EXCEED, subject, start_ms, now_ms, details))

    def _judge_licence(self, connection: Connection, view: View, site: Site, now_ms: int) -> None:
        licences = view.licences_of(site.name)
        if is_licensed(licences, now_ms):
            return
        power_w = meters.power_w(view, self._series, view.delivery_meters(site.name), now_ms)
        staged = [meter for meter in view.meters_of(site.name) if meter.point != "delivery"]
        # without meters of stages all load is taken for mining
        mining_w = meters.power_w(view, self._series, staged, now_ms) if staged else power_w
        if power_w is None or mining_w is None or mining_w * 1000 <= power_w * NO_LOAD_PERMILLE:
            return
        ended_ms = last_end(licences, now_ms)
        details = {
            "site": site.name,
            "licences": [licence.number for licence in licences],
            "ended_ms": ended_ms,
            "power_w": str(round(power_w)),
        }
        findings.keep(
            connection, Finding(Code.UNLICENSED_LOAD, site.name, ended_ms or 0, now_ms, details)
        )


def holders(view: View) -> list[Holder]:
    """Licensees by zone, with their sites."""
    pairs = sorted({(site.licensee, site.zone) for site in view.all(Site).values()})
    return [
        Holder(licensee, zone, tuple(site.name for site in view.sites_of(licensee, zone)))
        for licensee, zone in pairs
    ]


def allowed_wh(view: View, holder: Holder, start_ms: int) -> Fraction:
    """Energy bought for the period; nothing bought is nothing allowed."""
    allocation = view.allocation(holder.licensee, holder.zone, start_ms)
    return mwh_to_wh(allocation.energy_mwh) if allocation else Fraction(0)


def _delivery_meters(view: View, holder: Holder) -> list[Meter]:
    return [meter for site in holder.sites for meter in view.delivery_meters(site)]


def _first_period(connection: Connection, view: View, holder: Holder) -> int | None:
    """The first period that began after every delivery meter was first read."""
    firsts = [first_snapshot(connection, meter.serial) for meter in _delivery_meters(view, holder)]
    if not firsts or any(first is None for first in firsts):
        return None
    newest = max(first.at_ms for first in firsts if first is not None)
    start_ms = view.market.period_start(newest)
    return start_ms if start_ms == newest else start_ms + view.market.period_ms


def _report(connection: Connection, result: PeriodResult) -> None:
    measured = None if result.measured_wh is None else str(result.measured_wh)
    details = {
        "sites": list(result.sites),
        "period_start_ms": result.start_ms,
        "period_end_ms": result.end_ms,
        "allowed_wh": str(result.allowed_wh),
        "measured_wh": measured,
        "positions": list(result.positions),
    }
    log.info("period.closed", outcome=result.outcome, licensee=result.licensee, **details)
    code = {
        PeriodOutcome.BREACH: Code.BREACH,
        PeriodOutcome.UNMEASURED: Code.UNMEASURED,
    }.get(result.outcome)
    if code is not None:
        subject = f"{result.licensee}/{result.zone}"
        finding = Finding(code, subject, result.start_ms, result.end_ms, details)
        findings.keep(connection, finding)
