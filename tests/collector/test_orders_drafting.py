"""From a finding to an order, and what the gateway answers; the clock in the test's hand."""

import pytest
from collector_world import (
    AUTHORITY,
    BIN,
    LICENCE,
    NOW_MS,
    POLICY,
    SITE,
    ZONE,
)
from order_night import (
    APPLIED,
    EXPIRED_S,
    FAILED,
    RECEIVED,
    REFUSED,
    RESTORED,
    SECOND,
    Night,
    issued,
    steps,
)

from collector.checks import rounds
from collector.checks.codes import Code, Round
from collector.checks.findings import Finding
from collector.model.order import DropResult, Step
from collector.model.records import OrderReason, Record
from collector.orders import store
from collector.storage import reading

# --- from a finding to an order


def test_without_an_authority_nothing_is_ordered(night: Night) -> None:
    night.record(AUTHORITY.model_copy(update={"valid_until": NOW_MS}))
    night.breach(-20)
    night.unlicensed(-20, 0)
    for second in range(30):
        night.at(second)
    assert night.orders() == []
    assert night.sent() == []


def test_an_authority_orders_only_for_the_reasons_it_names(night: Night) -> None:
    night.record(AUTHORITY.model_copy(update={"reasons": (OrderReason.LICENCE,)}))
    night.breach(-20)
    assert night.at(1).orders() == []
    night.unlicensed(0, 1)
    assert night.at(1).order().terms.reason is OrderReason.LICENCE


def test_a_warning_orders_nothing(night: Night) -> None:
    night.find(Finding(Code.WILL_EXCEED, f"{BIN}/{ZONE}", NOW_MS, NOW_MS, {"sites": [SITE]}))
    assert night.at(1).orders() == []


def test_what_was_found_long_ago_calls_for_nothing(night: Night) -> None:
    """However late an authority is loaded or the collector comes back."""
    night.breach(-3600)
    night.unlicensed(-3600, -1800)
    assert night.at(0).orders() == []


def test_load_is_there_still_until_a_round_of_the_checks_did_not_see_it(night: Night) -> None:
    """Of very many meters a round takes longer than a reading is fresh."""

    def finish_round(second: int) -> None:
        with night.world.engine.begin() as connection:
            rounds.note(connection, Round.RUN, NOW_MS + second * 1000)

    night.unlicensed(-60, -45)
    finish_round(0)
    assert night.at(0).orders() == []
    night.unlicensed(-60, 0)
    assert night.at(45).order().terms.reason is OrderReason.LICENCE


def test_a_breach_takes_the_first_stage_and_a_licence_all(night: Night) -> None:
    night.breach(-20)
    assert night.at(0).order().parts[0].cut.stages == (1,)
    night.unlicensed(-1, 1)
    assert [order.parts[0].cut.stages for order in night.at(1).orders()] == [(1,), (1, 2)]


@pytest.mark.parametrize("code", [Code.SUSPENDED_LOAD, Code.REVOKED_LOAD])
def test_load_under_a_licence_that_is_suspended_or_revoked_takes_all_stages(
    night: Night, code: Code
) -> None:
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.find(Finding(code, SITE, NOW_MS, NOW_MS, {"site": SITE}))
    assert night.at(1).order().parts[0].cut.stages == (1, 2)
    assert night.order().terms.reason is OrderReason.LICENCE


@pytest.mark.parametrize(
    "code",
    [
        Code.TENANT_LOAD,
        Code.OTHER_HOLDER,
        Code.SITE_NOT_NAMED,
        Code.NO_DATA_CENTRE,
        Code.ACTS_CONFLICT,
        Code.LICENCE_ENDS,
        Code.GHOST_LOAD,
        Code.VERIFICATION_EXPIRED,
        Code.GATEWAY_SILENT,
    ],
)
def test_a_finding_is_not_yet_an_order(night: Night, code: Code) -> None:
    night.find(Finding(code, SITE, NOW_MS, NOW_MS, {"site": SITE}))
    assert night.at(1).orders() == []


def test_while_the_acts_on_a_licence_contradict_each_other_nobody_is_cut(night: Night) -> None:
    details = {"site": SITE, "is_doubted": True}
    night.find(Finding(Code.UNLICENSED_LOAD, SITE, NOW_MS, NOW_MS, details))
    assert night.at(1).orders() == []


def test_a_licence_that_changes_its_state_leads_to_no_second_order(night: Night) -> None:
    """It is suspended, and while the order is on its way it is revoked."""
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.find(Finding(Code.SUSPENDED_LOAD, SITE, NOW_MS, NOW_MS, {"site": SITE}))
    night.at(1)
    night.find(Finding(Code.REVOKED_LOAD, SITE, NOW_MS + 1000, NOW_MS + 1000, {"site": SITE}))
    assert len(night.at(2).orders()) == 1


def test_one_finding_leads_to_one_order(night: Night) -> None:
    night.breach(-20)
    for second in range(5):
        night.at(second)
        night.breach(-20)
    assert len(night.orders()) == 1


def test_notice_runs_before_the_command(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 1.9, 2.0):
        night.at(second)
        assert night.order().step in (Step.DRAFTED, Step.APPROVED, Step.NOTIFIED)
        assert night.sent() == []
    night.at(2.2)
    assert steps(night.order()) == [Step.DRAFTED, Step.APPROVED, Step.NOTIFIED, Step.ISSUED]
    [body] = night.sent()
    assert body[1] == night.world.gateway.id
    assert body[5] == night.order().id
    assert (body[6], body[7]) == (1, [1])
    assert (body[3], body[4]) == (night.now_ms, night.now_ms + 60_000)
    assert body[8] == NOW_MS + 2100 + POLICY.hold_s * SECOND  # from when the notice was in force
    assert body[10] == bytes.fromhex(AUTHORITY.document_sha256)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (AUTHORITY.model_copy(update={"valid_until": NOW_MS + 1000}), "authority"),
        (AUTHORITY.model_copy(update={"reasons": ()}), "authority"),
        (LICENCE.model_copy(update={"valid_until": NOW_MS + 10**9}), "licensed again"),
    ],
)
def test_an_order_whose_ground_is_gone_before_its_notice_ends_is_cancelled(
    night: Night, change: Record, why: str
) -> None:
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2):
        night.at(second)
    night.record(change)
    night.at(3)
    assert night.order().step is Step.CANCELLED
    assert why in night.order().steps[Step.CANCELLED].details["reason"]
    assert night.sent() == []


# --- answers


def test_no_answer_is_asked_again_with_the_same_bytes_and_then_given_up(night: Night) -> None:
    order = issued(night)
    with reading(night.world.engine) as connection:
        first = store.load(connection, order.id)
    assert first is not None
    counters = []
    for second in (7.9, 8.1, 12.9, 13.1, 17.9):
        night.at(second)
        counters.append([body[2] for body in night.sent()])
    assert counters == [[], [1], [], [1], []]
    night.at(EXPIRED_S - 0.1)
    assert night.order().step is Step.ISSUED  # the gateway might still obey it
    night.at(EXPIRED_S)
    assert night.order().step is Step.FAILED
    assert night.order().steps[Step.FAILED].details["reason"] == "no answer"
    assert night.at(100).sent() == []


def test_an_answer_that_comes_late_takes_a_failed_order_up_again(night: Night) -> None:
    order = issued(night)
    night.measure(-30, 4)
    night.measure(4, 15, ("stage-2",))
    assert night.at(EXPIRED_S).order().step is Step.FAILED
    night.answer(order, RECEIVED, at_s=3.5)
    night.answer(order, APPLIED, at_s=4)
    assert night.at(100).order().step is Step.VERIFIED
    assert night.order().result is DropResult.FULL


def test_what_the_gateway_did_not_believe_moves_no_order(night: Night) -> None:
    """Someone altered the command on the way; the genuine one still takes effect."""
    order = issued(night)
    night.answer(order, REFUSED, reason="bad_signature")
    assert night.order().step is Step.ISSUED
    night.answer(order, APPLIED)
    assert night.order().step is Step.CONTACT_CONFIRMED


def test_while_the_broker_is_away_nothing_is_repeated_and_nothing_given_up(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3, 8, 13, 18, 60):
        night.at(second)
    assert night.order().step is Step.ISSUED
    assert len(night.sent()) == 1


def test_a_command_that_expired_before_it_could_be_sent_is_issued_anew(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3, EXPIRED_S):
        night.at(second)
    order = night.order()
    assert [body[2] for body in night.sent()] == [1, 2]
    night.answer(order, REFUSED, counter=1, reason="expired", last=0)
    night.answer(order, RECEIVED, counter=2)
    assert night.order().step is Step.RECEIVED


def test_a_counter_that_had_fallen_behind_is_learnt_and_the_command_sent_anew(
    night: Night,
) -> None:
    order = issued(night)
    night.answer(order, REFUSED, reason="replayed", last=41)
    assert night.order().step is Step.ISSUED
    night.at(4)
    assert [body[2] for body in night.sent()] == [42]
    night.answer(order, APPLIED, counter=42)
    assert night.order().step is Step.CONTACT_CONFIRMED


def test_a_gateway_that_refuses_every_counter_is_given_up(night: Night) -> None:
    order = issued(night)
    for counter in (1, 2, 3):
        night.answer(order, REFUSED, counter=counter, reason="replayed", last=0)
        night.at(3 + counter)
    assert night.order().step is Step.REJECTED
    assert night.order().steps[Step.REJECTED].details["reason"] == "replayed"


def test_a_refusal_ends_the_order_with_its_reason(night: Night) -> None:
    night.answer(issued(night), REFUSED, reason="unknown_stage", last=1)
    assert night.order().step is Step.REJECTED
    assert night.order().steps[Step.REJECTED].details["reason"] == "unknown_stage"


@pytest.mark.parametrize("last", [0, 2**32 - 1, 2**64 - 1])
def test_a_counter_that_cannot_be_is_not_learnt(night: Night, last: int) -> None:
    night.answer(issued(night), REFUSED, reason="replayed", last=last)
    for second in (4, 4.1, 4.2, 7):
        night.at(second)
    assert [body[2] for body in night.sent()] == [2]


def test_a_contact_that_did_not_follow_leaves_the_verdict_to_the_meters(night: Night) -> None:
    order = issued(night)
    night.answer(order, RECEIVED, at_s=3.5)
    night.answer(order, FAILED, at_s=4, reason="contact", stages=[1])
    assert night.order().steps[Step.APPLIED].details["reason"] == "contact"
    night.measure(-30, 15)  # the stage never opened
    assert night.at(15).order().result is DropResult.NONE


def test_received_and_never_applied_fails(night: Night) -> None:
    night.answer(issued(night), RECEIVED)
    assert night.at(32.9).order().step is Step.RECEIVED
    assert night.at(33.1).order().step is Step.FAILED


def test_events_for_another_counter_or_of_another_gateway_move_nothing(night: Night) -> None:
    order = issued(night)
    night.answer(order, APPLIED, counter=7)
    assert night.order().step is Step.ISSUED
    night.answer(order, RESTORED, counter=7)
    assert night.order().step is Step.ISSUED


def test_applied_alone_means_received_too(night: Night) -> None:
    night.answer(issued(night), APPLIED)
    assert steps(night.order())[-3:] == [Step.RECEIVED, Step.APPLIED, Step.CONTACT_CONFIRMED]
