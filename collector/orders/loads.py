"""What stages draw now, and what a setpoint would take off, and how surely that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from statistics import median

from collector.checks import meters
from collector.checks.meters import POWER
from collector.model.noise import variance
from collector.model.records import Meter, Policy, Site
from collector.orders.order import Cut
from collector.registry.configuration import is_counted
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.view import View
from collector.series.store import SeriesStore


@dataclass(frozen=True)
class Load:
    """Of one or more stages, W: the median of the last samples, and their noise.

    `power_w` None: a meter that would have to tell is not there, or not fresh.
    """

    power_w: int | None
    sigma_w: float = 0.0
    age_ms: int = 0


def stage_load(view: View, series: SeriesStore, site: str, stage: int, now_ms: int) -> Load:
    metered = [meter for meter in view.meters_of(site, now_ms) if meter.point == stage]
    return _of(view, series, metered, now_ms)


def _of(view: View, series: SeriesStore, metered: Sequence[Meter], now_ms: int) -> Load:
    total_w, spread, age_ms = 0, 0.0, 0
    if not metered:
        return Load(None)
    for meter in metered:
        newest = meters.fresh(view, series, meter, now_ms)
        if newest is None:
            return Load(None)
        from_ms = newest.at_ms - view.policy.before_window_s * 1000
        window = series.window(meter.serial, from_ms, newest.at_ms + 1)
        powers = [power for point in window if (power := point.believed(POWER)) is not None]
        total_w += max(floor(median(powers)), 0)
        spread += variance(powers) if len(powers) > 1 else 0.0
        age_ms = max(age_ms, now_ms - newest.at_ms)
    return Load(total_w, sqrt(spread), max(age_ms, 0))


def can_measure(view: View, name: str, point: object, now_ms: int) -> bool:
    """Whether a site's gateway reads all the meters of a point, and can count what they say."""
    gateway = view.one(Site, name).gateway
    metered = [meter for meter in view.meters_of(name, now_ms) if meter.point == point]
    try:
        return bool(metered) and all(
            meter.gateway == gateway and is_counted(meter, load_profile(meter.profile))
            for meter in metered
        )
    except ProfileError:
        return False


_OVER_S = 5
"""How long a load is above a setpoint before stages open, where no schedule says it."""


def setpoint_over_ms(policy: Policy) -> int:
    """How long a gateway lets a load be above a setpoint before it opens stages, at most."""
    return max(_OVER_S, policy.limits.emergency_over_s if policy.limits else 0) * 1000


@dataclass(frozen=True)
class Capped:
    """What a setpoint holds, W: what is drawn; what comes off when stages open, as the gateway will
    choose them; those stages.
    """

    power_w: int
    shed_w: int
    sigma_w: float
    age_ms: int
    stages: tuple[int, ...]


def drawn(view: View, series: SeriesStore, cut: Cut, now_ms: int) -> Load:
    """What a setpoint is for: by the meters of the delivery point, or of its stages."""
    points: set[object] = {*cut.stages} or {"delivery"}
    metered = view.meters_of(cut.site, now_ms)
    if points - {each.point for each in metered}:
        return Load(None)
    return _of(view, series, [each for each in metered if each.point in points], now_ms)


def capped(view: View, series: SeriesStore, cut: Cut, now_ms: int) -> Capped | None:
    """In the order of shedding, until the rest is under the cap. None: nobody knows."""
    known = drawn(view, series, cut, now_ms)
    if known.power_w is None or cut.cap_w is None:
        return None
    left_w, opened = known.power_w, []
    for stage in view.one(Site, cut.site).stages:
        if left_w <= cut.cap_w:
            break
        if cut.stages and stage.id not in cut.stages:
            continue
        own_w = stage_load(view, series, cut.site, stage.id, now_ms).power_w
        if own_w is None:
            return None
        left_w -= own_w
        opened.append(stage.id)
    shed_w = known.power_w - max(left_w, 0)
    return Capped(known.power_w, shed_w, known.sigma_w, known.age_ms, tuple(opened))
