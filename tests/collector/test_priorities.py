"""Whose a stage is when two orders want it, row by row, and what becomes of the other."""

from itertools import combinations, product

import pytest
from collector_world import NOW_MS, POLICY, site_record
from order_night import APPLIED, FAILED, OTHER, REFUSED, RESTORED, Night

from collector.evidence.frame import CommandPhase
from collector.model.order import Step
from collector.model.priorities import PRIORITIES, Fate, Meeting, meet
from collector.model.records import LicenceAct, OrderReason
from collector.orders import acts
from collector.orders.order import Order

EMERGENCY, DEFICIT, LICENCE, OVER, HOURS, PEAK, MANUAL = PRIORITIES
OPEN, RELEASE = 1, 2

STRONGER = {
    EMERGENCY: {DEFICIT, LICENCE, OVER, HOURS, PEAK, MANUAL},
    DEFICIT: {LICENCE, OVER, HOURS, PEAK, MANUAL},
    LICENCE: {OVER, HOURS, PEAK, MANUAL},
    OVER: {HOURS, PEAK, MANUAL},
    HOURS: {PEAK, MANUAL},
    PEAK: {MANUAL},
    MANUAL: set(),
}
"""What each overrides."""
COMES_BACK = {EMERGENCY, DEFICIT, LICENCE, OVER, HOURS, PEAK}


def test_every_reason_has_its_row() -> None:
    assert set(PRIORITIES) == set(OrderReason)
    assert all(row.reason is reason for reason, row in PRIORITIES.items())


@pytest.mark.parametrize(("one", "other"), list(product(OrderReason, OrderReason)))
def test_each_cell_of_the_table_of_preemption(one: OrderReason, other: OrderReason) -> None:
    if one is other:
        assert meet(one, other) == Meeting(None, Fate.MERGED)
        return
    owner, weaker = (one, other) if other in STRONGER[one] else (other, one)
    fate = Fate.RESUMED if weaker in COMES_BACK else Fate.SUPERSEDED
    assert meet(one, other) == meet(other, one) == Meeting(owner, fate)


def test_emergency_alone_overrides_the_minimum_on_time() -> None:
    assert [row.reason for row in PRIORITIES.values() if row.overrides_min_on] == [EMERGENCY]


def test_operations_in_the_hour_bind_whatever_can_wait() -> None:
    limited = {row.reason for row in PRIORITIES.values() if row.is_limited}
    assert limited == {OVER, HOURS, PEAK, MANUAL}


# --- two orders for one stage

# Each pair of reasons makes the same statements; on PostgreSQL the other tests make them.
one_engine = pytest.mark.parametrize("database_of", ["sqlite"], indirect=True)


@pytest.fixture
def night(night: Night) -> Night:
    night.authorise()
    suspended = LicenceAct(
        licence="L-1",
        act="suspended",
        reference="act 1",
        document_sha256="00" * 32,
        valid_from=NOW_MS - 10**8,
        valid_until=NOW_MS + 10**9,
    )
    night.record(suspended)
    return night


def bodies(night: Night) -> list[tuple[bytes, int, list[int]]]:
    return [(body[5], body[6], body[7]) for body in night.sent()]


def held(night: Night, reason: OrderReason, hold_s: int = 6000) -> Order:
    order = night.hold(night.draft(reason, hold_s=hold_s))
    night.sent()
    return order


@one_engine
@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(PRIORITIES, 2)))
def test_a_stronger_order_takes_the_stage_and_the_weaker_has_its_fate(
    night: Night, stronger: OrderReason, weaker: OrderReason
) -> None:
    below = held(night, weaker)
    above = held(night, stronger)
    night.at(1)
    assert bodies(night) == []
    night.act(above, acts.release, OTHER, "over")
    night.at(2)
    night.at(3)
    below, sent = night.loaded(below), bodies(night)
    if weaker is MANUAL:
        assert below.step is Step.SUPERSEDED
        assert below.steps[Step.SUPERSEDED].details["by"] == above.id.hex()
        assert sent == [(above.id, RELEASE, [1])]
    else:
        # the stage stays open: nothing is released, it is the weaker's again
        assert not below.is_over
        assert night.loaded(above).step is Step.RESTORED
        assert sent == [(below.id, OPEN, [1])]


@one_engine
@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(PRIORITIES, 2)))
def test_a_weaker_order_waits_for_the_stage_of_a_stronger(
    night: Night, stronger: OrderReason, weaker: OrderReason
) -> None:
    above = held(night, stronger)
    below = night.issue(night.draft(weaker, hold_s=6000))
    night.at(1)
    assert bodies(night) == []
    waits = Step.SUPERSEDED if weaker is MANUAL else Step.NOTIFIED
    assert night.loaded(below).step is waits
    night.act(above, acts.release, OTHER, "over")
    night.at(2)
    night.at(3)
    if weaker is MANUAL:
        assert bodies(night) == [(above.id, RELEASE, [1])]
    else:
        assert bodies(night) == [(below.id, OPEN, [1])]
        assert night.loaded(below).step is Step.ISSUED


@pytest.mark.parametrize("reason", PRIORITIES)
def test_two_of_one_reason_are_one_cut_to_the_later_end(night: Night, reason: OrderReason) -> None:
    short, long = held(night, reason, 100), held(night, reason, 200)
    night.at(1)
    assert night.loaded(short).step is Step.SUPERSEDED
    assert night.loaded(long).parts[0].until_ms == NOW_MS + 200_000
    later = night.issue(night.draft(reason, hold_s=50))
    night.at(2)
    assert night.loaded(later).step is Step.SUPERSEDED
    assert bodies(night) == []


def test_before_a_stronger_order_ends_the_weaker_takes_its_stage_over(night: Night) -> None:
    """So that the gateway, which would close at that end, does not."""
    below, above = held(night, PEAK, 6000), held(night, EMERGENCY, 100)
    until_s = 100 - POLICY.handover_s
    night.at(until_s - 1)
    assert bodies(night) == []
    night.at(until_s)
    [body] = night.sent()
    assert (body[5], body[7], body[8]) == (below.id, [1], NOW_MS + 6_000_000)
    night.answer(night.loaded(below), APPLIED)
    for second in (until_s + 1, 100, 101):
        night.at(second)
    assert night.loaded(above).step is Step.RESTORED
    assert bodies(night) == []


def test_only_the_stages_that_both_want_change_hands(night: Night) -> None:
    below = night.hold(night.draft(DEFICIT, None, hold_s=6000))
    above = held(night, EMERGENCY)
    night.at(1)
    night.act(above, acts.release, OTHER, "over")
    night.at(2)
    night.at(3)
    assert bodies(night) == [(below.id, OPEN, [1])]


def test_an_order_is_issued_for_the_stages_it_has_and_takes_the_others_over(night: Night) -> None:
    above = held(night, EMERGENCY)
    below = night.issue(night.draft(DEFICIT, None, hold_s=6000))
    assert bodies(night) == [(below.id, OPEN, [2])]
    night.answer(below, APPLIED)
    night.act(above, acts.release, OTHER, "over")
    night.at(2)
    night.at(3)
    assert bodies(night) == [(below.id, OPEN, [1])]


def test_when_the_weaker_ends_first_its_stages_stay_with_the_stronger(night: Night) -> None:
    below = night.hold(night.draft(DEFICIT, None, hold_s=6000))
    above = held(night, EMERGENCY)
    night.act(below, acts.release, OTHER, "over")
    night.at(1)
    assert bodies(night) == [(below.id, RELEASE, [2])]
    assert night.loaded(above).step is Step.CONTACT_CONFIRMED


def test_a_take_over_without_answer_is_repeated_and_then_sent_anew(night: Night) -> None:
    below, above = held(night, DEFICIT), held(night, EMERGENCY)
    night.act(above, acts.release, OTHER, "over")
    counters = []
    for second in range(1, 74):
        night.at(second)
        counters += [body[2] for body in night.sent()]
    assert counters == [3, 3, 3, 4]
    night.answer(below, APPLIED, counter=4)
    for second in range(80, 200):
        night.at(second)
    assert night.sent() == []


def test_a_command_that_came_behind_a_newer_one_is_sent_anew_when_it_is_its_turn(
    night: Night,
) -> None:
    """The network swaps two commands: the gateway refuses the older by its counter."""
    below = night.issue(night.draft(DEFICIT, hold_s=6000))
    above = night.issue(night.draft(EMERGENCY, hold_s=6000))
    night.sent()
    night.answer(above, APPLIED, counter=2)
    night.answer(below, REFUSED, counter=1, reason="replayed", last=2)
    night.at(1)
    assert night.loaded(below).step is Step.ISSUED
    assert bodies(night) == []
    night.act(above, acts.release, OTHER, "over")
    night.at(2)
    night.at(3)
    assert bodies(night) == [(below.id, OPEN, [1])]
    night.answer(below, APPLIED, counter=3)
    assert night.loaded(below).step is Step.CONTACT_CONFIRMED


def test_an_order_whose_contacts_a_stronger_one_forestalled_goes_on(night: Night) -> None:
    below = night.issue(night.draft(DEFICIT, hold_s=6000))
    night.answer(below, 1)
    above = night.issue(night.draft(EMERGENCY, hold_s=6000))
    night.answer(below, FAILED, counter=1, reason="superseded", stages=[1])
    night.answer(above, APPLIED, counter=2)
    night.sent()
    for second in range(1, 100, 5):
        night.at(second)
    assert night.loaded(below).step is Step.RECEIVED
    night.act(above, acts.release, OTHER, "over")
    night.at(101)
    night.at(102)
    assert bodies(night) == [(below.id, OPEN, [1])]
    night.answer(night.loaded(below), APPLIED)
    assert night.loaded(below).step is Step.CONTACT_CONFIRMED


def test_an_order_that_nobody_answered_keeps_nobody_from_the_stage(night: Night) -> None:
    below = held(night, DEFICIT)
    above = night.issue(night.draft(EMERGENCY, hold_s=6000))
    night.sent()
    for second in range(1, 100):
        night.at(second)
        night.sent()
    assert night.loaded(above).step is Step.FAILED
    taken = night.loaded(below).parts[0].commands[-1]
    assert (taken.stages, taken.counter) == ((1,), 3)


def test_a_refused_take_over_is_asked_again_and_what_cannot_be_is_a_persons(night: Night) -> None:
    below, above = held(night, DEFICIT), held(night, EMERGENCY)
    night.act(above, acts.release, OTHER, "over")
    night.at(1)
    night.at(1.5)
    night.sent()
    night.answer(night.loaded(below), REFUSED, reason="expired", last=2)
    night.at(2)
    assert [body[2] for body in night.sent()] == [4]
    night.answer(night.loaded(below), REFUSED, reason="unknown_stage", last=2)
    night.at(3)
    assert night.sent() == []
    assert night.loaded(below).parts[0].commands[-1].answer is CommandPhase.REFUSED


def test_the_hold_that_ran_out_at_the_gateway_first_does_not_end_the_other(night: Night) -> None:
    """Its clock is ahead, and the take-over did not reach it."""
    below, above = held(night, PEAK, 6000), held(night, EMERGENCY, 100)
    night.at(60)
    night.answer(above, RESTORED, counter=2)
    night.at(61)
    assert night.loaded(above).step is Step.RESTORED
    assert bodies(night) == [(below.id, OPEN, [1])]


# --- rest


def test_a_stage_is_not_opened_before_its_minimum_on_time_but_by_emergency(night: Night) -> None:
    site = site_record(night.world.gateway)
    stages = tuple(stage.model_copy(update={"min_on_ms": 60_000}) for stage in site.stages)
    night.record(site.model_copy(update={"stages": stages}))
    night.moved(1, is_closed=True)
    order = night.issue(night.draft(DEFICIT, hold_s=6000))
    assert order.step is Step.NOTIFIED
    assert night.at(59).loaded(order).step is Step.NOTIFIED
    emergency = night.issue(night.draft(EMERGENCY, hold_s=6000))
    assert emergency.step is Step.ISSUED
    other = night.issue(night.draft(DEFICIT, (2,), hold_s=6000))
    assert other.step is Step.ISSUED  # that stage never moved


@pytest.mark.parametrize("reason", PRIORITIES)
def test_two_operations_in_the_hour_are_enough_for_what_can_wait(
    night: Night, reason: OrderReason
) -> None:
    """Demo hours of 20 s."""
    night.moved(1, is_closed=False, at_s=1)
    night.moved(1, is_closed=True, at_s=2)
    night.at(3)
    order = night.issue(night.draft(reason, hold_s=6000))
    if not PRIORITIES[reason].is_limited:
        assert order.step is Step.ISSUED
        return
    assert night.at(19.9).loaded(order).step is Step.NOTIFIED
    assert night.at(20).loaded(order).step is Step.ISSUED


def test_what_a_gateway_says_at_its_start_is_no_operation(night: Night) -> None:
    for second in (1, 2, 3):
        night.moved(1, is_closed=True, at_s=second, cause="boot")
    night.at(4)
    assert night.issue(night.draft(MANUAL)).step is Step.ISSUED


def test_a_cut_that_ended_by_its_own_hold_leaves_its_stage_its_rest(night: Night) -> None:
    """The last command for it was to open it; it stands closed all the same."""
    site = site_record(night.world.gateway)
    stages = tuple(stage.model_copy(update={"min_on_ms": 60_000}) for stage in site.stages)
    night.record(site.model_copy(update={"stages": stages}))
    first = held(night, DEFICIT, 100)
    night.moved(1, is_closed=False, at_s=1)
    night.at(100)
    night.moved(1, is_closed=True, at_s=101)
    night.answer(night.loaded(first), RESTORED)
    night.at(102)
    assert night.loaded(first).step is Step.RESTORED
    second = night.issue(night.draft(DEFICIT, hold_s=6000))
    assert second.step is Step.NOTIFIED
    assert night.at(160.9).loaded(second).step is Step.NOTIFIED
    assert night.at(161).loaded(second).step is Step.ISSUED
