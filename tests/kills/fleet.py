"""Gateways that keep what they signed until a receipt covers it, as real ones do."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from collector_world import BILLING, TELEMETRY, Chain, TestGateway
from meter_world import energy, power
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from collector.evidence.cose import ContentType, parse
from collector.evidence.frame import Stream

_RESEND_S = 0.5
_RESENT = 200  # at once, the oldest: without a bound a slow machine drowns in repetitions
_STEP_MS = 1000
Name = tuple[bytes, int, int, int]
"""Gateway, epoch, stream, seq."""


class Fleet:
    """`held` says of a chain how many of its first frames are in the ledger now."""

    def __init__(
        self,
        port: int,
        gateways: Sequence[TestGateway],
        from_ms: int,
        held: Callable[[bytes, Stream, int], int],
    ) -> None:
        self._from_ms = from_ms // _STEP_MS * _STEP_MS
        self.made = 0
        self.receipts_ahead: list[str] = []
        self._held = held
        self._gateways = {gateway.id: gateway for gateway in gateways}
        self._chains = [each.chain(stream) for each in gateways for stream in (BILLING, TELEMETRY)]
        self._waiting: dict[Name, tuple[bytes, float]] = {}
        self._resent_at = 0.0
        self._lock = threading.Lock()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("esep/v1/+/receipt", 1)
        self._client.on_message = self._receipt
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def pending(self) -> int:
        return len(self._waiting)

    def work(self) -> None:
        """Each gateway makes a frame of each stream, and sends again what waits too long."""
        for chain in self._chains:
            name = chain.gateway.id, chain.epoch, int(chain.stream), chain.seq + 1
            frame = self._next(chain)
            self.made += 1
            self._send(name, frame)
        self.resend()

    def resend(self) -> None:
        late = time.monotonic() - _RESEND_S
        if self._resent_at > late:
            return
        self._resent_at = time.monotonic()
        with self._lock:
            again = [(name, frame) for name, (frame, sent) in self._waiting.items() if sent < late]
        for name, frame in again[:_RESENT]:
            self._send(name, frame)

    def _send(self, name: Name, frame: bytes) -> None:
        with self._lock:
            self._waiting[name] = frame, time.monotonic()
        self._client.publish(f"esep/v1/{name[0].hex()}/frame", frame, qos=1)

    def _receipt(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        gateway = bytes.fromhex(message.topic.split("/")[2])
        body = parse(bytes(message.payload), ContentType.RECEIPT).payload
        for stream, part in zip(Stream, body[4], strict=True):
            epoch, upto = part[:2]
            if (held := self._held(gateway, stream, upto)) < upto:
                self.receipts_ahead.append(f"{gateway.hex()} {stream.name}: {upto}, held {held}")
            with self._lock:
                for name in [
                    each
                    for each in self._waiting
                    if each[:3] == (gateway, epoch, int(stream)) and each[3] <= upto
                ]:
                    del self._waiting[name]

    def _next(self, chain: Chain) -> bytes:
        at_ms = self._from_ms + chain.seq * _STEP_MS
        record = energy(at_ms, 10 * chain.seq) if chain.stream is BILLING else power(at_ms, 5.0)
        return chain.next(record, at_ms=at_ms)
