"""The uplink in MicroPython: memory runs short, and a link stands still."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from plant.links import EndlessPacket, FakeBroker, StandingBroker
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


LARGEST = (1 << 28) - 1  # that a packet can say


@pytest.mark.parametrize("length", [100, 5000, LARGEST])
@pytest.mark.parametrize("pause_s", [0, 0.1])
def test_nothing_but_connack_is_read_before_it(
    ask: Ask, loop: Loop, length: int, pause_s: float
) -> None:
    """Without TLS anybody on the way may answer, and never end."""
    broker = EndlessPacket(loop, lets_in=False, pause_s=pause_s, length=length)
    said = ["connect", "MqttError", "the broker did not answer CONNECT"]
    assert ask("listen", broker.port, 1, 3000) == said
    broker.close()


def test_a_message_that_is_too_long_to_be_read_past_ends_the_connection(
    ask: Ask, loop: Loop
) -> None:
    broker = EndlessPacket(loop, lets_in=True, pause_s=0, length=LARGEST)
    said = ["run", "MqttError", f"a message of {LARGEST} bytes"]
    assert ask("listen", broker.port, 1, 3000) == said
    broker.close()


def test_a_message_that_does_not_end_ends_the_connection(ask: Ask, loop: Loop) -> None:
    """Each of its pieces comes in time, and all of them would take hours."""
    broker = EndlessPacket(loop, lets_in=True, pause_s=0.1, length=10_000_000)
    said = ["run", "MqttError", "a message that does not end"]
    assert ask("listen", broker.port, 1, 40_000) == said
    broker.close()
