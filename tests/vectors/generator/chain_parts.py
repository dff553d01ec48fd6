"""Chains of frames in the making, and what a vector says of a set of them."""

from dataclasses import dataclass, field
from hashlib import sha256

from generator.cbor import Item
from generator.keys import GATEWAY_A, Key
from generator.messages import NOW_MS, Vector
from generator.site import (
    BILLING,
    ZERO_HASH,
    frame,
    frame_body,
    interval,
    sample,
)


@dataclass
class Chain:
    """Makes the frames of one stream and epoch one after another."""

    stream: int
    epoch: int = 1
    gateway: Key = GATEWAY_A
    frames: list[bytes] = field(default_factory=list)

    def add(
        self, *records: Item, previous: bytes | None = None, signer: Key | None = None
    ) -> bytes:
        if previous is None:
            previous = sha256(self.frames[-1]).digest() if self.frames else ZERO_HASH
        seq = len(self.frames) + 1
        body = frame_body(
            self.stream,
            list(records) or [_record(self.stream, seq)],
            gateway=self.gateway,
            epoch=self.epoch,
            seq=seq,
            previous=previous,
        )
        self.frames.append(frame(body, signer or self.gateway).encode())
        return self.frames[-1]


def _record(stream: int, seq: int) -> Item:
    return interval() if stream == BILLING else sample(read_ms=NOW_MS + 1000 * seq)


def chain(stream: int, length: int, epoch: int = 1) -> Chain:
    made = Chain(stream, epoch)
    for _ in range(length):
        made.add()
    return made


def verdict(name: str, what: str, frames: list[bytes], *findings: Item, **context: Item) -> Vector:
    """A finding is [code, gateway, stream, epoch, first seq, last seq]."""
    return {
        "name": name,
        "what": what,
        "frames": [encoded.hex() for encoded in frames],
        "expect": "ok" if not findings else "findings",
        "findings": list(findings),
        **({"context": context} if context else {}),
    }


def finding(
    code: str,
    stream: int,
    first: int,
    last: int | None = None,
    epoch: int = 1,
    gateway: Key = GATEWAY_A,
) -> Item:
    return [code, gateway.key_id.hex(), stream, epoch, first, last or first]
