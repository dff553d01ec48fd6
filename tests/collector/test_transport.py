"""What the broker brings, without a broker: acknowledged in our time, and never fatal."""

import queue
import threading
from typing import Any, cast

import pytest
from paho.mqtt.client import Client, MQTTMessage

from collector.intake.intake import Pending
from collector.intake.transport import Broker, Share, Transport


class Acknowledgements:
    """In the client's place: it notes what is acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []

    def ack(self, mid: int, _qos: int) -> None:
        self.acknowledged.append(mid)

    def subscribe(self, topics: Any) -> None:
        self.topics = [topic for topic, _ in topics]


class Accepted:
    is_failure = False


class Line:
    def __init__(self, room: int = 0, share: Share | None = None) -> None:
        self.deliveries: queue.Queue[Pending] = queue.Queue(room)
        self.statuses: list[tuple[str, dict[str, Any]]] = []
        self.client = Acknowledgements()
        broker = Broker("127.0.0.1", 1)
        self.transport = Transport(
            broker, "test", self.deliveries, lambda *status: self.statuses.append(status), share
        )
        self.connect()

    def connect(self) -> None:
        self.transport._connected(cast(Client, self.client), None, None, Accepted(), None)

    def receive(self, topic: bytes, payload: bytes, mid: int = 1) -> None:
        message = MQTTMessage(mid, topic)
        message.payload, message.qos = payload, 1
        self.transport._received(cast(Client, self.client), None, message)


@pytest.fixture
def line_is_full() -> Line:
    line = Line(room=1)
    line.receive(b"esep/v1/0011223344556677/frame", b"first", mid=1)
    return line


def test_a_frame_is_acknowledged_only_when_the_intake_says_so() -> None:
    line = Line()
    line.receive(b"esep/v1/0011223344556677/frame", b"frame", mid=7)
    waiting = line.deliveries.get_nowait()
    assert (waiting.delivery.head, waiting.delivery.topic[-6:]) == (b"frame", "/frame")
    assert line.client.acknowledged == []
    waiting.acknowledge()
    assert line.client.acknowledged == [7]


def test_what_came_before_a_reconnect_is_not_acknowledged_after_it() -> None:
    """Its number now means another message; the broker delivers it again."""
    line = Line()
    line.receive(b"esep/v1/0011223344556677/frame", b"frame", mid=7)
    line.connect()
    line.deliveries.get_nowait().acknowledge()
    assert line.client.acknowledged == []


@pytest.mark.parametrize(
    "payload",
    [b"", b"[" * 100_000, b'{"a":' * 5000, b"\xff", b"null", b"[]", b"1e999", b"9" * 5000],
)
def test_a_status_of_any_bytes_is_acknowledged_and_harms_nothing(payload: bytes) -> None:
    line = Line()
    line.receive(b"esep/v1/x/status", payload)
    assert line.statuses == []
    assert line.client.acknowledged == [1]


def test_a_status_is_handed_on() -> None:
    line = Line()
    line.receive(b"esep/v1/0011223344556677/status", b'{"online": true}')
    assert line.statuses == [("0011223344556677", {"online": True})]
    assert line.deliveries.empty()


def test_a_topic_that_is_no_text_is_taken_as_its_bytes() -> None:
    line = Line()
    line.receive(b"esep/v1/\xff/frame", b"frame")
    assert "\\xff" in line.deliveries.get_nowait().delivery.topic


def test_a_stop_waits_for_no_room(line_is_full: Line) -> None:
    """A full disk keeps the queue full; what does not fit is not acknowledged, and comes again."""
    line = line_is_full
    delivering = threading.Thread(
        target=line.receive, args=(b"esep/v1/0011223344556677/frame", b"second", 2), daemon=True
    )
    delivering.start()
    line.transport.stop()
    delivering.join(timeout=60)
    assert not delivering.is_alive()
    assert line.deliveries.get_nowait().delivery.head == b"first"
    assert line.deliveries.empty()
    assert line.client.acknowledged == []


def test_what_waits_for_room_is_delivered_when_there_is_some(line_is_full: Line) -> None:
    line = line_is_full
    delivering = threading.Thread(
        target=line.receive, args=(b"esep/v1/0011223344556677/frame", b"second", 2), daemon=True
    )
    delivering.start()
    heads = [line.deliveries.get(timeout=60).delivery.head for _ in range(2)]
    delivering.join(timeout=60)
    assert heads == [b"first", b"second"]


def test_frames_are_shared_and_statuses_are_not() -> None:
    """Whoever offers configurations must know every gateway's status."""
    assert Line(share=Share("esep")).client.topics == [
        "$share/esep/esep/v1/+/frame",
        "esep/v1/+/status",
    ]
    assert Line().client.topics == ["esep/v1/+/frame", "esep/v1/+/status"]


def test_a_worker_that_stays_away_keeps_no_frames_from_the_others() -> None:
    properties: Any = Share("esep").connect_properties()
    assert 0 < properties.SessionExpiryInterval <= 60
    assert 0 < properties.ReceiveMaximum <= 5000
