"""What frames show together: gaps, broken links, forks, silent epochs, frames after the last

(docs/wire-format.md §4).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from collector.evidence.frame import ZERO_HASH, Event, EventCode, Frame, Stream

Range = tuple[int, int]
"""First and last seq, both in."""


class Fault(StrEnum):
    GAP = "gap"
    BROKEN_LINK = "broken_link"
    FORK = "fork"
    NO_EPOCH_EVENT = "no_epoch_event"
    NO_KEY_EVENT = "no_key_event"
    KEY_NOT_TAKEN = "key_not_taken"
    AFTER_RETIREMENT = "after_retirement"


@dataclass(frozen=True, slots=True)
class Link:
    """What the chain needs of a frame."""

    hash: bytes
    prev: bytes
    has_epoch_event: bool

    @classmethod
    def of(cls, frame: Frame, digest: bytes) -> "Link":
        return cls(digest, frame.prev, bool(events(frame, EventCode.EPOCH)))


def events(frame: Frame, code: EventCode) -> list[Event]:
    if frame.stream is Stream.TELEMETRY:
        return []  # it holds samples and nothing else
    return [entry for entry in frame.records if isinstance(entry, Event) and entry.code is code]


def dropped_ranges(frame: Frame) -> list[tuple[int, Range]]:
    """Epoch and range of the telemetry that a billing frame says was thinned."""
    named = [event.detail for event in events(frame, EventCode.DROPPED)]
    return [(entry[1], (entry[2], entry[3])) for entry in named if entry[2] <= entry[3]]


def ends_named(frame: Frame) -> dict[tuple[Stream, int], tuple[int, bytes]]:
    """By stream and epoch the seq and hash of the last frame that, says an epoch's first frame, the
    gateway has of epochs before.
    """
    named = [end for event in events(frame, EventCode.EPOCH) for end in event.detail.get(3, [])]
    return {(Stream(stream), epoch): (seq, digest) for stream, epoch, seq, digest in named}


def faults_of(
    stream: Stream, epoch: int, seq: int, here: Sequence[Link], before: Collection[bytes]
) -> set[Fault]:
    """What is wrong with the frames of one name.

    `before`: the hashes of the frames one seq lower; when there are none the links are not judged.
    """
    faults = set()
    if len(here) > 1:
        faults.add(Fault.FORK)
    allowed = {ZERO_HASH} if seq == 1 else before
    if allowed and any(link.prev not in allowed for link in here):
        faults.add(Fault.BROKEN_LINK)
    opens = stream is Stream.BILLING and epoch > 1 and seq == 1 and here
    if opens and not any(link.has_epoch_event for link in here):
        faults.add(Fault.NO_EPOCH_EVENT)
    return faults


Place = tuple[int, int]
"""Epoch and seq of a billing frame."""


def is_after(last: Place | None, stream: Stream, epoch: int, seq: int) -> bool:
    """Whether a frame follows the one that retired its gateway. Of telemetry the epoch says it."""
    if last is None:
        return False
    return (epoch, seq) > last if stream is Stream.BILLING else epoch > last[0]


def without(whole: Range, parts: Sequence[Range]) -> list[Range]:
    """What is left of a range when the parts are taken out of it."""
    first, last = whole
    left = []
    for part_first, part_last in sorted(parts):
        if part_first > last:
            break
        if first < part_first:
            left.append((first, part_first - 1))
        first = max(first, part_last + 1)
    if first <= last:
        left.append((first, last))
    return left


def joined(parts: Iterable[Range]) -> list[Range]:
    """The same seqs in the fewest ranges, in order."""
    whole: list[Range] = []
    for first, last in sorted(parts):
        if whole and first <= whole[-1][1] + 1:
            whole[-1] = whole[-1][0], max(whole[-1][1], last)
        else:
            whole.append((first, last))
    return whole


ChainName = tuple[bytes, int, Stream]
"""Gateway, epoch, stream."""


@dataclass(frozen=True, order=True)
class Finding:
    gateway: bytes
    stream: Stream
    epoch: int
    first: int
    last: int
    fault: Fault


@dataclass
class Chains:
    """A set of frames, in whatever order they came; the same frame twice is one frame."""

    links: dict[ChainName, dict[int, dict[bytes, Link]]] = field(default_factory=dict)
    dropped: dict[ChainName, list[Range]] = field(default_factory=dict)
    retired: dict[bytes, Place] = field(default_factory=dict)

    def add(self, frame: Frame, digest: bytes) -> None:
        chain = self.links.setdefault((frame.gateway, frame.epoch, frame.stream), {})
        chain.setdefault(frame.seq, {})[digest] = Link.of(frame, digest)
        for epoch, gap in dropped_ranges(frame):
            self.dropped.setdefault((frame.gateway, epoch, Stream.TELEMETRY), []).append(gap)
        if events(frame, EventCode.RETIRED):
            here = frame.epoch, frame.seq
            self.retired[frame.gateway] = min(self.retired.get(frame.gateway, here), here)

    def gaps(self, name: ChainName) -> list[Range]:
        """The missing ranges between 1 and the highest seq that no `dropped` event names."""
        missing, expected = [], 1
        for seq in sorted(self.links[name]):
            if seq > expected:
                missing += without((expected, seq - 1), self.dropped.get(name, []))
            expected = seq + 1
        return missing

    def findings(self) -> list[Finding]:
        return sorted(finding for name in self.links for finding in self._findings(name))

    def _findings(self, name: ChainName) -> Iterator[Finding]:
        gateway, epoch, stream = name
        chain = self.links[name]
        for first, last in self.gaps(name):
            yield Finding(gateway, stream, epoch, first, last, Fault.GAP)
        for seq, here in chain.items():
            faults = faults_of(stream, epoch, seq, list(here.values()), chain.get(seq - 1, {}))
            if is_after(self.retired.get(gateway), stream, epoch, seq):
                faults.add(Fault.AFTER_RETIREMENT)
            for fault in faults:
                yield Finding(gateway, stream, epoch, seq, seq, fault)
