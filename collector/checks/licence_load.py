"""Load of those who may not mine: of a site without a valid licence, of a tenant in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from collector.checks import meters
from collector.checks.codes import Code
from collector.checks.licence import Ground, Standing, site_standing, tenant_standing
from collector.checks.load import Beginning, began
from collector.checks.meters import AHEAD_MS, POWER
from collector.checks.states import Scene, State
from collector.model.limits import starting_power_w
from collector.model.records import DataCentre, Gateway, Meter, Record, Site, Tenancy
from collector.registry.profiles import load_profile
from collector.registry.view import View
from collector.series.store import Point

_CODES = {
    Ground.SUSPENDED: Code.SUSPENDED_LOAD,
    Ground.REVOKED: Code.REVOKED_LOAD,
    Ground.ENDED: Code.UNLICENSED_LOAD,
    Ground.NOT_YET: Code.UNLICENSED_LOAD,
    Ground.NOT_NAMED: Code.UNLICENSED_LOAD,
    Ground.NONE: Code.UNLICENSED_LOAD,
}
"""Of a licence that is another's `licence_papers` tells, whatever is drawn."""


@dataclass(frozen=True)
class Load:
    """What somebody may not draw: `signs` of the powers of the meters that make it up, 1 or -1."""

    code: Code
    subject: str
    standing: Standing
    metered: tuple[Meter, ...]
    signs: Mapping[str, int]
    over_w: Fraction
    details: Mapping[str, Any]
    records: tuple[Record, ...] = ()

    def state(self, since_ms: int, power_w: Fraction, **evidence: Any) -> State:
        figures = {"power_w": str(round(power_w)), "meters": sorted(self.signs)}
        records = (*self.standing.records, *self.metered, *self.records)
        details = dict(self.details) | figures
        return State(self.code, self.subject, since_ms, details, records=records, **evidence)


def judge_site(scene: Scene, site: Site) -> Iterator[State]:
    """The loads of now that are not allowed at a site, its owner's and its tenants'."""
    for load in unlicensed(scene.view, site, scene.now_ms):
        yield from _now(scene, load)


def unlicensed(view: View, site: Site, at_ms: int) -> list[Load]:
    """Whose load at a site has no valid licence at a moment, and what it is made of."""
    tenancies = view.tenancies_at(site.name, at_ms)
    hung = view.meters_of(site.name, at_ms)
    own = _of_owner(view, site, hung, [each for _, each in tenancies], at_ms)
    theirs = (_of_tenant(view, site, hung, *each, at_ms) for each in tenancies)
    return [load for load in (own, *theirs) if load is not None and load.metered]


def _of_owner(
    view: View, site: Site, hung: Sequence[Meter], tenancies: Sequence[Tenancy], at_ms: int
) -> Load | None:
    """What comes over the boundary, without what tenants' stages draw.

    A load may be fed past the meters of stages: those of the owner are not asked.
    """
    standing = site_standing(view, site.name, at_ms)
    code = _CODES.get(standing.ground)
    delivery = [meter for meter in hung if meter.point == "delivery"]
    if code is None or not delivery:
        return None
    let = _stage_meters(hung, tenancies)
    over_w = Fraction(site.auxiliary_w)
    if let:
        over_w += _starting_w(delivery)  # two instruments never agree to the last watt
    details = {
        "site": site.name,
        "licences": [course.licence.number for course in standing.courses],
        "ended_ms": standing.since_ms or None,
        "ground": standing.ground,
        "auxiliary_w": site.auxiliary_w,
        "is_doubted": standing.is_doubted,
    }
    signs = {meter.serial: 1 for meter in delivery} | {meter.serial: -1 for meter in let}
    return Load(code, site.name, standing, (*delivery, *let), signs, over_w, details)


def _of_tenant(
    view: View,
    site: Site,
    hung: Sequence[Meter],
    centre: DataCentre,
    tenancy: Tenancy,
    at_ms: int,
) -> Load | None:
    """What the meters of his stages show, which needs a licence of subtype II."""
    standing = tenant_standing(view.courses_of_licensee(tenancy.tenant), at_ms)
    if standing.is_licensed:
        return None
    metered = tuple(_stage_meters(hung, [tenancy]))
    details = {
        "site": site.name,
        "data_centre": centre.name,
        "tenant": tenancy.tenant,
        "stages": list(tenancy.stages),
        "ground": standing.ground,
        "licences": [course.licence.number for course in standing.courses],
    }
    return Load(
        Code.TENANT_LOAD,
        f"{site.name}/{tenancy.tenant}",
        replace(standing, since_ms=max(standing.since_ms, tenancy.valid_from)),
        metered,
        {meter.serial: 1 for meter in metered},
        _starting_w(metered),
        details,
        (centre, tenancy),
    )


def _now(scene: Scene, load: Load) -> Iterator[State]:
    """From when it began, or the licence no longer allowed it: what was later."""
    fresh = [meters.fresh(scene.view, scene.series, each, scene.now_ms) for each in load.metered]
    known = [point for point in fresh if point is not None]
    if len(known) < len(fresh):
        return
    powers = (load.signs[point.meter] * Fraction(point.values[POWER]) for point in known)
    power_w = sum(powers, Fraction(0))
    if power_w <= load.over_w:
        return
    not_before = load.standing.since_ms
    since_ms = scene.lasting_since(load.code, load.subject, not_before)
    began_at: tuple[int, ...] = ()
    if since_ms is None:
        beginning = _beginning(scene, load, known)
        since_ms, began_at = max(beginning.at_ms, not_before), (beginning.position,)
    positions = tuple(point.position for point in known)
    yield load.state(
        since_ms, power_w, positions=positions, not_before=not_before, began_at=began_at
    )


def _beginning(scene: Scene, load: Load, newest: Sequence[Point]) -> Beginning:
    """Looked for before the licence ended too: a load that was on then began for us right there."""
    frame_ms = max(scene.view.one(Gateway, each.gateway).timing.frame_ms for each in load.metered)
    apart_ms = max(scene.hold_ms, 2 * frame_ms + AHEAD_MS)
    last = max(newest, key=lambda point: point.at_ms)
    from_ms = max(load.standing.since_ms - apart_ms, 0)
    found = began(scene.series, load.signs, load.over_w, from_ms, last.at_ms, apart_ms)
    return found or Beginning(min(last.at_ms, scene.now_ms), last.position)


def _stage_meters(hung: Sequence[Meter], tenancies: Sequence[Tenancy]) -> list[Meter]:
    stages = {stage for tenancy in tenancies for stage in tenancy.stages}
    return [meter for meter in hung if meter.point in stages]


def _starting_w(metered: Sequence[Meter]) -> Fraction:
    return sum(
        (
            starting_power_w(load_profile(meter.profile), meter.ct, Fraction(*meter.vt))
            for meter in metered
        ),
        Fraction(0),
    )
