"""What is judged of a site now: whether it consumes, and whether it is read at all."""

from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import findings, meters
from collector.checks.findings import Code, Finding
from collector.ledger.followers import followed_until
from collector.model.limits import starting_power_w
from collector.model.records import Site
from collector.registry.profiles import load_profile
from collector.registry.view import View
from collector.series.follower import SeriesFollower
from collector.series.store import SeriesStore


def judge_export(
    connection: Connection, view: View, series: SeriesStore, site: Site, now_ms: int
) -> None:
    """A miner consumes: at a delivery point that feeds, neither licence nor energy can be judged.

    One finding for a meter and delivery period.
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


def judge_silence(
    connection: Connection,
    view: View,
    series: SeriesStore,
    site: Site,
    now_ms: int,
    began_ms: int,
) -> None:
    """A site that has been read, and whose load is not known for longer than `late_s`."""
    by_ms = now_ms + meters.AHEAD_MS
    hung = view.meters_of(site.name, now_ms)
    if all(series.last_power(meter.serial, by_ms) is None for meter in hung):
        return
    known_ms = followed_until(connection, SeriesFollower.name, now_ms)
    late_ms = int(view.policy.late_s * 1000)
    silent: dict[str, int] = {}
    for meter in view.delivery_meters(site.name, now_ms):
        last = series.last_power(meter.serial, by_ms)
        last_ms = 0 if last is None else last.at_ms
        is_late = known_ms > max(last_ms, began_ms) + late_ms
        if is_late and meters.fresh(view, series, meter, now_ms) is None:
            silent[meter.serial] = last_ms
    if not silent:
        return
    first_ms = min(silent.values())
    details = {"site": site.name, "meters": sorted(silent), "last_ms": first_ms}
    findings.keep(connection, Finding(Code.UNREAD, site.name, first_ms, now_ms, details))
