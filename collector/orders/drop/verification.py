"""Did the load drop? Judged at each stage's own meters and at the site's boundary, exactly.

Pure: what is measured goes in, a verdict comes out. The rules in words: docs/verification.md.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from statistics import median

from collector.model.order import DropCause, DropResult
from collector.model.records import Policy
from collector.orders.drop.measured import (
    Contact,
    Evidence,
    Metered,
    StageEvidence,
    spread_of,
    sums,
    variance_w2,
)
from collector.orders.drop.verdict import StageVerdict, Verdict

_BETTER = (DropResult.FULL, DropResult.PARTIAL, DropResult.NONE)
_OF_FREE_CHOICE = frozenset({DropCause.ALREADY_OFF})


def judge(
    evidence: Evidence, policy: Policy, was: Mapping[int | None, DropResult] | None = None
) -> Verdict:
    """`was`: the last results, by stage and, for None, the part's, which a little noise leaves."""
    was = was or {}
    least = policy.min_samples
    silent = evidence.silent(least)
    meters = [*evidence.delivery, *chain.from_iterable(each.meters for each in evidence.stages)]
    spread_ms = 0 if silent else spread_of(meters)
    stages = tuple(
        _judge_stage(each, policy, spread_ms, was.get(each.stage)) for each in evidence.stages
    )
    if silent or not evidence.delivery or not all(each.meters for each in evidence.stages):
        missing = DropCause.SILENT_METER if silent else DropCause.NO_METER
        why = _first(stages, DropCause.PROTECTION_TRIP) or missing
        return Verdict(DropResult.UNVERIFIABLE, why, stages, silent=silent, is_measured=False)
    boundary = boundary_of(evidence, spread_ms, least)
    verdict = Verdict(DropResult.UNVERIFIABLE, None, stages, *boundary)
    result, cause = _conclude(evidence, verdict, policy, was.get(None))
    return Verdict(result, cause, stages, *boundary)


def is_dark(
    before_v: Sequence[Fraction], after_v: Sequence[Fraction], policy: Policy
) -> bool | None:
    """Whether the voltage is gone; None when it was not measured."""
    if not before_v or not after_v:
        return None
    return 1000 * median(after_v) < policy.drop.dark_permille * median(before_v)


def _judge_stage(
    stage: StageEvidence, policy: Policy, spread_ms: int, was: DropResult | None
) -> StageVerdict:
    silent = [meter for meter in stage.meters if meter.is_silent(policy.min_samples)]
    if not stage.meters or silent:
        missing = DropCause.SILENT_METER if silent else DropCause.NO_METER
        cause = DropCause.PROTECTION_TRIP if stage.is_tripped else missing
        return StageVerdict(stage.stage, DropResult.UNVERIFIABLE, cause)
    before_w, after_w = sums(stage.meters)
    noise_w2 = sum((variance_w2(meter, spread_ms) for meter in stage.meters), Fraction(0))
    result, why = _grade_stage(stage, before_w, after_w, noise_w2, policy, was)
    return StageVerdict(stage.stage, result, why, before_w, after_w, noise_w2)


def _grade_stage(
    stage: StageEvidence,
    before_w: Fraction,
    after_w: Fraction,
    noise_w2: Fraction,
    policy: Policy,
    was: DropResult | None,
) -> tuple[DropResult, DropCause | None]:
    rules = policy.drop
    if before_w <= rules.off_w:
        if after_w > rules.off_w and not is_small(after_w, noise_w2, policy):
            return DropResult.NONE, _on(stage.contact, DropResult.NONE)
        return DropResult.UNVERIFIABLE, DropCause.ALREADY_OFF
    if stage.is_tripped:
        return DropResult.UNVERIFIABLE, DropCause.PROTECTION_TRIP
    if is_small(before_w, noise_w2, policy):
        return DropResult.UNVERIFIABLE, DropCause.SMALL_LOAD
    result = _grade(before_w - after_w, before_w, policy, was, Fraction(0))
    if result is DropResult.FULL:
        is_untrue = stage.contact is Contact.CLOSED
        return result, DropCause.CONTACT_UNTRUE if is_untrue else None
    return result, _on(stage.contact, result)


def _on(contact: Contact, result: DropResult) -> DropCause:
    """Why load is on at a stage that was ordered open."""
    if contact is Contact.CLOSED:
        return DropCause.WELDED_CONTACT
    is_bypassed = contact is Contact.OPEN and result is DropResult.NONE
    return DropCause.BYPASS if is_bypassed else DropCause.REMAINS


def _conclude(
    evidence: Evidence, verdict: Verdict, policy: Policy, was: DropResult | None
) -> tuple[DropResult, DropCause | None]:
    if is_blackout(evidence, verdict, policy):
        return DropResult.UNVERIFIABLE, DropCause.BLACKOUT
    counted = [each for each in verdict.stages if each.cause not in _OF_FREE_CHOICE]
    result, cause = _together(counted or verdict.stages)
    if result in (DropResult.UNVERIFIABLE, DropResult.NONE):
        return result, cause
    prior_w = sum((each.before_w for each in counted), Fraction(0))
    if is_small(prior_w, verdict.site_variance_w2, policy):
        return DropResult.UNVERIFIABLE, DropCause.BOUNDARY_NOISE
    sigmas = Fraction(policy.drop.boundary_sigmas)
    slack_w2 = sigmas**2 * verdict.site_variance_w2
    at_boundary = _grade(verdict.boundary_drop_w, prior_w, policy, was, slack_w2)
    shifted_w = shifted_of(evidence, policy)
    least_w = prior_w * policy.drop.shifted_permille / 1000
    if _BETTER.index(at_boundary) > _BETTER.index(result):
        is_generation = shifted_w <= -least_w
        return at_boundary, DropCause.GENERATION_FELL if is_generation else DropCause.MOVED
    if cause is None and shifted_w >= least_w:
        cause = DropCause.OWN_GENERATION
    return result, cause


def _together(stages: Sequence[StageVerdict]) -> tuple[DropResult, DropCause | None]:
    """Full when every stage is, none when none dropped; some and some is partial.

    One that cannot be judged leaves nothing to be called full.
    """
    results = {each.result for each in stages}
    judged = results - {DropResult.UNVERIFIABLE}
    if not judged or (judged == {DropResult.FULL} and len(results) > 1):
        wanted = DropResult.UNVERIFIABLE
        return wanted, _cause(stages, {wanted})
    if len(judged) > 1:
        return DropResult.PARTIAL, _cause(stages, judged - {DropResult.FULL})
    return next(iter(judged)), _cause(stages, judged)


def _cause(stages: Iterable[StageVerdict], results: Collection[DropResult]) -> DropCause | None:
    causes = (each.cause for each in stages if each.result in results)
    return next((cause for cause in causes if cause is not None), None)


def _first(stages: Iterable[StageVerdict], cause: DropCause) -> DropCause | None:
    return cause if any(each.cause is cause for each in stages) else None


def is_blackout(evidence: Evidence, verdict: Verdict, policy: Policy) -> bool:
    """By its voltage; where nobody measures that, when the rest of the site fell too."""
    if evidence.is_dark is not None:
        return evidence.is_dark
    others_w = sum((meter.before_w for meter in _speaking(evidence.others, policy)), Fraction(0))
    rest_w = verdict.site_before_w - verdict.stage_before_w - others_w
    off_w = policy.drop.off_w
    is_rest_known = rest_w > off_w and not is_small(rest_w, verdict.site_variance_w2, policy)
    return verdict.site_after_w <= off_w and is_rest_known


def boundary_of(
    evidence: Evidence, spread_ms: int, least: int
) -> tuple[Fraction, Fraction, Fraction, Fraction]:
    before_w, after_w = sums(evidence.delivery)
    moved_w = sum(
        (each.before_w - each.after_w for each in evidence.others if not each.is_silent(least)),
        Fraction(0),
    )
    noise_w2 = sum((variance_w2(each, spread_ms) for each in evidence.delivery), Fraction(0))
    return before_w, after_w, before_w - after_w - moved_w, noise_w2


def shifted_of(evidence: Evidence, policy: Policy) -> Fraction:
    """By how much the site's own generation rose."""
    before_w, after_w = sums(_speaking(evidence.generation, policy))
    return after_w - before_w


def _speaking(meters: Iterable[Metered], policy: Policy) -> list[Metered]:
    return [meter for meter in meters if not meter.is_silent(policy.min_samples)]


def is_small(load_w: Fraction, noise_w2: Fraction, policy: Policy) -> bool:
    """Whether it is fewer than `load_sigmas` σ: compared as squares, which are exact."""
    sigmas = Fraction(policy.drop.load_sigmas)
    return load_w <= 0 or load_w**2 < sigmas**2 * noise_w2


def _grade(
    drop_w: Fraction, prior_w: Fraction, policy: Policy, was: DropResult | None, slack_w2: Fraction
) -> DropResult:
    steps = ((DropResult.FULL, policy.full_permille), (DropResult.PARTIAL, policy.partial_permille))
    for result, permille in steps:
        is_kept = was in _BETTER and _BETTER.index(was) <= _BETTER.index(result)
        least = permille - (policy.drop.hysteresis_permille if is_kept else 0)
        missing_w = prior_w * least / 1000 - drop_w
        if missing_w <= 0 or missing_w**2 <= slack_w2:
            return result
    return DropResult.NONE
