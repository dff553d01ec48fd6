"""The shape of a load over some days, by which mining shows itself. Pure; floats, for no bill."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, pstdev

from collector.model.instant import astana

_NIGHT, _DAY = range(6), range(9, 21)
_WEEKEND = (5, 6)
_JUMP = 0.05
_LEAST_W = 1.0
"""What is less is no load, but what instruments and floats make of none."""
_OFF = 0.3
"""Below so much of the median a load is switched off, which says nothing of its shape."""


@dataclass(frozen=True)
class Quarter:
    """Mean power from `start_ms` on, and the power factor where it is known."""

    start_ms: int
    power_w: float
    power_factor: float | None = None


@dataclass(frozen=True)
class Shape:
    """`quarters`: of any load; the rest while it is not switched off. Each None where too little
    is known for it.

    `load_factor`: mean over the power that is exceeded 2 % of the time. `base`: what is exceeded
    95 % of the time over the median. `night_day`: mean of 00-06 over that of 09-21, Astana.
    `weekend`: mean of Saturdays and Sundays over that of other days. `roughness`: median of the
    change from a quarter to the next, over the median power. `spread`: how far a quarter is from
    the same of other days, median, over the median power. `power_factor`: median; `factor_spread`:
    its standard deviation. `jumps`: changes from a quarter to the next by more than a twentieth of
    the median power, a day; also those by which it is switched off.
    """

    quarters: int
    days: int
    median_w: float
    load_factor: float | None = None
    base: float | None = None
    night_day: float | None = None
    weekend: float | None = None
    roughness: float | None = None
    spread: float | None = None
    power_factor: float | None = None
    factor_spread: float | None = None
    jumps: float | None = None


def shape(series: Sequence[Quarter], quarter_ms: int = 900_000) -> Shape | None:
    """None for no load at all. Quarters may be missing; they stand in order of time."""
    fed = [each for each in series if each.power_w >= _LEAST_W]
    if not fed:
        return None
    off_w = _OFF * median(each.power_w for each in fed)
    loaded = [each for each in fed if each.power_w > off_w]
    powers = sorted(each.power_w for each in loaded)
    middle_w = median(powers)
    hours = [(astana(each.start_ms), each) for each in loaded]
    night = [each.power_w for when, each in hours if when.hour in _NIGHT]
    day = [each.power_w for when, each in hours if when.hour in _DAY]
    free = [each.power_w for when, each in hours if when.weekday() in _WEEKEND]
    work = [each.power_w for when, each in hours if when.weekday() not in _WEEKEND]
    jumps = _jumps(loaded, quarter_ms, middle_w)
    factors = [each.power_factor for each in loaded if each.power_factor is not None]
    dates = {when.date() for when, _ in hours}
    return Shape(
        quarters=len(fed),
        days=len(dates),
        median_w=middle_w,
        load_factor=fmean(powers) / _at(powers, 0.98),
        base=_at(powers, 0.05) / middle_w,
        night_day=fmean(night) / fmean(day) if night and day else None,
        weekend=fmean(free) / fmean(work) if free and work else None,
        roughness=median(jumps) if jumps else None,
        spread=_spread(loaded, quarter_ms, middle_w),
        power_factor=median(factors) if factors else None,
        factor_spread=pstdev(factors) if len(factors) > 1 else None,
        jumps=len([each for each in _jumps(fed, quarter_ms, middle_w) if each > _JUMP])
        / len(dates),
    )


def _jumps(series: Sequence[Quarter], quarter_ms: int, middle_w: float) -> list[float]:
    return [
        abs(after.power_w - before.power_w) / middle_w
        for before, after in pairwise(series)
        if after.start_ms - before.start_ms == quarter_ms
    ]


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _spread(loaded: Sequence[Quarter], quarter_ms: int, middle_w: float) -> float | None:
    """Against the median of the same quarter of the other days."""
    by_time: dict[int, list[float]] = {}
    for each in loaded:
        by_time.setdefault(each.start_ms % 86_400_000 // quarter_ms, []).append(each.power_w)
    apart = [
        abs(power_w - typical) / middle_w
        for powers in by_time.values()
        if len(powers) > 2
        for typical in [median(powers)]
        for power_w in powers
    ]
    return median(apart) if apart else None
