"""What a set of frames shows together: gaps, broken links, forks, silent epochs, frames after the

last (§4).
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.frames import (
    BILLING,
    DROPPED_EVENT,
    EPOCH_EVENT,
    RETIRED_EVENT,
    STREAMS,
    TELEMETRY,
    Frame,
)

NOTHING_BEFORE = bytes(32)

Range = tuple[int, int]


@dataclass(frozen=True, order=True)
class Finding:
    """Something wrong with the frames `first` to `last` of one chain."""

    gateway: bytes
    stream: int
    epoch: int
    first: int
    last: int
    code: str

    def __str__(self) -> str:
        frames = f"seq {self.first}" + (f" to {self.last}" if self.last != self.first else "")
        stream = STREAMS[self.stream]
        return f"gateway {self.gateway.hex()} epoch {self.epoch} {stream} {frames}: {self.code}"


@dataclass
class Chain:
    """The frames of one gateway, stream and epoch, whatever the order they came in."""

    links: dict[int, dict[bytes, bytes]] = field(default_factory=lambda: defaultdict(dict))
    """For each seq, the hash of each frame of that name, and the `prev` in it."""
    has_epoch_event: bool = False

    def add(self, frame: Frame) -> None:
        self.links[frame.seq][frame.message.hash] = frame.previous
        if frame.seq == 1 and frame.events(EPOCH_EVENT):
            self.has_epoch_event = True

    def missing(self) -> list[Range]:
        """The ranges of seq between 1 and the highest that have no frame."""
        ranges = []
        expected = 1
        for seq in sorted(self.links):
            if seq > expected:
                ranges.append((expected, seq - 1))
            expected = seq + 1
        return ranges

    def forks(self) -> list[int]:
        return [seq for seq, frames in self.links.items() if len(frames) > 1]

    def broken_links(self) -> list[int]:
        return [seq for seq in self.links if not self._is_linked(seq)]

    def _is_linked(self, seq: int) -> bool:
        """A frame whose predecessor is missing counts as linked: the gap is the finding."""
        if seq == 1:
            allowed = {NOTHING_BEFORE}
        elif seq - 1 in self.links:
            allowed = set(self.links[seq - 1])
        else:
            return True
        return set(self.links[seq].values()) <= allowed


ChainName = tuple[bytes, int, int]
"""Gateway, stream, epoch."""


class Chains:
    """All chains of an evidence folder."""

    def __init__(self) -> None:
        self.by_name: dict[ChainName, Chain] = defaultdict(Chain)
        self.dropped: dict[ChainName, list[Range]] = defaultdict(list)
        """The ranges that the gateway said it dropped, as it said them."""
        self.last: dict[bytes, tuple[int, int]] = {}
        """Epoch and seq of the billing frame by which the gateway retired."""

    def add(self, frame: Frame) -> None:
        """Takes a frame whose signature holds. The same frame twice is one frame."""
        self.by_name[frame.gateway, frame.stream, frame.epoch].add(frame)
        for event in frame.events(DROPPED_EVENT):
            self.dropped[frame.gateway, TELEMETRY, event[1]].append((event[2], event[3]))
        if frame.events(RETIRED_EVENT):
            name = (frame.epoch, frame.seq)
            self.last[frame.gateway] = min(name, self.last.get(frame.gateway, name))

    def findings(self) -> list[Finding]:
        return sorted(
            Finding(*name, first, last, code)
            for name, chain in self.by_name.items()
            for code, first, last in self._findings(name, chain)
        )

    def _findings(self, name: ChainName, chain: Chain) -> Iterator[tuple[str, int, int]]:
        _, stream, epoch = name
        for missing in chain.missing():
            for first, last in without(missing, self.dropped.get(name, [])):
                yield "gap", first, last
        for seq in chain.forks():
            yield "fork", seq, seq
        for seq in chain.broken_links():
            yield "broken_link", seq, seq
        if stream == BILLING and epoch > 1 and 1 in chain.links and not chain.has_epoch_event:
            yield "no_epoch_event", 1, 1
        for seq in chain.links:
            if self._is_after_last(name, seq):
                yield "after_retirement", seq, seq

    def _is_after_last(self, name: ChainName, seq: int) -> bool:
        """In billing by the frame's name; in telemetry only a later epoch shows it."""
        gateway, stream, epoch = name
        if gateway not in self.last:
            return False
        last_epoch, last_seq = self.last[gateway]
        return epoch > last_epoch or (stream == BILLING and epoch == last_epoch and seq > last_seq)


def without(whole: Range, parts: list[Range]) -> list[Range]:
    """What is left of a range when the parts are taken out of it."""
    first, last = whole
    left = []
    for part_first, part_last in sorted(part for part in parts if part[0] <= part[1]):
        if part_first > last:
            break
        if first < part_first:
            left.append((first, part_first - 1))
        first = max(first, part_last + 1)
    if first <= last:
        left.append((first, last))
    return left
