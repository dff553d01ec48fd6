"""What stages draw now, by their own meters, and how surely that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from statistics import median

from collector.checks import meters
from collector.checks.meters import POWER
from collector.model.noise import variance
from collector.model.records import Meter
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
