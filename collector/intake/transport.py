"""MQTT by paho: a durable session, and PUBACK only when we say so."""

import json
import queue
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from collector.intake.admission import Delivery
from collector.intake.intake import Pending

log = structlog.get_logger()

_KEEPALIVE_S = 15
_WAIT_S = 0.5
_LEAVE_S = 2.0
_FRAMES, _STATUSES = "esep/v1/+/frame", "esep/v1/+/status"


@dataclass(frozen=True)
class Tls:
    """PEM files."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True)
class Broker:
    host: str
    port: int
    tls: Tls | None = None


@dataclass(frozen=True)
class Share:
    """One of several clients that the broker deals the frames to: a shared subscription of MQTT 5.

    The broker deals also to a client that is away, as long as it has its session: long enough for
    a restart, and not longer, since nobody else gets those frames. What was dealt to one that never
    came back is sent again by the gateways, for want of a receipt.
    """

    group: str
    session_s: int = 10
    unacknowledged: int = 1000
    """The most that the broker sends ahead of acknowledgements."""

    @property
    def topic(self) -> str:
        return f"$share/{self.group}/{_FRAMES}"

    def connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = self.session_s
        properties.ReceiveMaximum = self.unacknowledged
        return properties


def new_client(broker: Broker, client_id: str, share: Share | None = None) -> Client:
    """With a session that outlives connections, and acknowledgements by hand.

    Raises ssl.SSLError when the files are not the PEM files of a client.
    """
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=False if share is None else None,
        protocol=MQTTProtocolVersion.MQTTv311 if share is None else MQTTProtocolVersion.MQTTv5,
        manual_ack=True,
    )
    if broker.tls is not None:
        context = ssl.create_default_context(cafile=str(broker.tls.ca))
        context.load_cert_chain(broker.tls.certificate, broker.tls.key)
        client.tls_set_context(context)
    return client


def topic_of(message: MQTTMessage) -> str:
    """Of bytes that are no text, how they are written."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return repr(bytes(message._topic))


class Transport:
    """Delivers frames into a queue and publishes what goes down."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        deliveries: "queue.Queue[Pending] | None",
        on_status: Callable[[str, dict[str, Any]], None],
        share: Share | None = None,
    ) -> None:
        """Without `deliveries` another process takes the frames in."""
        self._broker = broker
        self._share = share
        self._deliveries = deliveries
        self._on_status = on_status
        self._stopping = threading.Event()
        self._has_left = threading.Event()
        self._connection = 0
        self._client = new_client(broker, client_id, share)
        self._client.reconnect_delay_set(1, 30)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._received
        self._client.on_unsubscribe = lambda *_: self._has_left.set()

    def start(self) -> None:
        """Connect in the background, and again whenever the broker goes away."""
        session: dict[str, Any] = {}
        if self._share is not None:
            session = {"clean_start": False, "properties": self._share.connect_properties()}
        self._client.connect_async(self._broker.host, self._broker.port, _KEEPALIVE_S, **session)
        self._client.loop_start()

    def leave(self) -> None:
        """Get no more frames of a share: those that are here can still be acknowledged."""
        if self._share is not None and self._client.is_connected():
            self._client.unsubscribe(self._share.topic)
            self._has_left.wait(_LEAVE_S)

    def stop(self) -> None:
        self._stopping.set()
        self._client.disconnect()
        self._client.loop_stop()

    def is_connected(self) -> bool:
        return self._client.is_connected()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Hand a message to the broker; False when there is no connection now."""
        if not self._client.is_connected():
            return False
        return self._client.publish(topic, payload, qos=1, retain=retain).rc == 0

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            log.error("broker.refused", reason=str(reason))
            return
        self._connection += 1
        frames = _FRAMES if self._share is None else self._share.topic
        mine = [] if self._deliveries is None else [(frames, 1)]
        client.subscribe([*mine, (_STATUSES, 1)])
        log.info("broker.connected", host=self._broker.host, port=self._broker.port)

    def _unreachable(self, _client: Client, _data: Any) -> None:
        # paho calls this while it handles the error, and does not hand it over
        reason = str(sys.exc_info()[1] or "unknown")
        log.error(
            "broker.unreachable", host=self._broker.host, port=self._broker.port, reason=reason
        )

    def _disconnected(self, _client: Client, _data: Any, _f: Any, reason: Any, _p: Any) -> None:
        log.warning("broker.lost", reason=str(reason))

    def _received(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        mid, qos, connection = message.mid, message.qos, self._connection

        def acknowledge() -> None:
            # a number from before a reconnect means another message to the broker now
            if connection == self._connection:
                client.ack(mid, qos)

        topic = topic_of(message)
        if topic.endswith("/status"):
            self._status(topic, bytes(message.payload))
            acknowledge()
        elif self._deliveries is not None:
            self._deliver(
                self._deliveries, Pending(Delivery.of(topic, bytes(message.payload)), acknowledge)
            )

    def _deliver(self, deliveries: "queue.Queue[Pending]", pending: Pending) -> None:
        """Wait for room; what has none at the stop is not acknowledged, and comes again."""
        while True:
            try:
                deliveries.put(pending, timeout=_WAIT_S)
            except queue.Full:
                if self._stopping.is_set():
                    return
            else:
                return

    def _status(self, topic: str, payload: bytes) -> None:
        try:
            status = json.loads(payload[:4096])
        except (ValueError, RecursionError):  # anyone can publish any bytes
            return
        if isinstance(status, dict):
            self._on_status(topic.split("/")[2], status)
