"""Orders for a setpoint: what is sent, what is measured, who has the gateway's one setpoint."""

from typing import Any

import pytest
from collector_world import NOW_MS, SITE, ZONE, site_record
from hypothesis import given
from hypothesis import strategies as st
from order_gateway import ModelGateway
from order_night import APPLIED, DRAFTER, FAILED, OTHER, RECEIVED, RESTORED, SECOND, Night

from collector.checks.codes import Code
from collector.model.order import DropCause, DropResult, Step
from collector.model.records import Meter, OrderReason, ZoneRamp
from collector.orders import acts
from collector.orders.choice.selection import Rank
from collector.orders.choice.setpoints import divide
from collector.orders.drafting import DraftError
from collector.orders.order import Order

LIMIT = 4
CAP_W = 500_000


def cap(night: Night, cap_w: int = CAP_W, stages: tuple[int, ...] | None = None, **m: Any) -> Order:
    return night.draft(stages=stages, caps_w={SITE: cap_w}, cap_w=cap_w, **m)


@pytest.fixture
def capped(night: Night) -> Night:
    night.authorise()
    night.measure(-30, 1)
    return night


def obeyed(night: Night, order: Order, *, opens: int | None = 1) -> Order:
    """Applied at 1 s; its gateway opens a stage for it at 6 s."""
    night.at(1)
    night.answer(order, RECEIVED)
    night.answer(order, APPLIED)
    if opens is not None:
        night.moved(opens, is_closed=False, at_s=6, cause="limit", order=order)
    return night.loaded(order)


# --- its life


def test_a_setpoint_is_ordered_kept_measured_and_ended(capped: Night) -> None:
    order = capped.issue(cap(capped))
    [body] = capped.sent()
    assert (body[6], body[12], 7 in body, 9 in body) == (LIMIT, CAP_W, False, False)
    assert body[8] == NOW_MS + 600 * SECOND
    assert obeyed(capped, order).step is Step.APPLIED
    capped.measure(1, 6)
    capped.measure(6, 12, ("stage-2",))
    assert capped.at(12).loaded(order).step is Step.APPLIED  # two samples after it has settled
    capped.measure(12, 13, ("stage-2",))
    verified = capped.at(13).loaded(order).parts[0]
    assert (verified.step, verified.result) == (Step.VERIFIED, DropResult.FULL)
    details = verified.steps[Step.VERIFIED].details
    assert (details["cap_w"], details["stages"]) == (CAP_W, [])
    assert (details["stage_before_w"], details["stage_after_w"]) == (910_000, 310_000)
    assert details["credited_w"] == 600_000
    capped.act(order, acts.release, OTHER, "over")
    capped.at(15)
    [ended] = capped.sent()
    assert (ended[6], ended[12], ended[5]) == (LIMIT, CAP_W, order.id)
    assert ended[8] <= ended[3]
    capped.answer(order, FAILED, counter=body[2], reason="superseded")
    capped.answer(order, APPLIED, counter=ended[2])
    assert capped.loaded(order).step is Step.RELEASED
    capped.answer(order, RESTORED, counter=ended[2])
    assert capped.loaded(order).step is Step.RESTORED


def test_at_its_end_the_gateway_ends_it_by_itself(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped)))
    capped.at(601)
    assert capped.loaded(order).step is Step.LAPSED
    capped.answer(order, RESTORED, at_s=601)
    assert capped.loaded(order).step is Step.RESTORED
    assert [body[6] for body in capped.sent()] == [LIMIT]


def test_one_for_stages_is_held_against_their_own_meters(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped, 100_000, (1,))))
    [body] = capped.sent()
    assert body[7] == [1]
    capped.measure(1, 9)
    capped.measure(9, 14, ("stage-2",))
    details = capped.at(14).loaded(order).parts[0].steps[Step.VERIFIED].details
    assert (details["stage_before_w"], details["stage_after_w"]) == (600_000, 0)
    assert (details["site_before_w"], details["credited_w"]) == (910_000, 600_000)


def test_load_that_stays_above_is_none_when_its_time_is_over(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped)), opens=None)
    capped.measure(1, 31)
    assert capped.at(30).loaded(order).step is Step.APPLIED
    part = capped.at(31.5).loaded(order).parts[0]
    assert (part.step, part.result) == (Step.VERIFIED, DropResult.NONE)
    assert part.steps[Step.VERIFIED].details["cause"] == DropCause.ABOVE_CAP
    assert part.steps[Step.VERIFIED].details["credited_w"] == 0


def test_a_part_of_what_was_above_is_partial(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped, 100_000)))
    capped.measure(1, 9)
    capped.measure(9, 32, ("stage-2",))
    part = capped.at(32).loaded(order).parts[0]
    assert part.result is DropResult.PARTIAL  # 600 of 810 kW are gone


def test_load_that_comes_back_has_rebounded(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped)))
    capped.measure(1, 9)
    capped.measure(9, 15, ("stage-2",))
    assert capped.at(15).loaded(order).step is Step.VERIFIED
    capped.measure(15, 60)
    assert capped.at(60).loaded(order).step is Step.REBOUNDED
    capped.measure(60, 100, ("stage-2",))
    again = capped.at(100).loaded(order).parts[0]
    assert (again.step, again.result) == (Step.VERIFIED, DropResult.FULL)


def test_what_drew_no_more_before_keeps_it_and_earns_nothing(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped, 950_000)), opens=None)
    capped.measure(1, 8)
    capped.measure(8, 14, ("stage-1",))
    details = capped.at(14).loaded(order).parts[0].steps[Step.VERIFIED].details
    assert (details["result"], details["cause"]) == (DropResult.FULL, DropCause.UNDER_CAP)
    assert details["credited_w"] == 0


def test_no_page_asks_for_a_contact(capped: Night) -> None:
    order = obeyed(capped, capped.issue(cap(capped)))
    capped.at(20)
    assert capped.loaded(order).step is Step.APPLIED
    assert Code.ORDER_OVERDUE not in {each.code for each in capped.found()}


def test_a_gateway_that_cannot_measure_says_so(capped: Night) -> None:
    order = capped.issue(cap(capped))
    capped.answer(order, RECEIVED)
    capped.answer(order, FAILED, reason="not_measured")
    part = capped.loaded(order).parts[0]
    assert part.step is Step.FAILED
    assert part.steps[Step.FAILED].details["reason"] == "not_measured"


# --- beside others


def test_an_open_stage_of_another_order_is_not_its_own_drop(capped: Night) -> None:
    """A manual order opens stage 2; the setpoint is credited with what stage 1 took off."""
    order = obeyed(capped, capped.issue(cap(capped, reason=OrderReason.EMERGENCY)))
    other = capped.issue(capped.draft(stages=(2,)))
    capped.moved(2, is_closed=False, at_s=7, order=other)
    capped.answer(other, APPLIED)
    capped.measure(1, 7)
    capped.measure(7, 14, ())
    part = capped.at(14).loaded(order).parts[0]
    details = part.steps[Step.VERIFIED].details
    assert (details["stage_after_w"], details["credited_w"]) == (10_000, 600_000)
    assert capped.loaded(other).parts[0].steps[Step.ISSUED].details["stages"] == [2]


def gateway_of(night: Night) -> tuple[ModelGateway, Any]:
    model = ModelGateway()

    def second(at_s: float) -> None:
        night.at(at_s)
        for body in night.messages():
            model.take(body, night.now_ms)
        model.tick(night.now_ms)
        night.hear(model)

    return model, second


def cap_of(model: ModelGateway) -> int | None:
    return None if model.setpoint is None else model.setpoint[1]


def test_of_two_the_lower_holds_and_the_other_is_resumed(capped: Night) -> None:
    model, second = gateway_of(capped)
    high = cap(capped, 700_000, reason=OrderReason.EMERGENCY, hold_s=900)
    capped.approve(high)
    for at_s in (1, 2, 3):
        second(at_s)
    assert cap_of(model) == 700_000
    low = cap(capped, 400_000, reason=OrderReason.PEAK, hold_s=300)
    capped.approve(low)
    for at_s in (4, 5, 6):
        second(at_s)
    assert cap_of(model) == 400_000
    assert capped.loaded(high).step in (Step.APPLIED, Step.VERIFIED)
    second(274)  # the handover before its end
    second(275)
    assert cap_of(model) == 700_000
    for at_s in (305, 306):
        second(at_s)
    assert capped.loaded(low).step is Step.RESTORED
    for at_s in (904, 905, 906):
        second(at_s)
    assert cap_of(model) is None
    assert capped.loaded(high).step is Step.RESTORED


def test_of_one_reason_a_higher_one_that_ends_sooner_is_over(capped: Night) -> None:
    _, second = gateway_of(capped)
    high, low = cap(capped, 700_000, hold_s=300), cap(capped, 400_000, hold_s=600)
    for order in (high, low):
        capped.approve(order)
    for at_s in (1, 2, 3, 4):
        second(at_s)
    assert capped.loaded(high).step is Step.SUPERSEDED
    assert capped.loaded(low).step in (Step.APPLIED, Step.VERIFIED)


def test_a_higher_one_that_lasts_takes_over_when_the_lower_is_released(capped: Night) -> None:
    model, second = gateway_of(capped)
    low = cap(capped, 400_000)
    capped.approve(low)
    for at_s in (1, 2, 3):
        second(at_s)
    high = cap(capped, 700_000, hold_s=1200)
    capped.approve(high)
    for at_s in (4, 5, 6):
        second(at_s)
    assert cap_of(model) == 400_000
    capped.act(low, acts.release, OTHER, "less is needed")
    for at_s in (7, 8, 9):
        second(at_s)
    assert cap_of(model) == 700_000
    assert capped.loaded(low).step is Step.RESTORED
    assert capped.loaded(high).step in (Step.APPLIED, Step.VERIFIED)


# --- in a zone's ramp


def test_a_setpoint_counts_in_the_ramp_by_the_stages_that_must_open(capped: Night) -> None:
    """To be under 500 kW the first stage, 600 kW, must open: no more may follow in this step."""
    capped.record(ZoneRamp(zone=ZONE, valid_from=0, shed_step_w=700_000, shed_step_s=60))
    order = capped.issue(cap(capped))
    assert order.parts[0].steps[Step.ISSUED].details["shed_w"] == 600_000
    other = capped.draft(reason=OrderReason.EMERGENCY, stages=(2,))
    capped.approve(other)
    for at_s in (1, 2, 3):
        capped.at(at_s)
    assert capped.loaded(other).step is Step.NOTIFIED
    capped.answer(order, APPLIED)
    capped.measure(3, 70)
    for at_s in (60, 64, 67, 69):
        capped.at(at_s)
    assert capped.loaded(other).step is Step.ISSUED


# --- what is refused


def test_a_site_that_opens_a_line_is_refused(capped: Night) -> None:
    site = site_record(capped.world.gateway)
    first, second = site.stages
    line = second.model_copy(update={"feeder": "L"})
    capped.record(site.model_copy(update={"stages": (first, line)}))
    with pytest.raises(DraftError, match=rf"opens the line L.*name its own stages: {SITE}:1"):
        cap(capped)
    assert cap(capped, stages=(1,)).parts[0].cut.stages == (1,)


def test_a_site_that_its_gateway_cannot_measure_is_refused(capped: Night) -> None:
    view = capped.world.registry.view()
    feeder = next(each for each in view.all(Meter).values() if each.serial == "feeder")
    capped.record(feeder.model_copy(update={"point": "generation"}))
    with pytest.raises(DraftError, match="cannot keep a setpoint: no meter that it can count"):
        cap(capped)


# --- whose share is how much


def test_within_a_rank_shares_are_in_proportion() -> None:
    drawn = {"a": (Rank.COMPLIANT, 3_000_000), "b": (Rank.COMPLIANT, 1_000_001)}
    assert divide(drawn, 2_000_000) == {"a": 1_499_999, "b": 500_000}


def test_who_may_not_mine_gives_way_before_who_drew_too_much_before_all_others() -> None:
    drawn = {
        "a": (Rank.COMPLIANT, 2_000_000),
        "b": (Rank.OVER_ALLOCATED, 1_000_000),
        "c": (Rank.UNLICENSED, 1_000_000),
    }
    assert divide(drawn, 2_500_000) == {"a": 2_000_000, "b": 500_000, "c": 0}
    assert divide(drawn, 1_000_000) == {"a": 1_000_000, "b": 0, "c": 0}
    assert divide(drawn, 5_000_000) == {"a": 3_000_000, "b": 1_000_000, "c": 1_000_000}


_SITES = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.tuples(st.sampled_from(Rank), st.integers(0, 10**9)),
    min_size=2,
    max_size=8,
).filter(lambda drawn: any(power_w for _, power_w in drawn.values()))


@given(_SITES, st.integers(1, 2**32 - 1))
def test_shares_never_exceed_the_whole_and_lack_less_than_a_watt_each(
    drawn: dict[str, tuple[Rank, int]], cap_w: int
) -> None:
    shares = divide(drawn, cap_w)
    assert cap_w - len(drawn) < sum(shares.values()) <= cap_w
    assert shares == divide(dict(reversed(drawn.items())), cap_w)


def test_a_person_is_named_and_a_mass_setpoint_needs_two(capped: Night) -> None:
    order = cap(capped, reason=OrderReason.EMERGENCY)
    assert (order.terms.drafted_by, order.terms.cap_w) == (DRAFTER, CAP_W)
