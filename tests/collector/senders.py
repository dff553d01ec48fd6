"""Gateways under load: what has no receipt is sent again, as a journal would."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from collector_world import BILLING, DEMO, TELEMETRY, Chain, TestGateway, interval, sample
from evidence_world import zeros
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from collector.cli.service import now_ms
from collector.evidence.cose import ContentType, parse
from collector.evidence.frame import Stream

_RESEND_S = 3.0
_TELEMETRY_A_BILLING = 5
_INTERVAL_MS = DEMO.interval_s * 1000
_RAW, _REGISTERS = zeros(interval_only=False), zeros(interval_only=True)


@dataclass
class Sender:
    """A gateway's way up: what has no receipt is sent again, as its journal would."""

    gateway: TestGateway
    port: int
    on_receipt: Callable[[bytes, Stream, int], None]
    chains: dict[Stream, Chain] = field(default_factory=dict)
    sent: dict[tuple[int, int], bytes] = field(default_factory=dict)
    _open: dict[tuple[int, int], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.chains = {stream: self.gateway.chain(stream) for stream in (BILLING, TELEMETRY)}
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(0)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topic("receipt"), 1)
        self._client.on_message = self._receipt
        self._client.connect("127.0.0.1", self.port)
        self._client.loop_start()

    def _topic(self, what: str) -> str:
        return f"esep/v1/{self.gateway.id.hex()}/{what}"

    def step(self) -> None:
        """A frame of telemetry, and now and then one of billing."""
        at_ms = now_ms()
        self.send(TELEMETRY, self.chains[TELEMETRY].next(sample(0, at_ms, _RAW), at_ms=at_ms))
        if self.chains[TELEMETRY].seq % _TELEMETRY_A_BILLING != 1:
            return
        boundary_ms = at_ms - at_ms % _INTERVAL_MS
        snapshot = interval(0, boundary_ms, _REGISTERS, offset_ms=at_ms - boundary_ms)
        self.send(BILLING, self.chains[BILLING].next(snapshot, at_ms=at_ms))

    def send(self, stream: Stream, message: bytes) -> None:
        name = int(stream), self.chains[stream].seq
        with self._lock:
            self.sent[name] = message
            self._open[name] = time.monotonic()
        self._client.publish(self._topic("frame"), message, qos=1)

    def resend(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = [name for name, since in self._open.items() if now - since > _RESEND_S]
            self._open |= dict.fromkeys(late, now)
        for name in late:
            self._client.publish(self._topic("frame"), self.sent[name], qos=1)

    @property
    def uncovered(self) -> int:
        with self._lock:
            return len(self._open)

    @property
    def is_covered(self) -> bool:
        """Whether there is a receipt for everything."""
        return self.uncovered == 0

    def _receipt(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        body = parse(bytes(message.payload), ContentType.RECEIPT).payload
        for stream, (_, upto, *_) in zip(Stream, body[4], strict=True):
            self.on_receipt(self.gateway.id, stream, upto)
            with self._lock:
                for name in [each for each in self._open if each <= (int(stream), upto)]:
                    if name[0] == int(stream):
                        del self._open[name]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
