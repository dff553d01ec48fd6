"""A collector killed at any transaction of an order's life goes on, and does nothing twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, SITE, World
from order_gateway import LIMIT, OPEN, RELEASE, ModelGateway
from order_night import OTHER, Night
from sqlalchemy import Engine, event

from collector.ledger.followers import advance
from collector.model.order import DropResult, Step
from collector.model.records import OrderReason
from collector.orders import acts, commands
from collector.orders.follower import OrderFollower
from collector.orders.order import Order

COMMITS = 16
"""At least as many as the life below has; that it has not more is asserted."""


class Killed(BaseException):
    """Nothing after this is done, and nothing of the open transaction is kept."""


@contextmanager
def killed_at(engine: Engine, number: int) -> Iterator[list[int]]:
    """Raise Killed instead of the commit of this number, once; counts all of them."""
    seen = [0]

    def strike(_: Any) -> None:
        seen[0] += 1
        if seen[0] == number:
            raise Killed

    event.listen(engine, "commit", strike)
    try:
        yield seen
    finally:
        event.remove(engine, "commit", strike)


class Life:
    """An emergency order of a person, from its draft to its return, with a gateway that obeys."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.gateway = ModelGateway()
        self.signed = 0
        night.authorise()
        night.measure(-30, 1)
        night.measure(1, 20, ("stage-2",))

    def draft(self) -> Order:
        return self.night.draft(OrderReason.EMERGENCY)

    def run(self, seconds: int = 10) -> Order:
        """Whatever is killed is done again, as its next start would."""
        night = self.night
        self.again(lambda: night.orders() or self.draft())
        self.again(lambda: self._act_at(Step.DRAFTED, acts.approve, night.world.registry.view()))
        for second in range(1, seconds + 1):
            self.second(second)
        self.again(lambda: self._act_at(Step.VERIFIED, acts.release, OTHER, "over"))
        for second in range(seconds + 2, seconds + 6):
            self.second(second)
        return night.order()

    def again(self, work: Callable[[], Any]) -> None:
        try:
            work()
        except Killed:
            self.night.restart()
            work()

    def second(self, second: int) -> None:
        self.again(lambda: self.night.at(second))
        self.again(self._send)
        self.gateway.tick(self.night.now_ms)
        self.again(self._hear)

    def _act_at(self, step: Step, act: Callable[..., Order], *said: Any) -> None:
        """A person sees how it stands, and does not do twice what is done."""
        night = self.night
        if night.order().step is step:
            with night.world.engine.begin() as connection:
                if act is acts.approve:
                    act(connection, *said, night.loaded(night.order()), OTHER, night.now_ms)
                else:
                    act(connection, night.loaded(night.order()), *said, night.now_ms)

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


class CappedLife(Life):
    """A setpoint for the whole site."""

    def draft(self) -> Order:
        caps_w = {SITE: 400_000}
        return self.night.draft(OrderReason.EMERGENCY, None, caps_w=caps_w, cap_w=400_000)


@pytest.fixture
def alone(tmp_path: Path) -> Night:
    return Night(World.make(tmp_path), tmp_path)


def check(life: Life, order: Order) -> None:
    assert order.step is Step.RESTORED
    assert order.result is DropResult.FULL
    assert [entry[2] for entry in life.gateway.accepted] == [OPEN, RELEASE]
    assert life.gateway.stages == {}
    taken = [record.step for record in (*order.own, *order.parts[0].history)]
    assert taken == [
        Step.DRAFTED,
        Step.APPROVED,
        Step.NOTIFIED,
        Step.ISSUED,
        Step.RECEIVED,
        Step.APPLIED,
        Step.CONTACT_CONFIRMED,
        Step.VERIFIED,
        Step.RELEASED,
        Step.RELEASED,
        Step.RESTORED,
    ]


@pytest.mark.parametrize("number", range(COMMITS + 1))
def test_killed_instead_of_any_commit_it_goes_on_and_does_nothing_twice(
    alone: Night, number: int
) -> None:
    life = Life(alone)
    with killed_at(alone.world.engine, number) as seen:
        check(life, life.run())
    assert 0 < seen[0] <= COMMITS + 1, seen


@pytest.mark.parametrize("number", range(COMMITS + 5))
def test_killed_instead_of_any_commit_a_setpoint_is_given_and_ended_once(
    alone: Night, number: int
) -> None:
    life = CappedLife(alone)
    with killed_at(alone.world.engine, number) as seen:
        order = life.run(seconds=14)
    assert 0 < seen[0] <= COMMITS + 5, seen
    assert (order.step, order.result) == (Step.RESTORED, DropResult.FULL)
    assert [entry[2] for entry in life.gateway.accepted] == [LIMIT, LIMIT]
    assert life.gateway.setpoint is None


@pytest.mark.parametrize(("number", "step"), [(1, Step.APPROVED), (2, Step.NOTIFIED)])
def test_really_killed_it_goes_on_from_the_last_commit(
    alone: Night, tmp_path: Path, number: int, step: Step
) -> None:
    """By SIGKILL: instead of the commit of the notice, of the issue."""
    alone.authorise()
    alone.approve(alone.draft(OrderReason.EMERGENCY))
    arguments = [str(tmp_path), str(alone.now_ms), str(number)]
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, str(here / "killed_desk.py"), *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(here), str(here.parents[1])])},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert alone.order().step is step
    assert alone.sent() == []
    for second in (1, 2, 3):
        alone.at(second)
    assert [(body[2], body[6]) for body in alone.sent()] == [(1, OPEN)]
    assert alone.order().step is Step.ISSUED
