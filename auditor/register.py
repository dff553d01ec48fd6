"""The operator's register of gateway keys: which key speaks for a gateway, in which frames."""

from dataclasses import dataclass
from typing import Any

from auditor import p256
from auditor.frames import STREAMS, Frame
from auditor.keys import PublicKey
from auditor.refusal import Refusal


@dataclass(frozen=True)
class Bound:
    """A frame of each stream, by epoch and seq."""

    epoch: int
    seq: dict[str, int]

    def is_reached_by(self, frame: Frame) -> bool:
        return (frame.epoch, frame.seq) >= (self.epoch, self.seq[STREAMS[frame.stream]])


@dataclass(frozen=True)
class Registration:
    """The key is valid from its first frame on, and before `until` if there is one."""

    gateway: bytes
    key: PublicKey
    first: Bound
    until: Bound | None

    def covers(self, frame: Frame) -> bool:
        ended = self.until is not None and self.until.is_reached_by(frame)
        return self.first.is_reached_by(frame) and not ended


class Register:
    def __init__(self, registrations: list[Registration]) -> None:
        self.registrations = registrations

    @classmethod
    def from_json(cls, entries: list[dict[str, Any]]) -> "Register":
        """From a `keys.json`; raises ValueError, KeyError or TypeError when it is not one."""
        registrations = [_registration(entry) for entry in entries]
        for registration in registrations:
            if not _has_namesake(registration.gateway, registrations):
                raise ValueError(f"no key of gateway {registration.gateway.hex()} gave it its name")
        return cls(registrations)

    def key_for(self, frame: Frame) -> PublicKey:
        """The key that must have signed the frame; raises Refusal."""
        of_gateway = [known for known in self.registrations if known.gateway == frame.gateway]
        if not of_gateway:
            raise Refusal("unknown_gateway", f"{frame.gateway.hex()} is not in the register")
        for known in of_gateway:
            if known.key.key_id == frame.message.key_id and known.covers(frame):
                return known.key
        key_id = frame.message.key_id.hex()
        raise Refusal("key_not_valid", f"key {key_id} is not valid for this frame")


def _has_namesake(gateway: bytes, registrations: list[Registration]) -> bool:
    return any(known.gateway == gateway == known.key.key_id for known in registrations)


def _registration(entry: dict[str, Any]) -> Registration:
    key = public_key(entry)
    if key.key_id.hex() != entry["kid"]:
        raise ValueError(f"key {entry['kid']} is really {key.key_id.hex()}")
    until = entry["until"]
    return Registration(
        gateway=bytes.fromhex(entry["gateway"]),
        key=key,
        first=_bound(entry["from"]),
        until=None if until is None else _bound(until),
    )


def _bound(entry: dict[str, int]) -> Bound:
    numbers = {name: entry[name] for name in ("epoch", *STREAMS.values())}
    if any(type(number) is not int for number in numbers.values()):
        raise ValueError(f"{entry} does not name frames by epoch and seq")
    return Bound(numbers.pop("epoch"), numbers)


def public_key(entry: dict[str, str]) -> PublicKey:
    """The key of hexadecimal `x` and `y`; raises ValueError when it is not on the curve."""
    key = PublicKey(bytes.fromhex(entry["x"]), bytes.fromhex(entry["y"]))
    if len(key.x) != 32 or len(key.y) != 32:
        raise ValueError("x and y of a key are 32 bytes each")
    if not p256.is_on_curve(key.point):
        raise ValueError(f"key {key.key_id.hex()} is not a point of P-256")
    return key
