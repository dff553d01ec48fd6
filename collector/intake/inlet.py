"""Frames from the broker for a process that does nothing but take them in."""

import select
import time
from typing import Any

import structlog
from paho.mqtt.client import Client, MQTTMessage

from collector.intake.admission import Delivery
from collector.intake.intake import LINGER_S, Pending
from collector.intake.transport import Broker, new_client, topic_of

log = structlog.get_logger()

FRAMES = "esep/v1/+/frame"
_KEEPALIVE_S = 60
_RETRY_S = 1.0
_HOUSEKEEPING_S = 1.0


class Inlet:
    """Reads and acknowledges by one thread, paho's loop included: with two that are busy each
    would wait for the other at every message. What is not read waits at the broker.
    """

    def __init__(self, broker: Broker, client_id: str) -> None:
        self._broker = broker
        self._client = new_client(broker, client_id)
        self._client.on_connect = self._connected
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._received
        self.is_subscribed = False
        self._connection = 0
        self._arrived: list[Pending] = []
        self._next_try = 0.0
        self._next_housekeeping = 0.0

    def gather(self, most: int, timeout_s: float) -> list[Pending]:
        """Deliveries that are there, at most so many; else those of the next `timeout_s`."""
        self._arrived = []
        until = time.monotonic() + timeout_s
        while len(self._arrived) < most and self._is_connected():
            before = len(self._arrived)
            self._client.loop_read()
            if len(self._arrived) > before:
                if before == 0 and timeout_s:
                    until = time.monotonic() + LINGER_S
                continue
            wait_s = until - time.monotonic()
            if wait_s <= 0 or not self._wait(wait_s):
                break
        return self._arrived

    def close(self) -> None:
        """What was delivered and not acknowledged comes again."""
        self._client.disconnect()

    def _is_connected(self) -> bool:
        """Connect when the time has come; what the connection needs from time to time is done."""
        now = time.monotonic()
        if self._client.socket() is None:
            if now < self._next_try:
                time.sleep(min(self._next_try - now, LINGER_S))
                return False
            self._next_try = now + _RETRY_S
            try:
                self._client.connect(self._broker.host, self._broker.port, _KEEPALIVE_S)
            except OSError as error:
                log.error("broker.unreachable", host=self._broker.host, reason=str(error))
                return False
        if now >= self._next_housekeeping:
            self._next_housekeeping = now + _HOUSEKEEPING_S
            self._client.loop_misc()
        if self._client.want_write():
            self._client.loop_write()
        return self._client.socket() is not None

    def _wait(self, timeout_s: float) -> bool:
        """For something to read; what TLS has read ahead does not show on the socket."""
        line: Any = self._client.socket()
        if line is None:
            return False
        if getattr(line, "pending", int)() > 0:
            return True
        writers = [line] if self._client.want_write() else []
        readable, _, _ = select.select([line], writers, [], timeout_s)
        return bool(readable)

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _p: Any) -> None:
        if reason.is_failure:
            log.error("broker.refused", reason=str(reason))
            return
        self._connection += 1
        client.subscribe([(FRAMES, 1)])
        log.info("broker.connected", host=self._broker.host, port=self._broker.port)

    def _subscribed(self, *_: Any) -> None:
        self.is_subscribed = True

    def _disconnected(self, _client: Client, _data: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.is_subscribed = False
        log.warning("broker.lost", reason=str(reason))

    def _received(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        mid, qos, connection = message.mid, message.qos, self._connection

        def acknowledge() -> None:
            # a number from before a reconnect means another message to the broker now
            if connection == self._connection and client.socket() is not None:
                client.ack(mid, qos)

        topic = topic_of(message)
        if topic.endswith("/frame"):
            self._arrived.append(Pending(Delivery.of(topic, bytes(message.payload)), acknowledge))
        else:
            acknowledge()  # by the session's subscription when one process did everything
