"""The process that only takes frames in, at a real Mosquitto as it is shipped."""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from absent import absent
from collector_world import NOW_MS, TELEMETRY, World
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy.exc import OperationalError
from test_intake import Broken

from collector.intake.inlet import Inlet
from collector.intake.intake import Intake
from collector.intake.transport import Broker
from collector.ledger.ledger import Ledger
from simulator import mosquitto

PATIENCE_S = 40


@dataclass
class Mosquitto:
    folder: Path
    port: int

    def start(self) -> None:
        command = mosquitto.configure(self.folder, self.port, None, None)
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                assert time.monotonic() < until
                time.sleep(0.02)

    def stop(self) -> None:
        """It keeps its queues."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    try:
        mosquitto.find()
    except mosquitto.MissingError as error:
        absent(str(error))
    with socket.create_server(("127.0.0.1", 0)) as free:
        running = Mosquitto(tmp_path / "broker", free.getsockname()[1])
    running.start()
    yield running
    running.stop()


class Taking:
    """An intake at the broker, subscribed."""

    def __init__(self, world: World, broker: Mosquitto) -> None:
        self.inlet = Inlet(Broker("127.0.0.1", broker.port), "esep-collector")
        self.intake = Intake(world.engine, world.admission(), lambda: NOW_MS, self.inlet.gather)
        until = time.monotonic() + PATIENCE_S
        while not self.inlet.is_subscribed:
            self.intake.take(0.05)
            assert time.monotonic() < until

    def until(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not condition():
            self.intake.take(0.05)
            assert time.monotonic() < until, "it did not come to pass"


def publish(broker: Mosquitto, world: World, messages: list[bytes]) -> None:
    """As the gateway does it, until the broker has acknowledged all."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for said in [client.publish(world.gateway.topic, each, qos=1) for each in messages]:
        said.wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()


def frames(world: World, number: int) -> list[bytes]:
    chain = world.gateway.chain(TELEMETRY)
    return [chain.next() for _ in range(number)]


def held(world: World) -> list[bytes]:
    return [entry.raw for entry in Ledger(world.engine).entries()]


def test_what_is_published_is_in_the_ledger_once_and_in_order(
    world: World, broker: Mosquitto
) -> None:
    taking, messages = Taking(world, broker), frames(world, 1500)
    publish(broker, world, messages)
    taking.until(lambda: taking.intake.frames == len(messages))
    assert held(world) == messages
    taking.inlet.close()


def test_what_was_not_committed_comes_again_to_the_next(world: World, broker: Mosquitto) -> None:
    """The first one cannot write, and ends as if it were killed."""
    taking, messages = Taking(world, broker), frames(world, 700)
    broken = Broken(world)
    publish(broker, world, messages)
    with pytest.raises(OperationalError):
        taking.until(lambda: taking.intake.frames > 0)
    broken.fails = False
    again = Taking(world, broker)
    again.until(lambda: again.intake.frames == len(messages))
    assert sorted(held(world)) == sorted(messages)
    again.inlet.close()


def test_a_broker_that_went_away_is_found_again(world: World, broker: Mosquitto) -> None:
    taking, messages = Taking(world, broker), frames(world, 20)
    publish(broker, world, messages[:10])
    taking.until(lambda: taking.intake.frames == 10)
    broker.stop()
    taking.until(lambda: not taking.inlet.is_subscribed)
    broker.start()
    publish(broker, world, messages[10:])
    taking.until(lambda: taking.intake.frames == 20)
    taking.inlet.close()
