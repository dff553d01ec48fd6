"""`python -m simulator.broker`: QoS 1 passes, vanished clients are survived, it ends when told."""

import json
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20
TOPIC = "esep/v1/0011223344556677/frame"
FRAME = bytes(range(256)) * 16


@pytest.fixture
def broker() -> Iterator[tuple[subprocess.Popen[str], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator.broker", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline()) == {"ready": port}
    yield process, port
    process.kill()
    process.wait()


class Client:
    """An MQTT client whose replies can be awaited."""

    def __init__(self, port: int, name: str) -> None:
        self.messages: queue.Queue[bytes] = queue.Queue()
        self._news: queue.Queue[str] = queue.Queue()
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
        self.mqtt.on_connect = lambda *_: self._news.put("connected")
        self.mqtt.on_subscribe = lambda *_: self._news.put("subscribed")
        self.mqtt.on_message = lambda _client, _data, message: self.messages.put(
            bytes(message.payload)
        )
        self.mqtt.connect("127.0.0.1", port)
        self.mqtt.loop_start()
        assert self._news.get(timeout=PATIENCE_S) == "connected"

    def subscribe(self, topic: str) -> None:
        self.mqtt.subscribe(topic, qos=1)
        assert self._news.get(timeout=PATIENCE_S) == "subscribed"

    def publish(self, payload: bytes) -> None:
        self.mqtt.publish(TOPIC, payload, qos=1).wait_for_publish(PATIENCE_S)

    def vanish(self) -> None:
        """Reset the connection, as a machine that loses power and comes back does."""
        raw = self.mqtt.socket()
        assert isinstance(raw, socket.socket)
        self.mqtt.loop_stop()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()

    def leave(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


def test_frames_pass_while_clients_vanish(broker: tuple[subprocess.Popen[str], int]) -> None:
    process, port = broker
    reader, writer, unlucky = Client(port, "reader"), Client(port, "writer"), Client(port, "x")
    reader.subscribe("esep/v1/+/frame")
    unlucky.subscribe("esep/v1/+/frame")
    sent = [number.to_bytes(2, "big") + FRAME[2:] for number in range(40)]
    for number, frame in enumerate(sent):
        if number == 20:
            unlucky.vanish()
        writer.publish(frame)
    assert [reader.messages.get(timeout=PATIENCE_S) for _ in sent] == sent
    assert process.poll() is None
    reader.leave()
    writer.leave()


def test_it_ends_when_told_and_says_nothing(broker: tuple[subprocess.Popen[str], int]) -> None:
    process, port = broker
    client = Client(port, "reader")
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    client.mqtt.loop_stop()


def test_a_port_in_use_is_named(broker: tuple[subprocess.Popen[str], int]) -> None:
    _, port = broker
    second = subprocess.run(
        [sys.executable, "-m", "simulator.broker", "--port", str(port)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert second.returncode == 2
    assert str(port) in second.stderr
