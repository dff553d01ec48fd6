"""Ghost load: what goes on being drawn behind a stage whose contact says that it is open.

Either the stage's own meter shows it, or the boundary does: it fell by less than the stage did.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from statistics import median
from typing import Any

from collector.checks.codes import Code
from collector.checks.load import began
from collector.checks.meters import AHEAD_MS, POWER
from collector.checks.scene import Readings
from collector.checks.states import Scene, State
from collector.intervals.contacts import Contact, contacts
from collector.model.limits import starting_power_w
from collector.model.noise import variance
from collector.model.records import Gateway, Meter, Policy, Site, Stage
from collector.registry.profiles import load_profile

_STAGE_SIGMAS, _SITE_SIGMAS = 5, 3
"""As orders verify a drop."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Summed medians of power in W, and the variance of their sum; `samples` of the poorest."""

    power_w: float
    variance_w2: float
    samples: int
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """A contact that says open since, and what its stage and its site drew before and after."""

    stage_before: Figures
    stage_after: Figures
    site_before: Figures
    site_after: Figures

    @property
    def details(self) -> dict[str, str]:
        named = {
            "stage_before_w": self.stage_before,
            "stage_after_w": self.stage_after,
            "site_before_w": self.site_before,
            "site_after_w": self.site_after,
        }
        return {name: str(round(figures.power_w)) for name, figures in named.items()}

    @property
    def positions(self) -> tuple[int, ...]:
        parts = (self.stage_before, self.stage_after, self.site_before, self.site_after)
        return tuple(position for part in parts for position in part.positions)


def draws(opening: Opening, starting_w: Fraction, policy: Policy) -> bool:
    """Whether the stage's own meters still show a load, by enough samples."""
    after = opening.stage_after
    return after.samples >= policy.min_samples and Fraction(after.power_w) > starting_w


def moved(opening: Opening, policy: Policy) -> bool:
    """Whether the boundary did not fall with the stage: the load went past the stage's meters."""
    parts = (opening.stage_before, opening.stage_after, opening.site_before, opening.site_after)
    if any(part.samples < policy.min_samples for part in parts):
        return False
    drop_w = opening.stage_before.power_w - opening.stage_after.power_w
    if drop_w <= 0 or drop_w < _STAGE_SIGMAS * sqrt(opening.stage_before.variance_w2):
        return False  # nothing that could be told from noise
    site_drop_w = opening.site_before.power_w - opening.site_after.power_w
    noise_w = _SITE_SIGMAS * sqrt(opening.site_before.variance_w2)
    return 1000 * (site_drop_w + noise_w) < policy.partial_permille * drop_w


def judge(scene: Scene) -> Iterator[State]:
    """Of every stage that says open, once its load has had the time to go and to be measured."""
    for gateway_id, told in contacts(scene.connection).items():
        gateway = scene.view.all(Gateway).get(gateway_id)
        site = None if gateway is None else scene.view.all(Site).get(gateway.site)
        if site is None:
            continue
        stages = {stage.id: stage for stage in site.stages}
        for contact in told:
            if not contact.is_closed and contact.stage in stages:
                others = [each for each in told if each.stage != contact.stage]
                yield from _stage(scene, site, stages[contact.stage], contact, others)


def _stage(
    scene: Scene, site: Site, stage: Stage, contact: Contact, others: Sequence[Contact]
) -> Iterator[State]:
    policy, now_ms = scene.view.policy, scene.now_ms
    hung = scene.view.meters_of(site.name, now_ms)
    metered = [meter for meter in hung if meter.point == stage.id]
    if not metered:
        return
    delivery = scene.view.delivery_meters(site.name, now_ms)
    window_ms = policy.before_window_s * 1000
    settled_ms = contact.at_ms + stage.confirm_ms + int(policy.settle_s * 1000)
    before = (contact.at_ms - window_ms, contact.at_ms)
    lately = (max(settled_ms, now_ms - window_ms), now_ms + AHEAD_MS)

    def measured(after: tuple[int, int]) -> Opening:
        return Opening(
            figures(scene.series, metered, *before),
            figures(scene.series, metered, *after),
            figures(scene.series, delivery, *before),
            figures(scene.series, delivery, *after),
        )

    details: dict[str, Any] = {"site": site.name, "stage": stage.id, "opened_ms": contact.at_ms}
    subject, records = f"{site.name}/{stage.id}", (site, *metered, *delivery)
    starting_w = sum(
        (
            starting_power_w(load_profile(meter.profile), meter.ct, Fraction(*meter.vt))
            for meter in metered
        ),
        Fraction(0),
    )
    opening = measured(lately)
    if draws(opening, starting_w, policy):
        signs = {meter.serial: 1 for meter in metered}
        apart_ms = max(scene.hold_ms, window_ms)
        found = began(scene.series, signs, starting_w, settled_ms, lately[1], apart_ms)
        since_ms = settled_ms if found is None else max(found.at_ms, settled_ms)
        kind = "draws"
    else:
        at_once = (settled_ms, settled_ms + window_ms)
        span = (before[0], at_once[1])
        if now_ms < at_once[1] or any(span[0] <= each.at_ms < span[1] for each in others):
            return  # not measured yet; or another stage moved the boundary too
        opening, since_ms, kind = measured(at_once), contact.at_ms, "moved"
        if not moved(opening, policy):
            return
    yield State(
        Code.GHOST_LOAD,
        subject,
        since_ms,
        details | {"kind": kind} | opening.details,
        (contact.position, *opening.positions),
        records,
        contact.at_ms,
    )


def figures(series: Readings, metered: Sequence[Meter], from_ms: int, until_ms: int) -> Figures:
    power_w, variance_w2, samples, positions = 0.0, 0.0, None, list[int]()
    for meter in metered:
        read = [
            (power, point.position)
            for point in series.window(meter.serial, max(from_ms, 0), until_ms)
            if (power := point.believed(POWER)) is not None
        ]
        powers = [power for power, _ in read]
        samples = len(read) if samples is None else min(samples, len(read))
        if read:
            power_w += median(powers)
            positions += [read[0][1], read[-1][1]]
        if len(read) > 1:
            variance_w2 += variance(powers)
    return Figures(power_w, variance_w2, samples or 0, tuple(positions))
