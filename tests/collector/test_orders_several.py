"""Several orders at once, and a collector killed between any two steps."""

from typing import Any

import pytest
from collector_world import LICENCE, NOW_MS, POLICY, allocation
from order_night import (
    APPLIED,
    FAILED,
    OTHER,
    RECEIVED,
    REFUSED,
    RESTORED,
    SECOND,
    Night,
    issued,
)

from collector.model.order import DropResult, Step
from collector.model.records import OrderReason
from collector.orders import acts, commands
from collector.orders.order import Order

# --- several orders


def test_a_breach_before_the_cut_took_effect_calls_for_no_second_one_ever(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    night.answer(night.order(), APPLIED, at_s=4)
    night.breach(0)  # 0 to 20 s: open only from 4 s on
    night.at(20)
    night.answer(night.order(), RESTORED)
    for second in range(20, 60):
        night.at(second)
    assert len(night.orders()) == 1


def test_a_breach_in_spite_of_the_cut_takes_the_next_stage(night: Night) -> None:
    night.cut()
    night.breach(20)
    assert [order.parts[0].cut.stages for order in night.at(40).orders()] == [(1,), (2,)]


def test_a_breach_after_an_order_failed_is_ordered(night: Night) -> None:
    night.answer(issued(night), FAILED, reason="superseded")
    night.breach(0)
    # the first stage may stand open: the next one is ordered
    assert [order.parts[0].cut.stages for order in night.at(20).orders()] == [(1,), (2,)]


def test_two_breaches_found_at_once_are_one_order(night: Night) -> None:
    night.breach(-20)
    night.breach(-40)
    for second in range(4):
        night.at(second)
    assert len(night.orders()) == 1


def test_a_stage_that_another_order_holds_is_not_closed(night: Night) -> None:
    """The allocation permits the return of a stage that the licence order holds open."""
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS + 14_000}))
    night.unlicensed(14, 15)
    for second in (15, 15.1, 15.2, 18):
        night.at(second)
    over, licence = night.orders()
    assert licence.step is Step.ISSUED
    night.answer(licence, APPLIED, at_s=18.5)
    night.sent()
    night.boundary(20)
    night.measure(15, 25, on=())
    night.at(24)
    over, licence = night.orders()
    assert (over.step, licence.step) == (Step.RESTORED, Step.VERIFIED)
    assert night.sent() == []
    night.record(LICENCE)
    night.at(25)
    assert [(body[5], body[6], body[7]) for body in night.sent()] == [(licence.id, 2, [1, 2])]


def test_two_cuts_do_not_return_at_once(night: Night) -> None:
    """Each alone fits into the allowance, both together do not."""
    night.cut()
    night.breach(20)
    for second in (40, 40.1, 40.2, 43):
        night.at(second)
    first, second_order = night.orders()
    night.answer(second_order, APPLIED, at_s=44)
    night.measure(15, 44, on=("stage-2",))
    night.measure(44, 65, on=())
    night.at(55)
    night.sent()
    assert [order.step for order in night.orders()] == [Step.VERIFIED, Step.VERIFIED]
    for start_s in range(60, 200, 20):
        night.record(allocation(NOW_MS + start_s * SECOND, "0.005"))
        night.boundary(start_s)
    night.at(64)
    assert [order.step for order in night.orders()] == [Step.RELEASED, Step.VERIFIED]
    night.answer(first, RESTORED, counter=3)
    night.measure(65, 125, on=("stage-1",))
    for second in range(65, 125):
        night.at(second)
    # with the first load back there is no room for the second: 910 kW for 20 s
    assert [order.step for order in night.orders()] == [Step.RESTORED, Step.VERIFIED]


def taken_back_and_lost(night: Night) -> Order:
    """An order whose stage an emergency had; it is its own again from 30 s on, until 80 s.

    The command that takes the stage back is on its way, unheard, when the emergency's hold ends at
    the gateway: the load is back.
    """
    night.authorise()
    order = night.hold(night.draft(OrderReason.SYSTEM_DEFICIT, hold_s=80))
    emergency = night.hold(night.draft(OrderReason.EMERGENCY, hold_s=60))
    night.at(30)
    night.sent()
    night.at(31)
    assert [(body[5], body[2], body[6]) for body in night.sent()] == [(order.id, 3, 1)]
    night.at(60)
    night.answer(emergency, RESTORED)
    night.at(80)
    assert night.loaded(order).step is Step.LAPSED
    return order


def test_a_stage_taken_back_by_a_lost_command_is_not_waited_for(night: Night) -> None:
    """Its gateway never had it for this order again, and will never say that it returned."""
    order = taken_back_and_lost(night)
    night.at(31 + POLICY.command_ttl_s + int(POLICY.late_s) - 1)
    assert night.loaded(order).step is Step.LAPSED  # it may have been obeyed
    night.at(31 + POLICY.command_ttl_s + int(POLICY.late_s))
    assert night.loaded(order).step is Step.RESTORED


def test_a_stage_taken_back_by_a_command_obeyed_late_is_waited_for(night: Night) -> None:
    order = taken_back_and_lost(night)
    night.answer(order, APPLIED, counter=3)
    assert night.at(300).orders()[0].step is Step.LAPSED
    night.answer(order, RESTORED, counter=3)
    assert night.loaded(order).step is Step.RESTORED


def test_a_stage_whose_cut_lapsed_is_waited_for_though_a_stronger_order_never_came(
    night: Night,
) -> None:
    """What was only sent to the gateway takes no stage from the order that it obeys."""
    night.authorise()
    order = night.hold(night.draft(OrderReason.SYSTEM_DEFICIT, hold_s=80))
    night.issue(night.draft(OrderReason.EMERGENCY, hold_s=600))
    night.sent()
    night.at(80)
    night.at(81)
    assert night.loaded(order).step is Step.LAPSED
    night.answer(order, RESTORED)
    assert night.loaded(order).step is Step.RESTORED


def test_a_copy_that_is_refused_takes_nothing_back_of_a_release_that_was_obeyed(
    night: Night,
) -> None:
    """The network doubled it, and another command came between."""
    night.authorise()
    order = night.hold(night.draft(hold_s=7200))
    night.act(order, acts.release, OTHER, "over")
    night.at(1)
    night.sent()
    night.answer(order, APPLIED, counter=2)
    night.answer(order, REFUSED, counter=2, reason="replayed", last=3)
    for second in range(2, 300, 20):
        night.at(second)
    assert night.sent() == []
    assert night.loaded(order).step is Step.RELEASED


# --- killed at any step


@pytest.mark.parametrize("killed_after", range(11))
def test_killed_after_any_step_the_same_commands_are_sent_once(
    night: Night, killed_after: int
) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.breach(-20)
    night.boundary(20)
    night.measure(-30, 4)
    night.measure(4, 25, on=("stage-2",))
    script: list[Any] = [
        lambda: night.at(0),
        lambda: night.at(0.1),
        lambda: night.at(0.2),
        lambda: night.at(3),
        lambda: night.answer(night.order(), RECEIVED, at_s=3.5),
        lambda: night.answer(night.order(), APPLIED, at_s=4),
        lambda: night.at(15),
        lambda: night.at(24),
        lambda: night.answer(night.order(), APPLIED, at_s=24),
        lambda: night.answer(night.order(), RESTORED, at_s=24.5),
        lambda: night.at(25),
    ]
    bodies = []
    for number, act in enumerate(script):
        act()
        bodies += night.sent()
        if number == killed_after:
            night.restart()
            night.desk.run(night.now_ms)
    assert [(body[2], body[6]) for body in bodies] == [(1, 1), (2, 2)]
    assert night.order().step is Step.RESTORED
    assert night.order().result is DropResult.FULL


def test_killed_between_sending_and_noting_it_the_same_bytes_go_again(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    [(_, _, first)] = commands.unsent(night.world.engine)
    night.restart()
    [(_, _, again)] = commands.unsent(night.world.engine)
    assert first == again
