"""Killed at each transaction of a peak's, a block's and its renewal's, and a slot's life: it goes
on, releases nothing twice, and forgets no cut.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, NOW_MS, ZONE, World
from order_gateway import OPEN, RELEASE, RESTORED, Held, ModelGateway
from order_night import DRAFTER, OTHER, SECOND, Night
from sqlalchemy import event
from test_peaks import AHEAD_S, HOUR_S, START_S, calendar

from collector.ledger.followers import advance
from collector.model.order import Step
from collector.model.records import OrderReason
from collector.orders import blocks, commands
from collector.orders.blocks import Said
from collector.orders.follower import OrderFollower
from collector.orders.order import Order
from collector.storage import reading

MOST = 4
"""At least as many commits as any piece of work below has; that none has more is asserted."""


class Killed(BaseException):
    """Nothing after this is done, and nothing of the open transaction is kept."""


@dataclass
class Lived:
    """A night in pieces of work, each killed at its commit of one number, and begun again."""

    night: Night
    number: int
    gateway: ModelGateway = field(default_factory=ModelGateway)
    signed: int = 0
    kills: int = 0

    def work(self, piece: Callable[[], Any]) -> None:
        try:
            with self._striking():
                piece()
        except Killed:
            self.kills += 1
            self.night.restart()
            piece()

    def second(self, second: float) -> None:
        """The desk looks, the broker carries, the gateway obeys and answers."""
        self.work(lambda: self.night.at(second))
        self.work(self._send)
        self.gateway.tick(self.night.now_ms)
        self.work(self._hear)

    def approve(self) -> None:
        night = self.night
        if night.order().step is Step.DRAFTED:
            night.approve(night.order(), OTHER)

    @property
    def taken(self) -> list[tuple[bytes, int]]:
        """Whose commands the gateway obeyed, and what they asked."""
        return [(order, action) for order, _, action, _ in self.gateway.accepted]

    @contextmanager
    def _striking(self) -> Iterator[None]:
        seen = 0

        def strike(_: Any) -> None:
            nonlocal seen
            seen += 1
            assert seen <= MOST
            if seen == self.number:
                raise Killed

        engine = self.night.world.engine
        event.listen(engine, "commit", strike)
        try:
            yield
        finally:
            event.remove(engine, "commit", strike)

    def _send(self) -> None:
        engine = self.night.world.engine
        for identity, _, message in commands.unsent(engine):
            self.gateway.take(message, self.night.now_ms)
            commands.mark_sent(engine, [identity], self.night.now_ms)

    def _hear(self) -> None:
        night = self.night
        while self.signed < len(self.gateway.said):
            frame = night.world.gateway.frame(
                BILLING, self.signed + 1, [self.gateway.said[self.signed]]
            )
            night.world.append([frame], night.now_ms)
            self.signed += 1
        while advance(night.world.engine, OrderFollower()):
            pass


@pytest.fixture(params=range(MOST + 1))
def lived(tmp_path: Path, request: pytest.FixtureRequest) -> Lived:
    """Number 0 kills nothing: so it is to be."""
    night = Night(World.make(tmp_path), tmp_path)
    night.authorise()
    return Lived(night, request.param)


def steps(order: Order) -> list[Step]:
    """Of its one part, each once, however often a release was asked for."""
    return list(dict.fromkeys(record.step for record in order.parts[0].history))


CUT = [Step.NOTIFIED, Step.ISSUED, Step.RECEIVED, Step.APPLIED, Step.CONTACT_CONFIRMED]


def test_a_peak_is_cut_once_and_returns_at_its_end(lived: Lived) -> None:
    night, end_s = lived.night, START_S + HOUR_S
    night.record(calendar())
    night.measure(START_S - 30, START_S + 2)
    night.measure(START_S + 2, START_S + 40, ())
    for second in (START_S - AHEAD_S, START_S - AHEAD_S + 1, START_S - AHEAD_S + 2):
        lived.second(second)
    assert lived.taken == []
    for second in (START_S, START_S + 1, START_S + 12, START_S + 1800, end_s - 1):
        lived.second(second)
        assert [*lived.gateway.stages] == [1, 2]
    for second in (end_s, end_s + 1):
        lived.second(second)
    order = night.order()
    assert lived.taken == [(order.id, OPEN)]
    assert steps(order) == [*CUT, Step.VERIFIED, Step.LAPSED, Step.RESTORED]
    assert lived.gateway.stages == {}
    assert lived.kills or lived.number in (0, MOST)


def test_a_block_holds_through_a_renewal_and_one_release_follows_it(lived: Lived) -> None:
    night = lived.night
    night.measure(-30, 3)
    night.measure(3, 20, ("stage-2",))
    night.measure(560, 610, ("stage-2",))
    lived.work(lambda: night.orders() or night.draft())
    lived.work(lived.approve)
    for second in (1, 2, 3, 15):
        lived.second(second)
    lived.work(lambda: _block(night))
    for moment in (541, 541.1, 541.2, 571, 572, 573, 585):
        lived.second(moment)
        assert [*lived.gateway.stages] == [1]
    lived.work(lambda: _lift(night))
    for second in (605, 606, 607):
        lived.second(second)
    first, renewal = night.orders()
    assert lived.taken == [(first.id, OPEN), (renewal.id, OPEN), (renewal.id, RELEASE)]
    assert steps(first) == [*CUT, Step.VERIFIED, Step.SUPERSEDED]
    assert steps(renewal) == [*CUT, Step.VERIFIED, Step.RELEASED, Step.RESTORED]
    assert lived.gateway.stages == {}
    assert lived.kills or lived.number in (0, MOST)


def test_a_cut_that_ended_while_its_gateway_was_off_waits_for_its_slot(lived: Lived) -> None:
    """Nothing is sent after it: the collector knows that it returns, and not when."""
    night, slot_s = lived.night, 250
    lived.gateway = Slotted(returns_ms=NOW_MS + slot_s * SECOND)
    night.measure(-30, 3)
    night.measure(3, 20, ("stage-2",))
    lived.work(lambda: night.orders() or night.draft(OrderReason.EMERGENCY, hold_s=100))
    lived.work(lived.approve)
    for second in (1, 2, 3, 15, 101, 102, 130, 240):
        lived.second(second)
        assert [*lived.gateway.stages] in ([], [1])
    assert night.order().step is Step.LAPSED
    for second in (slot_s, slot_s + 1):
        lived.second(second)
    order = night.order()
    assert lived.taken == [(order.id, OPEN)]
    assert steps(order) == [*CUT, Step.VERIFIED, Step.LAPSED, Step.RESTORED]
    assert lived.kills or lived.number in (0, MOST)


@dataclass
class Slotted(ModelGateway):
    """What an order held until it was off comes back at its slot (docs/stages.md)."""

    returns_ms: int = 0

    def tick(self, now_ms: int) -> None:
        if now_ms >= self.returns_ms and self.stages:
            held: Held = self.stages.pop(1)
            self._say(held.order, held.counter, RESTORED, now_ms)


def _block(night: Night) -> None:
    with night.world.engine.begin() as connection:
        if not blocks.standing(connection):
            said = Said(night.now_ms, DRAFTER, "авария", "log 18")
            blocks.begin(connection, night.world.registry.view(), ZONE, said)


def _lift(night: Night) -> None:
    with reading(night.world.engine) as connection:
        is_standing = bool(blocks.standing(connection))
    if is_standing:
        with night.world.engine.begin() as connection:
            said = Said(night.now_ms, DRAFTER, "over", "log 19")
            blocks.lift(connection, night.world.registry.view(), ZONE, said)
