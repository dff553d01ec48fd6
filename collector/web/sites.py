"""A site as the dispatcher sees it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from collector.checks import closing, meters
from collector.checks.allocation import Holder, PeriodResult
from collector.checks.licence import Ground, site_standing
from collector.checks.lookahead import project
from collector.intervals.interlocks import interlocks
from collector.model.plausibility import DoubtCode
from collector.model.profile import Profile
from collector.model.records import Gateway, Licensee, Market, Meter, Site
from collector.orders.blocks import Block, of_site
from collector.orders.order import Order
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.web import limits, sparkline, stages
from collector.web.gateways import Gateways
from collector.web.view_model import (
    AllowancePart,
    Condition,
    IdentityPart,
    LicencePart,
    LicenceState,
    MeterPart,
    PeriodPart,
    SitePart,
    StageState,
)

_LICENCES = {
    Ground.LICENSED: LicenceState.VALID,
    Ground.OTHER_HOLDER: LicenceState.OTHER_HOLDER,
    Ground.SUSPENDED: LicenceState.SUSPENDED,
    Ground.REVOKED: LicenceState.REVOKED,
    Ground.ENDED: LicenceState.ENDED,
    Ground.NOT_YET: LicenceState.NOT_YET,
    Ground.NOT_NAMED: LicenceState.NOT_NAMED,
    Ground.NONE: LicenceState.NONE,
}


@dataclass(frozen=True)
class Moment:
    """Everything a part is made from: one read transaction, one register, one time."""

    connection: Connection
    view: View
    series: SeriesStore
    statuses: Mapping[str, dict[str, Any]]
    gateways: Gateways
    orders: Sequence[Order]
    periods: Mapping[str, Sequence[PeriodResult]]
    unlicensed_loads: frozenset[str]
    blocks: Sequence[Block]
    now_ms: int

    @property
    def market(self) -> Market | None:
        return self.view.all(Market).get("market")


def allowance(moment: Moment, holder: Holder) -> AllowancePart | None:
    """A holder's running period; None before there is a market."""
    market = moment.market
    if market is None:
        return None
    start_ms = market.period_start(moment.now_ms)
    end_ms = start_ms + market.period_ms
    allowance = closing.allowance_for(moment.connection, moment.view, holder, start_ms)
    allowed = allowance.bought_wh
    metered = closing.delivery_meters(moment.view, holder, moment.now_ms)
    draw = meters.draw(
        moment.connection, moment.view, moment.series, metered, start_ms, moment.now_ms
    )
    power_w = meters.power_w(moment.view, moment.series, metered, moment.now_ms)
    projection = None if draw is None else project(draw, end_ms, allowance.limit_wh)
    is_over = draw is not None and draw.is_over(allowance.limit_wh)
    return AllowancePart(
        sites=holder.sites,
        allowed_wh=round(allowed),
        allowed_w=round(_mean_w(allowed, market)),
        used_wh=None if draw is None else max(round(draw.used_wh), 0),
        power_w=None if power_w is None else round(power_w),
        projected_wh=None if projection is None else round(projection.energy_wh),
        exceeds_at_ms=None if projection is None or is_over else projection.breach_ms,
        is_over=is_over,
    )


def site_part(moment: Moment, site: Site, holder: Holder, shared: AllowancePart | None) -> SitePart:
    """`shared` is the holder's allowance."""
    view, now_ms = moment.view, moment.now_ms
    licensee = view.all(Licensee).get(site.licensee)
    delivery = view.delivery_meters(site.name, now_ms)
    power_w = meters.power_w(view, moment.series, delivery, now_ms)
    last = _last_known(moment.series, delivery, now_ms)
    licence = licence_part(view, site.name, now_ms)
    stage_parts = stages.parts(site, moment.orders, interlocks(moment.connection, site.gateway))
    unlicensed_load = site.name in moment.unlicensed_loads
    capped = limits.setpoint(view, moment.series, site, moment.orders, now_ms)
    is_capped = capped is not None and capped.is_in_force
    curtailed = is_capped or any(stage.state is StageState.OPEN for stage in stage_parts)

    def allowed_w(start_ms: int) -> float:
        energy_wh = closing.allowed_wh(moment.connection, view, holder, start_ms)
        return float(_mean_w(energy_wh, view.market))

    return SitePart(
        name=site.name,
        licensee=site.licensee if licensee is None else licensee.name,
        zone=site.zone,
        condition=condition(
            licence,
            shared,
            unlicensed_load=unlicensed_load,
            read=power_w is not None,
            curtailed=curtailed,
        ),
        licence=licence,
        power_w=None if power_w is None else round(power_w),
        last_power_w=None if last is None else round(last[1]),
        last_read_ms=None if last is None else last[0],
        allowance=shared,
        spark=sparkline.draw(moment.series, delivery, moment.market, allowed_w, now_ms),
        periods=tuple(_period(result) for result in moment.periods.get(site.name, [])),
        meters=tuple(_meter(moment, site, meter) for meter in view.meters_of(site.name, now_ms)),
        stages=stage_parts,
        setpoint=capped,
        limiter=limits.limiter(moment.connection, site.gateway),
        is_blocked=of_site(moment.blocks, view, site.name) is not None,
        gateways=tuple(
            moment.gateways.part(gateway.id, moment.statuses.get(gateway.id), now_ms)
            for gateway in view.all(Gateway).values()
            if gateway.site == site.name
        ),
    )


def licence_part(view: View, site: str, now_ms: int) -> LicencePart:
    """The licence that decides whether the site may mine."""
    standing = site_standing(view, site, now_ms)
    state = _LICENCES[standing.ground]
    if not standing.courses:
        return LicencePart(state=state)
    course = standing.courses[0]
    licence, span = course.licence, course.at(now_ms)
    from_ms: int | None = standing.since_ms
    until_ms = span.end_ms
    if state is LicenceState.VALID:
        from_ms, until_ms = licence.valid_from, span.ends_ms
    elif state is LicenceState.ENDED:
        from_ms, until_ms = licence.valid_from, standing.since_ms
    elif state is LicenceState.NOT_YET:
        from_ms, until_ms = licence.valid_from, licence.valid_until
    return LicencePart(
        state=state,
        number=licence.number,
        subtype=licence.subtype,
        from_ms=from_ms,
        until_ms=until_ms,
    )


def condition(
    licence: LicencePart,
    shared: AllowancePart | None,
    *,
    unlicensed_load: bool,
    read: bool,
    curtailed: bool,
) -> Condition:
    """The gravest that holds."""
    holds = {
        Condition.UNLICENSED_LOAD: unlicensed_load,
        Condition.UNLICENSED: licence.state is not LicenceState.VALID,
        Condition.OVER: shared is not None and shared.is_over,
        Condition.WILL_EXCEED: shared is not None and shared.exceeds_at_ms is not None,
        Condition.UNREAD: not read,
        Condition.CURTAILED: curtailed,
        Condition.WITHIN: shared is not None,
    }
    return next((entry for entry, so in holds.items() if so), Condition.NO_MARKET)


def _mean_w(energy_wh: Fraction, market: Market) -> Fraction:
    return energy_wh * 3600 / market.period_s


def _last_known(
    series: SeriesStore, metered: Sequence[Meter], now_ms: int
) -> tuple[int, float] | None:
    """When the oldest of the last values was read, and their sum in W."""
    found = [series.last_power(meter.serial, now_ms + meters.AHEAD_MS) for meter in metered]
    points = [point for point in found if point]
    if not points or len(points) < len(metered):
        return None
    return min(point.at_ms for point in points), sum(point.values[meters.POWER] for point in points)


def _period(result: PeriodResult) -> PeriodPart:
    measured = result.measured_wh
    return PeriodPart(
        start_ms=result.start_ms,
        end_ms=result.end_ms,
        allowed_wh=round(result.allowed_wh),
        measured_wh=None if measured is None else round(measured),
        margin_wh=None if measured is None else math.ceil(measured - result.allowed_wh),
        error_wh=math.ceil(result.error_wh),
        boundary_error_wh=math.ceil(result.boundary_error_wh),
        quantum_wh=math.ceil(result.quantum_wh),
        outcome=result.outcome,
        breaks=tuple(dict.fromkeys(entry.verdict for entry in result.breaks)),
    )


def _meter(moment: Moment, site: Site, meter: Meter) -> MeterPart:
    point = moment.series.latest(meter.serial, moment.now_ms + meters.AHEAD_MS)
    profile = _profile(meter.profile)
    values = {} if point is None else point.values
    power_w, energy_wh = values.get(meters.POWER), None if point is None else point.import_wh
    names = {stage.id: stage.name for stage in site.stages}
    return MeterPart(
        serial=meter.serial,
        profile=meter.profile,
        instrument=meter.profile if profile is None else f"{profile.vendor} {profile.model}",
        is_confirmed=profile is not None and profile.confirmed,
        point=meter.point
        if isinstance(meter.point, str)
        else names.get(meter.point, f"stage {meter.point}"),
        stage=None if isinstance(meter.point, str) else meter.point,
        read_ms=None if point is None else point.at_ms,
        age_ms=None if point is None else moment.now_ms - point.at_ms,
        is_fresh=meters.fresh(moment.view, moment.series, meter, moment.now_ms) is not None,
        power_w=None if power_w is None else round(power_w),
        energy_wh=None if energy_wh is None else round(energy_wh),
        doubts=() if point is None else tuple(DoubtCode(code) for code in point.doubts),
        identity=_identity(moment, meter),
    )


def _identity(moment: Moment, meter: Meter) -> IdentityPart:
    known = meters.identity_of(moment.connection, meter)
    last = known.last
    read = {} if last is None else last.read
    return IdentityPart(
        state=known.state,
        serial=read.get("serial"),
        ct=read.get("ct"),
        vt=read.get("vt"),
        read_ms=None if last is None else last.at_ms,
        position=None if last is None else last.position,
    )


def _profile(name: str) -> Profile | None:
    try:
        return load_profile(name)
    except ProfileError:
        return None
