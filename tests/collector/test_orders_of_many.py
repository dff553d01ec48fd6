"""An order of very many parts: answers are followed together, and few parts looked at at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from collector_world import BILLING, command_event
from sqlalchemy import Engine, event
from zone_fleet import ZoneFleet

from collector.intake.admission import Delivery
from collector.ledger.followers import advance
from collector.ledger.ledger import Ledger
from collector.model.order import Step
from collector.model.records import OrderReason
from collector.orders.follower import OrderFollower
from collector.orders.order import Cut, Order, Part, StepRecord, Terms
from collector.orders.turns import IN_A_TURN, Turns
from collector.registry.view import View
from collector.storage import appending

RECEIVED, APPLIED = 1, 2


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that a block sends to the database."""
    sent: list[str] = []

    def note(*said: object) -> None:
        sent.append(str(said[2]))

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def answered(fleet: ZoneFleet, order: Order, numbers: range) -> list[str]:
    """Each of these gateways says in one frame that it received, and applied; followed at once."""
    world, frames = fleet.night.world, []
    for number in numbers:
        gateway = fleet.signers[number]
        part = order.at(gateway.id.hex())
        assert part is not None
        counter = part.commands[-1].counter
        said = [
            command_event(order.id, counter, phase, fleet.now_ms) for phase in (RECEIVED, APPLIED)
        ]
        message = gateway.frame(BILLING, 1, said)
        frames.append(world.admission().judge(Delivery.of(gateway.topic, message)))
    with appending(world.engine) as connection:
        Ledger(world.engine).append(connection, frames, fleet.now_ms)
    with counted(world.engine) as sent:
        while advance(world.engine, OrderFollower()):
            pass
    return sent


def test_answers_of_many_are_read_and_written_together(tmp_path: Path) -> None:
    fleet = ZoneFleet(tmp_path, 22)
    order = fleet.order()
    for _ in range(2):
        fleet.night.desk.run(fleet.now_ms)
    order = fleet.night.loaded(order)
    few = answered(fleet, order, range(2))
    many = answered(fleet, order, range(2, 22))
    assert len(many) <= len(few)
    found = fleet.night.loaded(order)
    for part in found.parts:
        taken = [record.step for record in part.history][-3:]
        assert taken == [Step.RECEIVED, Step.APPLIED, Step.CONTACT_CONFIRMED]
        assert part.commands[-1].answer == APPLIED
    assert found.step is Step.CONTACT_CONFIRMED


@pytest.fixture
def order() -> Order:
    number = 2 * IN_A_TURN + 50
    cuts = tuple(Cut(f"site-{n}", f"{n:016x}", "100240000017", (1,)) for n in range(number))
    terms = Terms(OrderReason.EMERGENCY, cuts, "authority", "ab" * 32, "an official", 0, 600)
    parts = tuple(Part(n, cut, Step.ISSUED, None) for n, cut in enumerate(cuts, 1))
    return Order(b"order", terms, (), parts)


def looked_at(turns: Turns, view: View, *orders: Order) -> set[int]:
    return turns.due(view, orders).get(b"order", set())


def test_without_news_each_part_has_its_turn(order: Order) -> None:
    turns, view = Turns(), View([])
    everyone = {part.number for part in order.parts}
    assert looked_at(turns, view, order) == everyone
    rounds = [looked_at(turns, view, order) for _ in range(3)]
    assert [len(each) for each in rounds] == [IN_A_TURN] * 3
    assert set().union(*rounds) == everyone


def test_news_of_a_part_or_of_another_order_at_its_gateway_is_looked_at_at_once(
    order: Order,
) -> None:
    turns, view = Turns(), View([])
    looked_at(turns, view, order)
    last = order.parts[-1]
    moved = replace(last, step=Step.RECEIVED, history=(StepRecord(Step.RECEIVED, 1, 1, 1, {}),))
    told = replace(order, parts=(*order.parts[:-1], moved))
    assert turns.due(view, [told], 0) == {order.id: {last.number}}
    whose = order.parts[-2]
    other = Order(b"another", order.terms, (), (replace(whose, number=1),))
    assert whose.number in looked_at(turns, view, told, other)


def test_a_change_of_the_register_is_news_of_all(order: Order) -> None:
    turns = Turns()
    looked_at(turns, View([]), order)
    assert len(looked_at(turns, View([]), order)) == len(order.parts)


def test_what_is_over_is_not_looked_at(order: Order) -> None:
    parts = tuple(replace(part, step=Step.RESTORED) for part in order.parts[1:])
    over = replace(order, parts=(order.parts[0], *parts))
    assert looked_at(Turns(), View([]), over) == {1}
