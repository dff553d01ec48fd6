"""The measured drop, the release and the restoration."""

import tomllib
from pathlib import Path

import pytest
from collector_world import (
    LICENCE,
    NOW_MS,
    allocation,
)
from order_night import APPLIED, EXPIRED_S, FAILED, RECEIVED, RESTORED, Night, issued, steps

from collector.model.order import DropResult, Step
from collector.model.records import Policy

DOCS = Path(__file__).parents[2] / "docs"

# --- the drop


@pytest.mark.parametrize(
    ("on_after", "elsewhere_w", "result"),
    [
        (("stage-2",), 0, DropResult.FULL),
        (("stage-1", "stage-2"), 0, DropResult.NONE),
        (("stage-2",), 600_000, DropResult.NONE),  # the load moved to another feeder
        (("stage-2",), 300_000, DropResult.PARTIAL),
    ],
)
def test_the_drop_is_measured_at_the_stage_and_at_the_boundary(
    night: Night, on_after: tuple[str, ...], elsewhere_w: int, result: DropResult
) -> None:
    order = night.cut(on_after=on_after, elsewhere_w=elsewhere_w)
    assert order.step is Step.VERIFIED
    assert order.result is result
    details = order.steps[Step.VERIFIED].details
    assert details["stage_before_w"] == 600_000
    assert details["stage_after_w"] == (600_000 if "stage-1" in on_after else 0)
    assert details["site_before_w"] == 910_000


def test_samples_of_ten_seconds_in_frames_of_a_minute_measure_the_drop(night: Night) -> None:
    """The real market's pace, with the example's policy."""
    example = tomllib.loads((DOCS / "examples/real-market.toml").read_text())
    night.record(Policy.model_validate(example["policy"]))
    order = issued(night)
    night.answer(order, RECEIVED, at_s=3.5)
    night.answer(order, APPLIED, at_s=4)
    night.measure(-60, 4, every_s=10)
    assert (
        night.at(60).order().step is Step.CONTACT_CONFIRMED
    )  # the frame with the samples is to come
    night.measure(10, 70, ("stage-2",), every_s=10)
    assert night.at(75).order().result is DropResult.FULL


def test_without_samples_the_drop_is_unverifiable_after_its_time(night: Night) -> None:
    night.answer(issued(night), APPLIED)
    night.measure(-30, 4)
    assert night.at(32.9).order().step is Step.CONTACT_CONFIRMED
    order = night.at(33.1).order()
    assert (order.step, order.result) == (Step.VERIFIED, DropResult.UNVERIFIABLE)


def test_a_stage_that_drew_nothing_before_proves_nothing(night: Night) -> None:
    night.answer(issued(night), APPLIED, at_s=4)
    night.measure(-30, 15, on=("stage-2",))
    assert night.at(15).order().result is DropResult.UNVERIFIABLE


def test_samples_before_contact_settling_and_the_meters_response_do_not_count(night: Night) -> None:
    """3 s of the policy, and 1 s by the profile of these meters."""
    night.answer(issued(night), APPLIED, at_s=4)
    night.measure(-30, 8)  # still as before, in what the meter tells
    assert night.at(9).order().step is Step.CONTACT_CONFIRMED
    night.measure(8, 10, on=("stage-2",))
    assert night.at(10.5).order().step is Step.CONTACT_CONFIRMED  # two samples
    night.measure(10, 11, on=("stage-2",))
    assert night.at(11).order().result is DropResult.FULL


def test_a_gateway_whose_clock_is_behind_is_judged_by_its_own_clock(night: Night) -> None:
    """Its samples and its events are 20 s behind; the window before must not reach the cut."""
    order = issued(night)
    night.answer(order, RECEIVED, at_s=-17)
    night.answer(order, APPLIED, at_s=-16)
    night.measure(-60, -16)
    night.measure(-16, -4, on=("stage-2",))
    assert night.at(16).order().result is DropResult.FULL


# --- release and restoration


def test_a_cut_holds_to_the_end_of_its_period_and_ends_when_the_load_may_return(
    night: Night,
) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    assert night.at(19.9).order().step is Step.VERIFIED
    order = night.at(24).order()
    assert order.step is Step.RELEASED
    [body] = night.sent()
    assert (body[2], body[6], body[7], body[9]) == (2, 2, [1], [2000, 1000])
    night.answer(order, APPLIED)
    assert night.order().step is Step.RELEASED
    night.answer(order, RESTORED)
    assert steps(night.order())[-2:] == [Step.RELEASED, Step.RESTORED]
    assert night.order().is_over


def test_stages_that_the_gateways_own_limit_keeps_open_are_no_longer_this_orders(
    night: Night,
) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    order = night.at(24).order()
    night.answer(order, APPLIED)
    night.answer(order, FAILED, reason="limit", stages=[1])
    assert steps(night.order())[-2:] == [Step.RELEASED, Step.RESTORED]


# 910 kW for 20 s are 5055.6 Wh, with a margin of 1.2: 6066.7 Wh
@pytest.mark.parametrize(
    ("this_mwh", "next_mwh", "is_released"),
    [
        ("0.006", "0.007", True),
        ("0.004", "0.007", False),
        ("0.007", "0.006066", False),
        ("0.007", "0.006067", True),
        ("0.007", None, False),
    ],
)
def test_release_needs_room_with_margin_in_this_period_and_the_next(
    night: Night, this_mwh: str, next_mwh: str | None, is_released: bool
) -> None:
    night.record(allocation(NOW_MS + 20_000, this_mwh))
    if next_mwh is not None:
        night.record(allocation(NOW_MS + 40_000, next_mwh))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    assert (night.at(24).order().step is Step.RELEASED) is is_released


def test_a_licence_order_is_released_when_a_licence_is_in_force_again(night: Night) -> None:
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    night.answer(night.order(), APPLIED, at_s=4)
    night.measure(-30, 4)
    night.measure(4, 15, on=())
    assert night.at(15).order().result is DropResult.FULL
    assert night.at(500).order().step is Step.VERIFIED
    night.record(LICENCE)
    assert night.at(501).order().step is Step.RELEASED


def test_the_gateways_own_expiry_restores_the_order(night: Night) -> None:
    order = night.cut()
    night.at(603)
    night.answer(order, RESTORED, counter=1)
    assert steps(night.order())[-2:] == [Step.LAPSED, Step.RESTORED]
    assert night.sent() == []


def test_a_release_without_an_answer_is_repeated_and_not_doubled(night: Night) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    sent = []
    for second in range(24, 60):
        night.at(second)
        sent += [body[2] for body in night.sent()]
    assert sent == [2, 2, 2]  # the command and its two repeats: the same counter, the same bytes


def test_a_release_that_expired_is_issued_anew_until_it_is_carried_out(night: Night) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    order = night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    lasts_s = EXPIRED_S - 3
    sent = []
    for second in (24, 24 + lasts_s, 24 + 2 * lasts_s):
        night.at(second)
        sent.append([body[2] for body in night.sent()])
    assert sent == [[2], [3], [4]]
    night.answer(order, RESTORED, counter=4)
    assert night.order().step is Step.RESTORED


def test_a_licence_found_again_after_its_order_ended_is_ordered_again(night: Night) -> None:
    """The gateway's hold ran out and the site mines on without a licence."""
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    order = night.order()
    night.answer(order, APPLIED)
    night.at(603)
    night.answer(order, RESTORED)
    night.unlicensed(0, 604)
    assert len(night.at(604).orders()) == 1
    night.unlicensed(0, 634)
    assert [entry.step for entry in night.at(634).orders()] == [Step.RESTORED, Step.APPROVED]
