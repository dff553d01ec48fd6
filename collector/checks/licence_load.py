"""Load of those who may not mine: of a site without a valid licence, of a tenant in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from collector.checks import meters
from collector.checks.findings import Code
from collector.checks.licence import Ground, Standing, site_standing, tenant_standing
from collector.checks.load import Beginning, began
from collector.checks.meters import AHEAD_MS, POWER
from collector.checks.states import Scene, State
from collector.model.limits import starting_power_w
from collector.model.records import DataCentre, Gateway, Meter, Site, Tenancy
from collector.registry.profiles import load_profile
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


def judge_site(scene: Scene, site: Site) -> Iterator[State]:
    """What comes over the boundary is the owner's, without what tenants' stages draw.

    A load may be fed past the meters of stages: those of the owner are not asked.
    """
    view, now_ms = scene.view, scene.now_ms
    standing = site_standing(view, site.name, now_ms)
    code = _CODES.get(standing.ground)
    if code is None:
        return
    delivery = view.delivery_meters(site.name, now_ms)
    let = _stage_meters(scene, site, [each for _, each in view.tenancies_at(site.name, now_ms)])
    signs = {meter.serial: 1 for meter in delivery} | {meter.serial: -1 for meter in let}
    over_w = Fraction(site.auxiliary_w)
    if let:
        over_w += _starting_w(delivery)  # two instruments never agree to the last watt
    ends = {"ended_ms": standing.since_ms or None, "ground": standing.ground}
    details = {
        "site": site.name,
        "licences": [course.licence.number for course in standing.courses],
        "auxiliary_w": site.auxiliary_w,
        "is_doubted": standing.is_doubted,
    }
    yield from _load(
        scene, code, site.name, [*delivery, *let], signs, over_w, standing, details | ends
    )


def judge_tenants(scene: Scene, site: Site) -> Iterator[State]:
    """What the meters of a tenant's stages show is his, and needs a licence of subtype II."""
    for centre, tenancy in scene.view.tenancies_at(site.name, scene.now_ms):
        courses = scene.view.courses_of_licensee(tenancy.tenant)
        standing = tenant_standing(courses, scene.now_ms)
        metered = _stage_meters(scene, site, [tenancy])
        if not standing.is_licensed and metered:
            yield from _tenant(scene, site, centre, tenancy, standing, metered)


def _tenant(
    scene: Scene,
    site: Site,
    centre: DataCentre,
    tenancy: Tenancy,
    standing: Standing,
    metered: Sequence[Meter],
) -> Iterator[State]:
    since_ms = max(standing.since_ms, tenancy.valid_from)
    here = Standing(standing.ground, since_ms, standing.courses, standing.is_doubted)
    details = {
        "site": site.name,
        "data_centre": centre.name,
        "tenant": tenancy.tenant,
        "stages": list(tenancy.stages),
        "ground": standing.ground,
        "licences": [course.licence.number for course in standing.courses],
    }
    signs = {meter.serial: 1 for meter in metered}
    subject = f"{site.name}/{tenancy.tenant}"
    over_w = _starting_w(metered)
    for state in _load(scene, Code.TENANT_LOAD, subject, metered, signs, over_w, here, details):
        yield replace(state, records=(*state.records, centre, tenancy))


def _load(
    scene: Scene,
    code: Code,
    subject: str,
    metered: Sequence[Meter],
    signs: Mapping[str, int],
    over_w: Fraction,
    standing: Standing,
    details: Mapping[str, Any],
) -> Iterator[State]:
    """A load of now, from when it began, or the licence no longer allowed it: what was later."""
    points = [meters.fresh(scene.view, scene.series, meter, scene.now_ms) for meter in metered]
    known = [point for point in points if point is not None]
    if not known or len(known) < len(points):
        return
    power_w = sum(
        (signs[point.meter] * Fraction(point.values[POWER]) for point in known), Fraction()
    )
    if power_w <= over_w:
        return
    since_ms = scene.lasting_since(code, subject, standing.since_ms)
    began_at: tuple[int, ...] = ()
    if since_ms is None:
        beginning = _beginning(scene, metered, signs, over_w, standing.since_ms, known)
        since_ms, began_at = max(beginning.at_ms, standing.since_ms), (beginning.position,)
    yield State(
        code,
        subject,
        since_ms,
        dict(details) | {"power_w": str(round(power_w)), "meters": sorted(signs)},
        tuple(point.position for point in known),
        (*standing.records, *metered),
        standing.since_ms,
        began_at,
    )


def _beginning(
    scene: Scene,
    metered: Sequence[Meter],
    signs: Mapping[str, int],
    over_w: Fraction,
    from_ms: int,
    newest: Sequence[Point],
) -> Beginning:
    """It is looked for before `from_ms` too: a load that was on then began for us right there."""
    frame_ms = max(scene.view.one(Gateway, meter.gateway).timing.frame_ms for meter in metered)
    apart_ms = max(scene.hold_ms, 2 * frame_ms + AHEAD_MS)
    last = max(newest, key=lambda point: point.at_ms)
    found = began(scene.series, signs, over_w, max(from_ms - apart_ms, 0), last.at_ms, apart_ms)
    return found or Beginning(min(last.at_ms, scene.now_ms), last.position)


def _stage_meters(scene: Scene, site: Site, tenancies: Sequence[Tenancy]) -> list[Meter]:
    stages = {stage for tenancy in tenancies for stage in tenancy.stages}
    if not stages:
        return []
    hung = scene.view.meters_of(site.name, scene.now_ms)
    return [meter for meter in hung if meter.point in stages]


def _starting_w(metered: Sequence[Meter]) -> Fraction:
    return sum(
        (
            starting_power_w(load_profile(meter.profile), meter.ct, Fraction(*meter.vt))
            for meter in metered
        ),
        Fraction(0),
    )
