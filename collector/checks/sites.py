"""What is judged of a site now: power that flows out."""

from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import findings, meters
from collector.checks.findings import Code, Finding
from collector.model.limits import starting_power_w
from collector.model.records import Site
from collector.registry.profiles import load_profile
from collector.registry.view import View
from collector.series.store import SeriesStore


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
