"""Whether each later key of a gateway came by its own word (§4.4)."""

from dataclasses import dataclass
from typing import Any

from auditor import cose, p256, shape
from auditor.chains import Finding
from auditor.frames import BILLING, KEY_EVENT, STREAMS, Frame
from auditor.keys import COSE_KEY, PublicKey
from auditor.refusal import Refusal
from auditor.register import Bound, Register, Registration

ENROLMENT = shape.mapping({0: shape.integer(1, 1), 1: COSE_KEY, 2: shape.text})


@dataclass(frozen=True)
class Change:
    """Of a gateway's key: what a `key` event says and proves."""

    gateway: bytes
    old: bytes
    key: PublicKey
    first: Bound

    def made(self, known: Registration, register: Register) -> bool:
        """Whether an entry of the register is the new key, where the old one ends."""
        return (known.gateway, known.key, known.first) == (
            self.gateway,
            self.key,
            self.first,
        ) and any(
            other.gateway == self.gateway
            and other.key.key_id == self.old
            and other.until == self.first
            for other in register.registrations
        )


def read_enrolment(encoded: bytes) -> PublicKey:
    """The key that an enrolment proves possession of; raises Refusal."""
    message = cose.read_bare(encoded, "enrolment", ENROLMENT)
    key = PublicKey.from_cose(message.body[1])
    if not p256.is_on_curve(key.point):
        raise Refusal("bad_signature", "the enrolled key is not a point of P-256")
    cose.check_signature(message, key)
    return key


def _change(frame: Frame, event: dict[int, Any]) -> Change | None:
    """None when the event does not prove possession, or names other frames than the next."""
    epoch, billing, telemetry = event[1]
    try:
        key = read_enrolment(event[0])
    except Refusal:
        return None
    if (epoch, billing) != (frame.epoch, frame.seq + 1):
        return None
    first = Bound(epoch, dict(zip(STREAMS.values(), (billing, telemetry), strict=True)))
    return Change(frame.gateway, frame.message.key_id, key, first)


class KeyEvents:
    def __init__(self, register: Register) -> None:
        self.register = register
        self.changes: list[tuple[Frame, Change | None]] = []

    def add(self, frame: Frame) -> None:
        """Takes a frame whose signature holds."""
        self.changes.extend((frame, _change(frame, event)) for event in frame.events(KEY_EVENT))

    def findings(self) -> list[Finding]:
        entries = self.register.registrations
        said = [change for _, change in self.changes if change is not None]
        untold = {
            (known.gateway, known.first.epoch, known.first.seq[STREAMS[BILLING]], "no_key_event")
            for known in entries
            if known.key.key_id != known.gateway
            and not any(change.made(known, self.register) for change in said)
        }
        not_taken = {
            (frame.gateway, frame.epoch, frame.seq, "key_not_taken")
            for frame, change in self.changes
            if change is None or not any(change.made(known, self.register) for known in entries)
        }
        return sorted(
            Finding(gateway, BILLING, epoch, seq, seq, code)
            for gateway, epoch, seq, code in untold | not_taken
        )
