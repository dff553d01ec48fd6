"""Did the load drop? Judged at the stage's own meters and at the site's boundary."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from collector.model.noise import variance
from collector.model.order import DropResult
from collector.model.records import Policy

_UNVERIFIABLE_SIGMAS = 5
_BOUNDARY_SIGMAS = 3


@dataclass(frozen=True)
class Samples:
    """Power of one meter in W, before the order was issued and after its contact settled."""

    before_w: Sequence[float]
    after_w: Sequence[float]


@dataclass(frozen=True)
class Drop:
    """Medians in W, summed over the meters of the stages and of the boundary."""

    stage_before_w: float
    stage_after_w: float
    site_before_w: float
    site_after_w: float
    sigma_w: float
    result: DropResult


def enough(samples: Sequence[Samples], policy: Policy) -> bool:
    return bool(samples) and all(
        min(len(meter.before_w), len(meter.after_w)) >= policy.min_samples for meter in samples
    )


def judge(stage: Sequence[Samples], boundary: Sequence[Samples], policy: Policy) -> Drop:
    """Judge a drop from enough samples of each meter.

    Full: the stages lost at least `full_permille` of their own load, and so did the boundary
    within 3 σ of its noise. Load that only moved to another feeder is not a full drop.
    """
    stage_before, stage_after, sigma = _sums(stage)
    site_before, site_after, site_sigma = _sums(boundary)
    if not boundary or stage_before < _UNVERIFIABLE_SIGMAS * sigma or stage_before <= 0:
        result = DropResult.UNVERIFIABLE
    else:
        at_stage = _grade(stage_before - stage_after, stage_before, policy)
        boundary_drop = site_before - site_after + _BOUNDARY_SIGMAS * site_sigma
        result = max(at_stage, _grade(boundary_drop, stage_before, policy), key=_WORSE.index)
    return Drop(stage_before, stage_after, site_before, site_after, sigma, result)


_WORSE = [DropResult.FULL, DropResult.PARTIAL, DropResult.NONE]


def _grade(drop_w: float, prior_w: float, policy: Policy) -> DropResult:
    permille = 1000 * drop_w / prior_w
    if permille >= policy.full_permille:
        return DropResult.FULL
    return DropResult.PARTIAL if permille >= policy.partial_permille else DropResult.NONE


def _sums(meters: Sequence[Samples]) -> tuple[float, float, float]:
    before = sum(median(meter.before_w) for meter in meters)
    after = sum(median(meter.after_w) for meter in meters)
    sigma = sum(variance(meter.before_w) for meter in meters) ** 0.5
    return before, after, sigma
