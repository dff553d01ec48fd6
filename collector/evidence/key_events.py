"""How a gateway gets another key (docs/wire-format.md §4.4)."""

from collections.abc import Iterable, Iterator

from collector.evidence.chains import Fault, Finding, events
from collector.evidence.downlink import read_enrolment
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import Event, EventCode, Frame, Stream
from collector.evidence.keys import PublicKey
from collector.model.records import Bound, Gateway, GatewayKey

_Change = tuple[bytes, bytes, Bound]
"""Key-id of the old key, the new key's 64 bytes, and its first frames."""


def read_key_event(frame: Frame, event: Event) -> tuple[PublicKey, Bound]:
    """The new key, its possession proven, and its first frames; raises EvidenceError."""
    key, _ = read_enrolment(event.detail[0])
    epoch, billing, telemetry = event.detail[1]
    if (epoch, billing) != (frame.epoch, frame.seq + 1):
        raise EvidenceError(Reason.WRONG_SHAPE, "the new key does not begin with the next frame")
    return key, Bound(epoch=epoch, billing=billing, telemetry=telemetry)


class KeyEvents:
    """Whether each later key of a register came by a `key` event, and each event gave one."""

    def __init__(self, gateways: Iterable[Gateway]) -> None:
        self._gateways = list(gateways)
        self._changes: dict[bytes, set[_Change]] = {}
        self._events: list[tuple[Frame, _Change | None]] = []

    def add(self, frame: Frame, kid: bytes) -> None:
        """A frame that verified under the key of that key-id."""
        for event in events(frame, EventCode.KEY):
            try:
                key, first = read_key_event(frame, event)
            except EvidenceError:
                self._events.append((frame, None))
            else:
                change = (kid, key.raw, first)
                self._changes.setdefault(frame.gateway, set()).add(change)
                self._events.append((frame, change))

    def findings(self) -> list[Finding]:
        found, taken = set(), set()
        for gateway in self._gateways:
            name = bytes.fromhex(gateway.id)
            for first, ways in _later_keys(gateway):
                taken |= {(name, way) for way in ways}
                if not ways & self._changes.get(name, set()):
                    found.add(_finding(name, first.epoch, first.billing, Fault.NO_KEY_EVENT))
        for frame, change in self._events:
            if (frame.gateway, change) not in taken:
                found.add(_finding(frame.gateway, frame.epoch, frame.seq, Fault.KEY_NOT_TAKEN))
        return sorted(found)


def _later_keys(gateway: Gateway) -> Iterator[tuple[Bound, set[_Change]]]:
    """The first frames of each key but the first, and by which change it may have come."""
    kids = {key: _public(key).kid for key in gateway.keys}
    for key, kid in kids.items():
        if kid.hex() != gateway.id:
            before = {kids[other] for other in gateway.keys if other.end == key.start}
            yield key.start, {(old, _public(key).raw, key.start) for old in before}


def _public(key: GatewayKey) -> PublicKey:
    return PublicKey(key.point)


def _finding(gateway: bytes, epoch: int, seq: int, fault: Fault) -> Finding:
    return Finding(gateway, Stream.BILLING, epoch, seq, seq, fault)
