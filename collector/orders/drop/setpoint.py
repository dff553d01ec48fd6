"""Is the load at its setpoint? Pure, as `verification`; in words: docs/verification.md."""

from fractions import Fraction

from collector.model.order import DropCause, DropResult
from collector.model.records import Policy
from collector.orders.drop.measured import Evidence, spread_of, sums, variance_w2
from collector.orders.drop.verdict import CappedLoad, Verdict
from collector.orders.drop.verification import boundary_of, is_blackout, is_small, shifted_of


def judge(evidence: Evidence, cap_w: int, policy: Policy) -> Verdict:
    """Of the stages of the evidence together, or without any of the delivery point."""
    of_stages = [meter for stage in evidence.stages for meter in stage.meters]
    metered = of_stages if evidence.stages else [*evidence.delivery]
    silent = evidence.silent(policy.min_samples)
    is_whole = bool(evidence.delivery) and all(stage.meters for stage in evidence.stages)
    if silent or not is_whole:
        missing = DropCause.SILENT_METER if silent else DropCause.NO_METER
        return Verdict(DropResult.UNVERIFIABLE, missing, (), silent=silent, is_measured=False)
    apart_ms = spread_of([*evidence.delivery, *of_stages])
    noise_w2 = sum((variance_w2(meter, apart_ms) for meter in metered), Fraction(0))
    load = CappedLoad(cap_w, *sums(metered), noise_w2)
    at_boundary = boundary_of(evidence, apart_ms, policy.min_samples)
    verdict = Verdict(DropResult.UNVERIFIABLE, None, (), *at_boundary, capped=load)
    result, cause = _conclude(evidence, verdict, load, policy)
    return Verdict(result, cause, (), *at_boundary, capped=load)


def _conclude(
    evidence: Evidence, verdict: Verdict, load: CappedLoad, policy: Policy
) -> tuple[DropResult, DropCause | None]:
    if is_blackout(evidence, verdict, policy):
        return DropResult.UNVERIFIABLE, DropCause.BLACKOUT
    above_w = load.after_w - load.cap_w
    excess_w = load.before_w - load.cap_w
    slack_w2 = Fraction(policy.drop.boundary_sigmas) ** 2 * load.variance_w2
    if above_w <= 0 or above_w**2 <= slack_w2:
        if excess_w <= 0:
            return DropResult.FULL, DropCause.UNDER_CAP
        least_w = excess_w * policy.drop.shifted_permille / 1000
        is_fed = shifted_of(evidence, policy) >= least_w
        return DropResult.FULL, DropCause.OWN_GENERATION if is_fed else None
    if excess_w > 0 and is_small(excess_w, load.variance_w2, policy):
        return DropResult.UNVERIFIABLE, DropCause.SMALL_LOAD
    gone_w = load.before_w - load.after_w
    is_partial = excess_w > 0 and gone_w * 1000 >= excess_w * policy.partial_permille
    return DropResult.PARTIAL if is_partial else DropResult.NONE, DropCause.ABOVE_CAP
