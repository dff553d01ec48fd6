"""What is judged of now, between the closings of periods: holders ahead, sites against their hours
and capacity, zones against their quota.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import closing, meters
from collector.checks.allocation import Holder
from collector.checks.allowance import Known
from collector.checks.capacity import bounds, over_quota
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.hours import first_load
from collector.checks.hours import is_permitted as permits
from collector.checks.lookahead import Draw, Outlook, loads, outlook, project
from collector.checks.period_findings import hours_of, rulings_named
from collector.checks.prescribed import (
    allowance_of,
    holder_of,
    known,
    prescribed,
)
from collector.checks.scene import BoughtOnce, Scene
from collector.model.records import Allocation, DeliveryPoint, PermittedHours, Quota, Site
from collector.registry import entitlements
from collector.registry.view import View

_SPREAD = 6
"""The last sixth of a period is looked back upon: of an hour ten minutes."""


def look_ahead(
    scene: Scene, connection: Connection, holders: Sequence[Holder]
) -> Iterator[Finding]:
    """Holders that will exceed what they may draw, if their load stays as it is."""
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    start_ms = view.market.period_start(now_ms)
    end_ms = start_ms + view.market.period_ms
    metered = {holder: closing.delivery_meters(view, holder, now_ms) for holder in holders}
    serials = [meter.serial for those in metered.values() for meter in those]
    scene.running.look(connection, serials, start_ms, now_ms)
    for holder in holders:
        those = metered[holder]
        draw = meters.draw(connection, view, series, those, start_ms, now_ms, scene.running)
        if draw is None:
            continue
        bought = scene.bought.in_zone(connection, holder.zone, start_ms)
        allowed = allowance_of(view, holder, bought.get(holder.licensee, []), start_ms)
        if project(draw, end_ms, allowed.limit_wh).breach_ms is None:
            continue
        back_ms = draw.at_ms - view.market.period_ms // _SPREAD
        powers = meters.last_powers(view, series, those, back_ms, draw.at_ms + 1)
        last = loads(powers, back_ms, draw.at_ms + 1)
        ahead = outlook(draw, end_ms, allowed.limit_wh, last)
        details = _ahead(draw, ahead, allowed.limit_wh, now_ms) | {
            "sites": list(holder.sites),
            "period_start_ms": start_ms,
            "period_end_ms": end_ms,
            "allowed_wh": str(allowed.bought_wh),
            "tolerance_wh": str(allowed.tolerance_wh),
            "examples": ["tolerance"] if allowed.example else [],
            "operational": [each.serial for each in those if each.status == "operational"],
            "versions": {kind: list(numbers) for kind, numbers in allowed.versions.items()},
        }
        subject = f"{holder.licensee}/{holder.zone}"
        yield Finding(Code.WILL_EXCEED, subject, start_ms, now_ms, details)


def _ahead(draw: Draw, ahead: Outlook, limit_wh: Fraction, now_ms: int) -> dict[str, object]:
    oldest_ms = draw.at_ms if draw.oldest_ms is None else draw.oldest_ms
    return {
        "breach_ms": ahead.projection.breach_ms,
        "projected_excess_wh": str(round(ahead.projection.energy_wh - limit_wh)),
        "confidence": ahead.confidence,
        "minutes": ahead.minutes,
        "exceeding": ahead.exceeding,
        "least_excess_wh": str(round(ahead.least_wh - limit_wh)),
        "most_excess_wh": str(round(ahead.most_wh - limit_wh)),
        "read_ms": oldest_ms,
        "age_s": max(now_ms - oldest_ms, 0) // 1000,
    }


def judge_hours(connection: Connection, scene: Scene, site: Site) -> Iterator[Finding]:
    """Load above what the site may draw without mining, at a time that is not permitted.

    By telemetry, to the reading that showed it first; one finding for the part of a delivery period
    that is not permitted.
    """
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    start_ms = view.market.period_start(now_ms)
    rulings = _rulings(connection, view, site, now_ms, scene.bought)
    spans = scene.forbidden.within(rulings, start_ms, now_ms + 1)
    if not spans or spans[-1][1] <= now_ms:
        return
    those = view.delivery_meters(site.name, now_ms)
    power_w = meters.power_w(view, series, those, now_ms)
    if power_w is None or power_w <= site.auxiliary_w:
        return
    from_ms = spans[-1][0]
    readings = meters.readings(series, those, from_ms - view.market.period_ms, now_ms + 1)
    first = first_load(readings, site.auxiliary_w, from_ms, now_ms + 1)
    details = rulings_named(rulings) | {
        "site": site.name,
        "forbidden_from_ms": from_ms,
        "load_from_ms": now_ms if first is None else first[0],
        "power_w": str(round(power_w)),
        "auxiliary_w": site.auxiliary_w,
    }
    yield Finding(Code.LOAD_OUTSIDE_HOURS, site.name, from_ms, now_ms, details)


def is_permitted(connection: Connection, view: View, site: Site, at_ms: int) -> bool:
    """Whether a site may draw power to mine at a moment, by the hours that documents permit."""
    return permits(_rulings(connection, view, site, at_ms, BoughtOnce()), at_ms)


def _rulings(
    connection: Connection, view: View, site: Site, at_ms: int, known: BoughtOnce
) -> list[Known[PermittedHours]]:
    if not prescribed(view).hours:
        return []
    holder = holder_of(view, site)
    sources: set[str] = set()
    if any(each.record.source is not None for each in prescribed(view).hours):
        start_ms = view.market.period_start(at_ms)
        bought = known.in_zone(connection, holder.zone, start_ms)
        sources = {entry.record.source for entry in bought.get(holder.licensee, [])}
    return hours_of(view, site, sources, at_ms)


def judge_capacity(_: Connection, scene: Scene, site: Site) -> Iterator[Finding]:
    """Power now above what the connection bears: a warning, since the quarter's mean decides."""
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    bound = bounds(prescribed(view).points.get(site.name, ()), now_ms, now_ms + 1)
    if bound is None:
        return
    power_w = meters.power_w(view, series, view.delivery_meters(site.name, now_ms), now_ms)
    if power_w is None or power_w <= bound.capacity_w:
        return
    details = {
        "site": site.name,
        "power_w": str(round(power_w)),
        "capacity_w": bound.capacity_w,
        "versions": {DeliveryPoint.kind: list(bound.versions)},
    }
    first_ms = view.market.period_start(now_ms)
    yield Finding(Code.OVER_CAPACITY_NOW, site.name, first_ms, now_ms, details)


def judge_quotas(scene: Scene, connection: Connection, zones: Sequence[str]) -> Iterator[Finding]:
    """Of auction zones, the running period and the next."""
    for zone in zones:
        yield from _judge_quota(scene, connection, zone)


def _judge_quota(scene: Scene, connection: Connection, zone: str) -> Iterator[Finding]:
    view, now_ms = scene.view, scene.now_ms
    start_ms = view.market.period_start(now_ms)
    for first_ms in (start_ms, start_ms + view.market.period_ms):
        published = entitlements.quota(connection, zone, first_ms)
        if published is None:
            continue
        quota: Known[Quota] = known(published)
        allocated = scene.bought.in_zone(connection, zone, first_ms)
        over = over_quota([entry for those in allocated.values() for entry in those], quota)
        if over is None:
            continue
        details = {
            "zone": zone,
            "period_start_ms": first_ms,
            "period_end_ms": first_ms + view.market.period_ms,
            "allocated_wh": str(over.allocated_wh),
            "quota_wh": str(over.quota_wh),
            "versions": {Allocation.kind: list(over.allocations), Quota.kind: [over.quota]},
        }
        yield Finding(Code.OVER_QUOTA, zone, first_ms, now_ms, details)
