"""MQTT clients that tests hold in their hands."""

import queue
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client as Paho
from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

PATIENCE_S = 30
_KEPT = 8192  # of a message

Message = tuple[str, bytes]


class Client:
    """Connected with a certificate; comes back when the broker does."""

    def __init__(self, port: int, tls: ssl.SSLContext, topics: tuple[str, ...] = ()) -> None:
        self.messages: list[Message] = []
        self.on_message: Callable[[Message], None] | None = None
        self._changed = threading.Condition()
        self._answers: queue.Queue[int] = queue.Queue()
        self._ready = threading.Event()
        self._topics = topics
        self._client = Paho(CallbackAPIVersion.VERSION2)
        self._client.tls_set_context(tls)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_disconnect = lambda *_: self._ready.clear()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._received
        self._client.on_publish = lambda _c, _d, mid, _r, _p: self._answers.put(mid)
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()
        self.await_ready()

    def await_ready(self) -> None:
        assert self._ready.wait(PATIENCE_S), "the broker does not answer"

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish and wait until the broker has it."""
        mid = self._client.publish(topic, payload, qos=1).mid
        while self._answers.get(timeout=PATIENCE_S) != mid:
            pass

    def await_message(
        self, wanted: Callable[[str, bytes], Any], after: int = 0, patience_s: float = PATIENCE_S
    ) -> Any:
        """The first thing, not None or False, that `wanted` makes of a message since `after`."""
        until = time.monotonic() + patience_s
        seen = after
        with self._changed:
            while True:
                for topic, payload in self.messages[seen:]:
                    if found := wanted(topic, payload):
                        return found
                seen = len(self.messages)
                left_s = until - time.monotonic()
                assert left_s > 0, f"no such message came in {patience_s} s, of {seen} in all"
                self._changed.wait(left_s)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(
        self,
        client: Paho,
        _data: Any,
        _flags: ConnectFlags,
        _reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._ready.set()

    def _received(self, _client: Paho, _data: Any, message: MQTTMessage) -> None:
        received = message.topic, bytes(message.payload[:_KEPT])
        if self.on_message is not None:
            self.on_message(received)
        with self._changed:
            self.messages.append(received)
            self._changed.notify_all()


def tls_context(ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca))
    context.load_cert_chain(certificate, key)
    return context
