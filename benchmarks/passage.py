"""Frames on their way: sent at once or at a pace, until ledger and receipts have them."""

import time

from benchmarks.collector_process import Ledger
from benchmarks.fleet import Fleet, Gateway
from benchmarks.senders import Crowd, publish

Made = tuple[Gateway, int, bytes]
"""Gateway, seq, message."""

_PATIENCE_S = 60
_POLL_S = 0.005


class Passage:
    """Frames on their way through one start of broker and collector."""

    def __init__(
        self, fleet: Fleet, crowd: Crowd, ledger: Ledger, covered: dict[bytes, int]
    ) -> None:
        self._crowd, self._ledger, self._covered = crowd, ledger, covered
        self._sender = dict(
            zip((gateway.id for gateway in fleet.gateways), crowd.senders, strict=True)
        )

    def push(self, made: list[Made]) -> tuple[float, float]:
        """Send all as fast as the broker takes it; s until it is in the ledger, and in receipts."""
        packets = [self._packet(each) for each in made]
        wanted = {gateway.id: seq for gateway, seq, _ in made}
        goal = self._ledger.head() + len(made)
        began = time.monotonic()
        for (gateway, _, _), packet in zip(made, packets, strict=True):
            self._sender[gateway.id].waiting.append(packet)
        in_ledger_s = None
        while any(self._covered.get(name, 0) < seq for name, seq in wanted.items()):
            self._crowd.serve()
            took_s = time.monotonic() - began
            if in_ledger_s is None and self._ledger.head() >= goal:
                in_ledger_s = took_s
            if took_s > _PATIENCE_S + len(made) / 500:
                raise TimeoutError(f"{self._ledger.head()} of {goal} frames are in the ledger")
        return in_ledger_s or took_s, took_s

    def pace(self, made: list[Made], frames_per_s: float) -> list[float]:
        """Send at fixed times; how long after its time each was in the ledger, s."""
        packets = [self._packet(each) for each in made]
        head = first = self._ledger.head()
        began = time.monotonic()
        due = {
            (gateway.id, seq): began + number / frames_per_s
            for number, (gateway, seq, _) in enumerate(made)
        }
        seen: list[tuple[int, float]] = []
        sent, polled = 0, 0.0
        while head < first + len(made):
            now = time.monotonic()
            while sent < len(made) and began + sent / frames_per_s <= now:
                self._sender[made[sent][0].id].waiting.append(packets[sent])
                sent += 1
            self._crowd.serve(0.001)
            if now - polled >= _POLL_S:
                polled = now
                if (newest := self._ledger.head()) > head:
                    head = newest
                    seen.append((head, time.monotonic()))
            if now - began > _PATIENCE_S + len(made) / frames_per_s:
                raise TimeoutError(f"{head - first} of {len(made)} frames are in the ledger")
        late_s, place = [], 0
        for position, gateway, seq in self._ledger.names(first):
            while seen[place][0] < position:
                place += 1
            late_s.append(seen[place][1] - due[gateway, seq])
        return late_s

    @staticmethod
    def _packet(made: Made) -> bytes:
        gateway, seq, message = made
        return publish(gateway.frame_topic, seq % 65535 + 1, message)
