"""One order, a part for each gateway: its own step, result and end are derived."""

from itertools import product
from pathlib import Path

import pytest
from collector_world import (
    BILLING,
    SITE,
    World,
    command_event,
    gateway_record,
    meter_record,
    site_record,
)
from collector_world import TestGateway as Gateway
from order_night import OTHER, Night
from sqlalchemy import update

from collector.ledger.followers import advance
from collector.model.order import HOLDING, LIFE, NEXT, OVER, DropResult, Step, leading, worst
from collector.model.records import OrderReason
from collector.orders import acts, commands
from collector.orders.follower import OrderFollower
from collector.orders.order import Order
from collector.storage.tables import order_part

APPLIED, REFUSED, RESTORED = 2, 3, 5
FAR = "far"


class Two:
    """The site of the night and another, each with its gateway; one order for both."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.other = Gateway()
        night.authorise()
        night.record(
            site_record(self.other, FAR),
            gateway_record(self.other, FAR),
            meter_record(self.other, "far-feeder", 0, "delivery", FAR),
        )
        self.other.configuration = night.world.configure(self.other)
        self.seqs = {self.other.id: 0, night.world.gateway.id: 0}

    def order(self) -> Order:
        return self.night.order()

    def steps(self) -> list[Step]:
        return [part.step for part in self.order().parts]

    def issue(self) -> Order:
        cuts = [(SITE, (1,)), (FAR, None)]
        return self.night.issue(self.night.draft(OrderReason.EMERGENCY, cuts=cuts))

    def answer(self, gateway: Gateway, phase: int, counter: int, **more: object) -> None:
        world = self.night.world
        self.seqs[gateway.id] += 1
        event = command_event(self.order().id, counter, phase, self.night.now_ms, **more)
        message = gateway.frame(BILLING, self.seqs[gateway.id], [event])
        known, world.gateway = world.gateway, gateway
        world.append([message], self.night.now_ms)
        world.gateway = known
        while advance(world.engine, OrderFollower()):
            pass


@pytest.fixture
def two(tmp_path: Path) -> Two:
    return Two(Night(World.make(tmp_path), tmp_path))


def test_each_gateway_has_its_own_command_and_its_own_steps(two: Two) -> None:
    two.issue()
    sent = {topic: message for _, topic, message in commands.unsent(two.night.world.engine)}
    near, far = two.night.world.gateway, two.other
    assert set(sent) == {f"esep/v1/{gateway.id.hex()}/command" for gateway in (near, far)}
    two.answer(near, APPLIED, 1)
    assert two.steps() == [Step.CONTACT_CONFIRMED, Step.ISSUED]
    assert two.order().step is Step.ISSUED
    two.answer(far, APPLIED, 1)
    assert two.order().step is Step.CONTACT_CONFIRMED


def test_a_gateway_answers_for_its_part_only(two: Two) -> None:
    two.issue()
    two.answer(two.other, REFUSED, 1, reason="unknown_stage", last=0)
    assert two.steps() == [Step.ISSUED, Step.REJECTED]
    assert two.order().step is Step.ISSUED


def test_a_release_ends_every_part_that_holds(two: Two) -> None:
    two.issue()
    two.answer(two.night.world.gateway, APPLIED, 1)
    two.night.act(two.order(), acts.release, OTHER, "over")
    two.night.at(1)
    assert two.steps() == [Step.RELEASED, Step.RELEASED]
    for gateway in (two.night.world.gateway, two.other):
        two.answer(gateway, RESTORED, 2)
    assert two.order().step is Step.RESTORED


def test_a_notice_is_proven_for_each_licensee(two: Two) -> None:
    two.night.authorise(notice_proof=True)
    two.night.record(site_record(two.other, FAR, "140840000928"))
    order = two.issue()
    two.night.act(order, _prove_first)
    two.night.at(1)
    assert two.steps() == [Step.ISSUED, Step.NOTIFIED]


def _prove_first(connection: object, order: Order, now_ms: int) -> Order:
    licensee = order.parts[0].cut.licensee
    proof = {"reference": "x"}
    return acts.prove(connection, order, OTHER, proof, now_ms, now_ms, licensee)  # type: ignore[arg-type]


def test_one_part_that_cannot_be_moved_does_not_hold_up_the_others(two: Two) -> None:
    two.night.approve(two.night.draft(OrderReason.EMERGENCY, cuts=[(SITE, (1,)), (FAR, None)]))
    broken = update(order_part).where(order_part.c.part == 2).values(gateway="no gateway")
    with two.night.world.engine.begin() as connection:
        connection.execute(broken)
    for second in (0.1, 0.2, 0.3):
        two.night.at(second)
    assert two.steps()[0] is Step.ISSUED


# --- the written rule


def test_an_order_is_named_after_the_part_that_has_come_least_far() -> None:
    ways = [step for step in Step if step not in OVER]
    for one, other in product(ways, ways):
        assert leading([one, other]) == (0 if ways.index(one) <= ways.index(other) else 1)
    for one, end in product(ways, OVER):
        assert leading([end, one]) == 1


def test_when_all_are_over_after_the_end_that_says_most() -> None:
    ends = [Step.RESTORED, Step.SUPERSEDED, Step.CANCELLED, Step.EXPIRED, Step.REJECTED]
    for better, worse in zip(ends, [*ends[1:], Step.FAILED], strict=True):
        assert leading([better, worse, better]) == 1


def test_the_result_is_the_worst() -> None:
    full, partial, none, unverifiable = DropResult
    assert worst([None, full]) is full
    assert worst([full, partial, full]) is partial
    assert worst([full, none, partial]) is none
    assert worst([none, unverifiable]) is unverifiable
    assert worst([None]) is None


# --- the table


def test_every_step_has_its_row_and_can_be_reached() -> None:
    assert set(LIFE) == set(Step)
    reached, more = set(), {Step.DRAFTED}
    while more:
        reached |= more
        more = {step for known in reached for step in NEXT[known]} - reached
    assert reached == set(Step)


def test_every_step_that_is_not_over_leads_to_an_end() -> None:
    for step in set(Step) - OVER:
        found, more = set(), {step}
        while more:
            found |= more
            more = {after for known in found for after in NEXT[known]} - found
        assert found & OVER


def test_what_holds_can_always_end_and_what_waits_can_be_taken_back() -> None:
    for step in HOLDING:
        assert {Step.RELEASED, Step.LAPSED} <= NEXT[step]
    for step in (Step.DRAFTED, Step.APPROVED, Step.NOTIFIED):
        assert Step.CANCELLED in NEXT[step]
