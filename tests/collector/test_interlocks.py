"""What a gateway says of a stage's interlocks: kept, and what it means for orders."""

import pytest
from collector_world import BILLING, NOW_MS, World, event
from order_night import APPLIED, FAILED, OTHER, RECEIVED, RESTORED, Night, issued

from collector.checks.codes import Code
from collector.checks.findings import unsettled
from collector.evidence.downlink import Action
from collector.evidence.frame import INTERLOCKS
from collector.intervals.follower import IntervalFollower
from collector.intervals.interlocks import interlocks
from collector.ledger.followers import advance
from collector.model.order import Step
from collector.model.records import Situation
from collector.orders import acts
from collector.storage import reading


def known(world: World, messages: list[bytes]) -> dict[int, tuple[str, ...]]:
    world.append(messages, NOW_MS)
    while advance(world.engine, IntervalFollower(world.configurations)):
        pass
    with reading(world.engine) as connection:
        return interlocks(connection, world.gateway.id.hex())


def test_the_newest_stands_in_whatever_order_frames_come(world: World) -> None:
    chain = world.gateway.chain(BILLING)
    said: tuple[list[str], ...] = (["local", "tripped"], [], ["opened_by_other"], ["locked_out"])
    stages = (1, 1, 2, 1)
    first, second, third, last = [
        chain.next(event(18, {0: stage, 1: words}))
        for stage, words in zip(stages, said, strict=True)
    ]
    assert known(world, [first]) == {1: ("local", "tripped")}
    assert known(world, [last]) == {1: ("locked_out",)}
    assert known(world, [second, third]) == {1: ("locked_out",), 2: ("opened_by_other",)}
    assert known(world, [chain.next(event(18, {0: 1, 1: []}))]) == {2: ("opened_by_other",)}


@pytest.mark.parametrize("reason", INTERLOCKS)
def test_an_order_whose_stages_are_all_hindered_has_failed_until_it_is_obeyed(
    night: Night, reason: str
) -> None:
    order = issued(night)
    stages = list(order.parts[0].cut.stages)
    night.answer(order, RECEIVED)
    night.answer(order, FAILED, reason=reason, stages=stages)
    assert night.order().parts[0].step is Step.FAILED
    assert night.order().parts[0].steps[Step.FAILED].details["reason"] == reason
    night.answer(order, APPLIED)
    assert night.order().parts[0].step is Step.CONTACT_CONFIRMED


def test_of_an_order_that_is_obeyed_in_part_the_meters_say_what_came_of_it(night: Night) -> None:
    night.authorise()
    order = night.issue(night.draft(stages=(1, 2)))
    night.answer(order, RECEIVED)
    night.answer(order, FAILED, reason="local", stages=[2])
    assert night.order().parts[0].step is Step.APPLIED


@pytest.mark.parametrize("reason", INTERLOCKS)
def test_a_release_that_is_hindered_stays_released_until_the_stage_is_closed(
    night: Night, reason: str
) -> None:
    night.authorise()
    order = night.hold(night.draft(stages=(1,)))
    night.at(700)  # the hold ran out at the gateway
    released = night.loaded(order)
    assert released.parts[0].step is Step.LAPSED
    night.answer(released, FAILED, reason=reason, stages=[1])
    assert night.order().parts[0].step is Step.LAPSED
    night.answer(released, RESTORED)
    assert night.order().parts[0].step is Step.RESTORED


@pytest.mark.parametrize("reason", INTERLOCKS)
def test_a_release_that_is_hindered_is_not_sent_again_but_paged(night: Night, reason: str) -> None:
    """The gateway carries it out when the interlock goes."""
    night.authorise()
    order = night.hold(night.draft(stages=(1,), hold_s=7200))
    night.sent()
    night.act(order, acts.release, OTHER, "enough")
    night.at(1)
    assert [body[6] for body in night.sent()] == [Action.RELEASE]
    for phase in (RECEIVED, APPLIED):
        night.answer(night.order(), phase)
    night.answer(night.order(), FAILED, reason=reason, stages=[1])
    for second in range(5, 1000, 35):
        night.at(second)
        assert night.sent() == []
    released = night.order()
    assert released.parts[0].step is Step.RELEASED
    with reading(night.world.engine) as connection:
        [page] = unsettled(connection, Code.ORDER_OVERDUE)
    assert page.details["situation"] == [Situation.NOT_RESTORED]
    night.answer(released, RESTORED)
    assert night.order().step is Step.RESTORED
