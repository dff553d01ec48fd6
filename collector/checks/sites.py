"""What is judged of a site now: its load against its licence, and power that flows out."""

from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import findings, meters
from collector.checks.findings import Code, Finding
from collector.checks.licence import is_licensed, last_end
from collector.model.limits import starting_power_w
from collector.model.records import Site
from collector.registry.profiles import load_profile
from collector.registry.view import View
from collector.series.store import SeriesStore


def judge_licence(
    connection: Connection, view: View, series: SeriesStore, site: Site, now_ms: int
) -> None:
    """Only what comes over the boundary counts: a load may be fed past the meters of stages."""
    licences = view.licences_of(site.name)
    if is_licensed(licences, now_ms):
        return
    power_w = meters.power_w(view, series, view.delivery_meters(site.name, now_ms), now_ms)
    if power_w is None or power_w <= site.auxiliary_w:
        return
    ended_ms = last_end(licences, now_ms)
    details = {
        "site": site.name,
        "licences": [licence.number for licence in licences],
        "ended_ms": ended_ms,
        "power_w": str(round(power_w)),
        "auxiliary_w": site.auxiliary_w,
    }
    findings.keep(
        connection, Finding(Code.UNLICENSED_LOAD, site.name, ended_ms or 0, now_ms, details)
    )


def judge_export(
    connection: Connection, view: View, series: SeriesStore, site: Site, now_ms: int
) -> None:
    """A miner consumes: at a delivery point that feeds, neither licence nor energy can be judged.

    One of a meter and delivery period; one period after the other is one finding.
    """
    for meter in view.delivery_meters(site.name, now_ms):
        point = meters.fresh(view, series, meter, now_ms)
        vt = Fraction(*meter.vt)
        least_w = starting_power_w(load_profile(meter.profile), meter.ct, vt)
        if point is None or point.values[meters.POWER] >= -least_w:
            continue
        details = {
            "site": site.name,
            "meter": meter.serial,
            "power_w": str(round(point.values[meters.POWER])),
        }
        first_ms = view.market.period_start(now_ms)
        findings.keep(connection, Finding(Code.EXPORT, meter.serial, first_ms, now_ms, details))
