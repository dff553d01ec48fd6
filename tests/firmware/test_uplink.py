"""The uplink in MicroPython: memory runs short, and a link stands still."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plant.links import FakeBroker, StandingBroker
from plant.modbus import Loop

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("uplink_console", heap="80wk").ask  # most of the way up, as source
    return asking


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def test_memory_that_runs_short_ends_a_connection_and_loses_no_frame(ask: Ask, loop: Loop) -> None:
    broker = FakeBroker(loop)
    fails = {"1": 1, "7": 2, "12": 1}
    assert ask("run", broker.port, 12, fails, 6000)
    numbers = {int(frame.split()[0]) for frame in broker.frames()}
    assert numbers == set(range(1, 13))
    broker.close()


def test_link_that_takes_nothing_more_is_given_up(ask: Ask, loop: Loop) -> None:
    """Half open, with every buffer full: to wait for room would be to wait for ever."""
    broker = StandingBroker(loop)
    assert ask("publish", broker.port) > 0
    broker.close()
