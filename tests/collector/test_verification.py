"""Whether a drop was measured, by examples that anybody can compute and by properties."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from collector_world import POLICY
from hypothesis import given
from hypothesis import strategies as st

from collector.model.order import DropCause, DropResult
from collector.model.records import DropThresholds, Policy
from collector.orders.drop.measured import (
    Contact,
    Evidence,
    Metered,
    Reading,
    StageEvidence,
    variance_w2,
)
from collector.orders.drop.verdict import Verdict, root
from collector.orders.drop.verification import is_dark, judge

FULL, PARTIAL, NONE, UNVERIFIABLE = DropResult
MW = 1_000_000


def series(*powers_w: float, start_ms: int = 0, step_ms: int = 1000) -> list[Reading]:
    return [Reading(start_ms + n * step_ms, Fraction(w)) for n, w in enumerate(powers_w)]


def metered(
    before_w: float | Sequence[float], after_w: float | Sequence[float], **more: Any
) -> Metered:
    """Constant for three samples, or as given."""

    def of(powers: float | Sequence[float]) -> list[Reading]:
        return series(*(powers if isinstance(powers, Sequence) else [powers] * 3))

    return Metered(more.pop("meter", "m"), of(before_w), of(after_w), **more)


def stage(
    before_w: float | Sequence[float],
    after_w: float | Sequence[float],
    contact: Contact = Contact.OPEN,
    number: int = 1,
    **more: Any,
) -> StageEvidence:
    return StageEvidence(number, [metered(before_w, after_w)], contact, **more)


def judged(
    stages: StageEvidence | Sequence[StageEvidence],
    site_before_w: float,
    site_after_w: float,
    policy: Policy = POLICY,
    was: dict[int | None, DropResult] | None = None,
    **more: Any,
) -> Verdict:
    cut = [stages] if isinstance(stages, StageEvidence) else stages
    return judge(Evidence(cut, [metered(site_before_w, site_after_w)], **more), policy, was)


# --- how much is enough


@pytest.mark.parametrize(
    ("left_w", "result"),
    [
        (0, FULL),
        (100_000, FULL),  # 90 % of 1 MW
        (100_001, PARTIAL),
        (800_000, PARTIAL),  # 20 %
        (800_001, NONE),
        (1_200_000, NONE),  # it rose
    ],
)
def test_full_from_90_percent_of_the_stages_own_load_partial_from_20(
    left_w: int, result: DropResult
) -> None:
    verdict = judged(stage(MW, left_w), 2 * MW, MW + left_w)
    assert verdict.result is result
    assert (verdict.cause is None) is (result is FULL)


def test_before_and_after_are_medians_so_that_one_wrong_sample_says_nothing() -> None:
    verdict = judged(stage([MW, 9 * MW, MW], [0, 0, MW]), 2 * MW, MW, relaxed(load_sigmas="0.01"))
    assert verdict.stage_before_w == MW
    assert verdict.stage_after_w == 0
    assert verdict.result is FULL


def relaxed(**changes: Any) -> Policy:
    return POLICY.model_copy(update={"drop": DropThresholds(**changes)})


# --- sigma


def test_sigma_of_noise_comes_from_the_median_step() -> None:
    """Steps of +20, −20 and +20 W: 1.1 × 20² = 440 W²."""
    assert variance_w2(Metered("m", series(100, 120, 100, 120), ()), 0) == 440


def test_one_step_of_the_load_is_no_noise() -> None:
    assert variance_w2(Metered("m", series(900, 901, 900, 301, 300), ()), 0) == Fraction("1.1")


def test_a_slow_ramp_is_load_and_little_noise() -> None:
    assert variance_w2(Metered("m", series(*range(0, 100, 10)), ()), 0) == 110


def test_sigma_grows_with_the_meters_response_and_their_asynchrony() -> None:
    """Noise 440 W², samples each 1000 ms, 1500 ms apart: 440 + 2 × 440 × 1.5 = 1760 W²."""
    meter = Metered("m", series(100, 120, 100, 120), (), response_ms=1000)
    assert variance_w2(meter, 500) == 1760
    assert root(Fraction(1760)) == Fraction("41.95")


def test_sigma_of_a_quantum_is_its_square_by_twelve() -> None:
    assert variance_w2(Metered("m", series(100, 100, 100), (), quantum_w=Fraction(60)), 0) == 300


@pytest.mark.parametrize(("prior_w", "is_enough"), [(10_488, False), (10_489, True)])
def test_a_load_under_five_sigma_proves_nothing(prior_w: int, *, is_enough: bool) -> None:
    """Steps of ±2,000 W: σ² is 4,400,000 W², and 5 σ are 10,488.09 W."""
    noisy = [prior_w + n for n in (-1000, 1000, -1000, 1000)]
    delivery = metered([MW] * 4, MW - prior_w)
    verdict = judge(Evidence([stage(noisy, 0)], [delivery]), POLICY)
    assert verdict.result is (FULL if is_enough else UNVERIFIABLE)
    assert verdict.cause is (None if is_enough else DropCause.SMALL_LOAD)


# --- four results that are not each other


@pytest.mark.parametrize(
    ("contact", "left_w", "result", "cause"),
    [
        (Contact.CLOSED, MW, NONE, DropCause.WELDED_CONTACT),
        (Contact.CLOSED, MW // 2, PARTIAL, DropCause.WELDED_CONTACT),
        (Contact.OPEN, MW, NONE, DropCause.BYPASS),
        (Contact.OPEN, MW // 2, PARTIAL, DropCause.REMAINS),
        (Contact.CLOSED, 0, FULL, DropCause.CONTACT_UNTRUE),
    ],
)
def test_what_contact_and_meter_say_together(
    contact: Contact, left_w: int, result: DropResult, cause: DropCause
) -> None:
    verdict = judged(stage(MW, left_w, contact), 2 * MW, MW + left_w)
    assert (verdict.result, verdict.cause) == (result, cause)


def test_what_was_off_before_is_no_drop_and_no_failure() -> None:
    verdict = judged(stage(900, 0), 2 * MW, 2 * MW)
    assert (verdict.result, verdict.cause) == (UNVERIFIABLE, DropCause.ALREADY_OFF)


def test_what_was_off_and_draws_now_is_bypassed() -> None:
    verdict = judged(stage(0, MW), MW, 2 * MW)
    assert (verdict.result, verdict.cause) == (NONE, DropCause.BYPASS)


def test_a_silent_meter_is_named() -> None:
    silent = Metered("delivery-7", series(MW, MW, MW), series(0, 0))
    verdict = judge(Evidence([stage(MW, 0)], [silent]), POLICY)
    assert (verdict.result, verdict.cause) == (UNVERIFIABLE, DropCause.SILENT_METER)
    assert verdict.details() == {
        "result": "unverifiable",
        "cause": "silent_meter",
        "silent": ["delivery-7"],
    }


def test_a_stage_that_nobody_measures_is_said_to_be_so() -> None:
    verdict = judged(StageEvidence(1, [], Contact.OPEN), MW, 0)
    assert (verdict.result, verdict.cause) == (UNVERIFIABLE, DropCause.NO_METER)


# --- the boundary


def test_load_that_moved_to_another_feed_is_no_drop() -> None:
    verdict = judged(stage(MW, 0), 2 * MW, 2 * MW)
    assert (verdict.result, verdict.cause) == (NONE, DropCause.MOVED)
    assert verdict.credited_w == 0


def test_a_part_that_moved_leaves_a_partial_drop_and_half_the_credit() -> None:
    verdict = judged(stage(MW, 0), 2 * MW, 1_500_000)
    assert verdict.result is PARTIAL
    assert verdict.credited_w == 500_000


def test_two_delivery_meters_are_one_boundary() -> None:
    """A bus-tie moves the load from one of the site's feeders to its other."""
    delivery = [metered(MW, 0, meter="a"), metered(MW, 2 * MW, meter="b")]
    verdict = judge(Evidence([stage(MW, 0)], delivery), POLICY)
    assert (verdict.result, verdict.cause) == (NONE, DropCause.MOVED)


def test_what_another_order_moved_meanwhile_is_not_this_ones() -> None:
    """Another stage closed for 600 kW: the site fell by 400 kW, and this order by 1 MW."""
    back = metered(0, 600_000)
    verdict = judged(stage(MW, 0), 2 * MW, 1_600_000, others=[back])
    assert verdict.result is FULL
    assert verdict.boundary_drop_w == MW
    opened = metered(600_000, 0)
    hidden = judged(stage(MW, 0), 2 * MW, 1_400_000, others=[opened])
    assert (hidden.result, hidden.cause) == (NONE, DropCause.MOVED)


def test_a_genset_that_took_the_load_over_is_told() -> None:
    verdict = judged(stage(MW, 0), 2 * MW, MW, generation=[metered(0, 900_000)])
    assert (verdict.result, verdict.cause) == (FULL, DropCause.OWN_GENERATION)


def test_a_genset_that_stopped_at_the_same_time_relieves_nobody() -> None:
    verdict = judged(stage(MW, 0), 2 * MW, 2 * MW, generation=[metered(MW, 0)])
    assert (verdict.result, verdict.cause) == (NONE, DropCause.GENERATION_FELL)


def test_a_load_lost_in_the_boundarys_noise_is_unverifiable() -> None:
    noisy = metered([5 * MW, 6 * MW, 5 * MW, 6 * MW], [5 * MW] * 3)
    verdict = judge(Evidence([stage(MW, 0)], [noisy]), POLICY)
    assert (verdict.result, verdict.cause) == (UNVERIFIABLE, DropCause.BOUNDARY_NOISE)


def test_one_sigma_of_the_boundary_counts_for_the_stage() -> None:
    """Steps of ±100 kW: σ is 104.9 kW. The boundary fell by 850 kW; 900 are a full drop."""
    noisy = metered([1_950_000, 2_050_000, 1_950_000, 2_050_000], [1_150_000] * 3)
    evidence = Evidence([stage([MW] * 4, 0)], [noisy])
    assert judge(evidence, POLICY).result is FULL
    assert judge(evidence, relaxed(boundary_sigmas="0.4")).result is PARTIAL


# --- no credit


def test_a_blackout_earns_no_credit() -> None:
    verdict = judged(stage(MW, 0), 2 * MW, 0, is_dark=True)
    assert (verdict.result, verdict.cause) == (UNVERIFIABLE, DropCause.BLACKOUT)
    assert verdict.credited_w == 0


def test_without_a_voltage_a_site_that_fell_whole_is_a_blackout() -> None:
    assert judged(stage(MW, 0), 2 * MW, 0).cause is DropCause.BLACKOUT
    assert judged(stage(MW, 0), 2 * MW, 0, is_dark=False).result is FULL
    assert judged(stage(MW, 0), MW + 500, 0).result is FULL  # nothing else was on


def test_a_trip_before_the_order_earns_no_credit() -> None:
    verdict = judged(stage(MW, 0, is_tripped=True), 2 * MW, MW)
    assert (verdict.result, verdict.cause) == (UNVERIFIABLE, DropCause.PROTECTION_TRIP)
    assert verdict.credited_w == 0


def test_half_the_voltage_is_no_supply() -> None:
    volts = [Fraction(230)] * 3
    assert is_dark(volts, [Fraction(114)] * 3, POLICY) is True
    assert is_dark(volts, [Fraction(115)] * 3, POLICY) is False
    assert is_dark(volts, [], POLICY) is None


# --- several stages


def stages_of(*pairs: tuple[int, int]) -> list[StageEvidence]:
    return [stage(before, after, number=n) for n, (before, after) in enumerate(pairs, 1)]


@pytest.mark.parametrize(
    ("pairs", "result"),
    [
        (((MW, 0), (50_000, 0)), FULL),
        (((MW, 0), (50_000, 50_000)), PARTIAL),  # 95 % of both, and one did not open
        (((MW, MW), (50_000, 50_000)), NONE),
        (((MW, 0), (0, 0)), FULL),  # the other was off
        (((0, 0), (0, 0)), UNVERIFIABLE),
    ],
)
def test_a_small_stage_does_not_hide_behind_a_big_one(
    pairs: tuple[tuple[int, int], ...], result: DropResult
) -> None:
    drop = sum(before - after for before, after in pairs)
    assert judged(stages_of(*pairs), 3 * MW, 3 * MW - drop).result is result


# --- judged again


@pytest.mark.parametrize(
    ("left_w", "was", "result"),
    [
        (140_000, FULL, FULL),  # 86 %: a full drop loses that below 85
        (160_000, FULL, PARTIAL),
        (140_000, PARTIAL, PARTIAL),  # and becomes it from 90
        (840_000, PARTIAL, PARTIAL),
        (860_000, PARTIAL, NONE),
        (140_000, UNVERIFIABLE, PARTIAL),
    ],
)
def test_a_little_noise_does_not_change_a_result(
    left_w: int, was: DropResult, result: DropResult
) -> None:
    last: dict[int | None, DropResult] = {1: was, None: was}
    assert judged(stage(MW, left_w), 2 * MW, MW + left_w, was=last).result is result


# --- properties

POWERS = st.integers(min_value=0, max_value=10**8)
NOISES = st.lists(st.integers(-2000, 2000), min_size=3, max_size=12)


@given(POWERS, POWERS, POWERS, NOISES, NOISES, st.sampled_from(Contact))
def test_every_measurement_has_one_result_and_never_more_credit_than_was_measured(
    prior_w: int,
    left_w: int,
    rest_w: int,
    before: list[int],
    after: list[int],
    contact: Contact,
) -> None:
    cut = StageEvidence(
        1,
        [metered([prior_w + n for n in before], [left_w + n for n in after])],
        contact,
    )
    site = metered(
        [prior_w + rest_w + n for n in before], [left_w + rest_w + n for n in after], meter="d"
    )
    verdict = judge(Evidence([cut], [site], is_dark=False), POLICY)
    stage_drop_w = verdict.stage_before_w - verdict.stage_after_w
    assert 0 <= verdict.credited_w <= max(stage_drop_w, Fraction(0))
    if verdict.result is FULL:
        assert stage_drop_w >= verdict.stage_before_w * 9 / 10
        assert verdict.credited_w > 0
    if verdict.result is not FULL:
        assert verdict.cause is not None
    if verdict.result in (UNVERIFIABLE, NONE) and verdict.cause is not DropCause.BYPASS:
        assert verdict.credited_w <= max(verdict.stage_before_w, Fraction(0)) / 5


@given(st.integers(10**5, 10**8), NOISES, st.integers(0, 40), st.integers(0, 40))
def test_the_more_is_left_the_worse_is_the_result(
    prior_w: int, noise: list[int], less: int, more: int
) -> None:
    less, more = sorted((less, more))
    order = [FULL, PARTIAL, NONE]

    def result(share: int) -> DropResult:
        left_w = prior_w * share // 40
        before = [prior_w + n for n in noise]
        site = metered([2 * prior_w + n for n in noise], [prior_w + left_w] * 3)
        cut = StageEvidence(1, [metered(before, left_w)], Contact.OPEN)
        return judge(Evidence([cut], [site], is_dark=False), POLICY).result

    found = result(less), result(more)
    if UNVERIFIABLE in found:
        assert found == (UNVERIFIABLE, UNVERIFIABLE)
    else:
        assert order.index(found[0]) <= order.index(found[1])


@given(st.permutations(range(4)))
def test_the_order_of_stages_and_meters_does_not_matter(order: list[int]) -> None:
    stages = stages_of((MW, 0), (MW, 200_000), (300_000, 0), (0, 0))
    drop = 2_100_000
    shuffled = judged([stages[place] for place in order], 5 * MW, 5 * MW - drop)
    straight = judged(stages, 5 * MW, 5 * MW - drop)
    assert (shuffled.result, shuffled.credited_w) == (straight.result, straight.credited_w)
