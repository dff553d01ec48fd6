"""A collector in small: keeps the frames of one gateway, checks the chains, sends receipts."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from plant.authority import Authority, Body, opened

BILLING, TELEMETRY = 0, 1
PATIENCE_S = 120  # a busy computer signs slowly

Frame = dict[int, Any]
Key = tuple[int, int, int]  # stream, epoch, seq


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class Site:
    """A gateway as its operator knows it."""

    authority: Authority
    gateway: bytes
    cose_key: dict[int, Any]
    zone: str = "east"
    counter: int = 0
    later_keys: dict[bytes, dict[int, Any]] = field(default_factory=dict)  # by key-id

    def key_of(self, frame: bytes) -> dict[int, Any]:
        """The key that a frame names, where it is not the gateway's first."""
        return self.later_keys.get(cbor2.loads(cbor2.loads(frame).value[0])[4], self.cose_key)

    def command(self, action: int, target: object = None, **fields: Any) -> bytes:
        """`fields`: stages, until_ms, ramp, counter, order, expires_ms."""
        to = self.gateway if target is None else target
        self.counter = fields.get("counter") or self.counter + 1
        body: Body = {
            0: 1,
            1: to,
            2: self.counter,
            3: now_ms(),
            4: fields.get("expires_ms", now_ms() + 60_000),
            5: fields.get("order", bytes(16)),
            6: action,
        }
        for key, name in ((7, "stages"), (8, "until_ms"), (9, "ramp")):
            if name in fields:
                body[key] = fields[name]
        return self.authority.issue("orders", "command", body)


class Collector:
    def __init__(self, site: Site, port: int) -> None:
        self.site = site
        self.frames: dict[Key, bytes] = {}
        self.bodies: dict[Key, Frame] = {}
        self.arrivals: list[Key] = []
        self.statuses: list[dict[str, Any]] = []
        self.receipt_every = 0  # frames; 0: only when told to
        self._changed = threading.Condition()
        self._number = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "collector")
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._subscribed = threading.Event()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        base = f"esep/v1/{self.site.gateway.hex()}"
        client.subscribe([(f"{base}/frame", 1), (f"{base}/status", 1)])

    def _on_subscribe(self, *_: Any) -> None:
        self._subscribed.set()

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        with self._changed:
            if message.topic.endswith("/status"):
                self.statuses.append(json.loads(message.payload))
            else:
                frame = bytes(message.payload)
                body = opened(frame, self.site.key_of(frame))
                key = (body[3], body[2], body[4])
                assert self.frames.setdefault(key, frame) == frame, "fork"
                self.bodies[key] = body
                self.arrivals.append(key)
                if self.receipt_every and len(self.arrivals) % self.receipt_every == 0:
                    self.receipt()
            self._changed.notify_all()

    def wait(self, condition: Callable[[], Any]) -> Any:
        """What the condition gives, as soon as it is true."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), self.describe()
            return condition()

    def describe(self) -> str:
        return "\n".join(str(record) for record in self.records(BILLING)[-12:])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain)

    def send(self, command: bytes, zone: str | None = None) -> None:
        name = f"zone/{zone}" if zone else self.site.gateway.hex()
        self.publish(f"esep/v1/{name}/command", command)

    def receipt(self, wanted: list[list[int]] | None = None) -> None:
        """Acknowledge all that is here, and ask for what is missing, or for `wanted` of billing."""
        self._number += 1
        with self._changed:
            streams = [self._state(stream) for stream in (BILLING, TELEMETRY)]
        if wanted:
            streams[BILLING][3] = wanted
        body = {0: 1, 1: self.site.gateway, 2: self._number, 3: now_ms(), 4: streams}
        message = self.site.authority.issue("receipts", "receipt", body)
        self.publish(f"esep/v1/{self.site.gateway.hex()}/receipt", message)

    def _state(self, stream: int) -> list[Any]:
        """[epoch, upto, held, wanted, hash] of a stream receipt."""
        epoch = max((key[1] for key in self.frames if key[0] == stream), default=1)
        seqs = sorted(key[2] for key in self.frames if key[:2] == (stream, epoch))
        ranges: list[list[int]] = []
        for seq in seqs:
            if ranges and ranges[-1][1] == seq - 1:
                ranges[-1][1] = seq
            else:
                ranges.append([seq, seq])
        upto = ranges.pop(0)[1] if ranges and ranges[0][0] == 1 else 0
        ends = [upto] + [last for _, last in ranges]
        gaps = [[end + 1, first - 1] for end, (first, _) in zip(ends, ranges, strict=False)]
        held = [[*ends, self._hash(stream, epoch, ends[1])] for ends in ranges[:16]]
        return [epoch, upto, held, gaps[:16], self._hash(stream, epoch, upto)]

    def _hash(self, stream: int, epoch: int, seq: int) -> bytes:
        return sha256(self.frames[stream, epoch, seq]).digest() if seq else bytes(32)

    def gaps(self, *streams: int) -> list[Any]:
        """Ranges between the frames that are here."""
        with self._changed:
            return [gap for stream in streams for gap in self._state(stream)[3]]

    def records(self, stream: int) -> list[list[Any]]:
        """All records of a stream in the order of its chain."""
        keys = sorted(key for key in self.bodies if key[0] == stream)
        return [record for key in keys for record in self.bodies[key][8]]

    def events(self, code: int) -> list[dict[int, Any]]:
        return [r[3] for r in self.records(BILLING) if r[0] == 3 and r[2] == code]

    def results(self, order: bytes) -> list[tuple[int, str | None]]:
        """(result, reason) of the command events of an order."""
        return [(event[2], event.get(3)) for event in self.events(4) if event[0] == order]

    def check_chains(self) -> None:
        """Every frame is there, and names the one before it."""
        for stream in (BILLING, TELEMETRY):
            keys = sorted(key for key in self.frames if key[0] == stream)
            assert [key[2] for key in keys] == list(range(1, len(keys) + 1))
            previous = bytes(32)
            for key in keys:
                assert self.bodies[key][5] == previous
                previous = sha256(self.frames[key]).digest()
