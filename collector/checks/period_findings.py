"""What a closed period shows: of its holder, and of each site by quarters of an hour."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from collector.checks.allocation import PeriodOutcome, PeriodResult
from collector.checks.allowance import Known
from collector.checks.capacity import Excess, SiteEnergy, bounds, excess
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.hours import ForbiddenOnce, applying
from collector.checks.metered import Hung, PeriodMetering
from collector.checks.prescribed import prescribed
from collector.model.records import PermittedHours, Site
from collector.registry.view import View

_OUTCOMES = {
    PeriodOutcome.BREACH: Code.BREACH,
    PeriodOutcome.INDICATED: Code.INDICATED,
    PeriodOutcome.UNMEASURED: Code.UNMEASURED,
    PeriodOutcome.UNDECIDED: Code.UNDECIDED,
}
_EXCESSES = {Excess.CAPACITY: Code.OVER_CAPACITY, Excess.CONTRACT: Code.OVER_CONTRACT}


def code_of(result: PeriodResult) -> Code | None:
    """None: it is within."""
    return _OUTCOMES.get(result.outcome)


def finding_of(result: PeriodResult, version: int) -> Finding | None:
    """`version`: which closing of the period it is."""
    code, subject = code_of(result), f"{result.licensee}/{result.zone}"
    if code is None:
        return None
    return Finding(code, subject, result.start_ms, result.end_ms, details_of(result, version))


def details_of(result: PeriodResult, version: int) -> dict[str, Any]:
    return {
        "sites": list(result.sites),
        "period_start_ms": result.start_ms,
        "period_end_ms": result.end_ms,
        "allowed_wh": str(result.allowed_wh),
        "tolerance_wh": str(result.tolerance_wh),
        "measured_wh": None if result.measured_wh is None else str(result.measured_wh),
        "error_wh": str(result.error_wh),
        "boundary_error_wh": str(result.boundary_error_wh),
        "quantum_wh": str(result.quantum_wh),
        "gross_wh": None if result.gross_wh is None else str(result.gross_wh),
        "breaks": [[entry.meter, entry.verdict, entry.at_ms] for entry in result.breaks],
        "missing": list(result.missing),
        "operational": list(result.operational),
        "examples": list(result.examples),
        "positions": list(result.positions),
        "versions": {kind: list(numbers) for kind, numbers in result.versions.items()},
        "closing": version,
    }


def of_sites(
    view: View, metering: PeriodMetering, hung: Hung, sources: Collection[str]
) -> Iterator[Finding]:
    """By the registers of every quarter of an hour: hours, capacity, contract."""
    known, hours = prescribed(view), ForbiddenOnce()
    for name, meters in hung.items():
        if name not in known.points and not known.hours:
            continue
        site = view.one(Site, name)
        quarters = metering.quarters(meters)
        yield from _over_bounds(view, site, quarters)
        yield from _outside_hours(view, site, quarters, sources, hours)


def _over_bounds(view: View, site: Site, quarters: Sequence[SiteEnergy]) -> Iterator[Finding]:
    points = prescribed(view).points.get(site.name, ())
    for quarter in quarters:
        bound = bounds(points, quarter.start_ms, quarter.end_ms)
        over = None if bound is None else excess(quarter, bound)
        if bound is not None and over is not None:
            details = _of_quarter(site, quarter) | {
                "capacity_w": bound.capacity_w,
                "contracted_w": bound.contracted_w,
                "versions": {"delivery_point": list(bound.versions)},
            }
            yield Finding(_EXCESSES[over], site.name, quarter.start_ms, quarter.end_ms, details)


def _outside_hours(
    view: View,
    site: Site,
    quarters: Sequence[SiteEnergy],
    sources: Collection[str],
    hours: ForbiddenOnce,
) -> Iterator[Finding]:
    """Of a quarter that is not permitted from its beginning to its end."""
    for quarter in quarters:
        start_ms, end_ms = quarter.start_ms, quarter.end_ms
        rulings = hours_of(view, site, sources, start_ms)
        is_forbidden = hours.within(rulings, start_ms, end_ms) == [(start_ms, end_ms)]
        if is_forbidden and quarter.is_above(site.auxiliary_w):
            details = _of_quarter(site, quarter) | rulings_named(rulings)
            yield Finding(Code.ENERGY_OUTSIDE_HOURS, site.name, start_ms, end_ms, details)


def hours_of(
    view: View, site: Site, sources: Collection[str], at_ms: int
) -> list[Known[PermittedHours]]:
    zone = view.auction_zone(site.zone)
    return applying(prescribed(view).hours, site, zone, sources, at_ms)


def rulings_named(rulings: Sequence[Known[PermittedHours]]) -> dict[str, Any]:
    return {
        "rulings": [ruling.record.title for ruling in rulings],
        "examples": [PermittedHours.kind]
        if any(ruling.record.example for ruling in rulings)
        else [],
        "versions": {PermittedHours.kind: sorted(ruling.version for ruling in rulings)},
    }


def _of_quarter(site: Site, quarter: SiteEnergy) -> dict[str, Any]:
    return {
        "site": site.name,
        "start_ms": quarter.start_ms,
        "end_ms": quarter.end_ms,
        "energy_wh": str(quarter.energy_wh),
        "doubt_wh": str(quarter.doubt_wh),
        "mean_w": str(round(quarter.mean_w)),
        "auxiliary_w": site.auxiliary_w,
        "positions": list(quarter.positions),
    }
