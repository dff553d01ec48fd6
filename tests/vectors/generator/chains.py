"""chains.json: validly signed frames in ledger order, and what they show together."""

from dataclasses import dataclass, field
from hashlib import sha256

from generator.cbor import Item
from generator.frames import enrolment_of
from generator.keys import GATEWAY_A, GATEWAY_A_SECOND, GATEWAY_B, STRANGER, Key
from generator.messages import NOW_MS, Vector, sign
from generator.site import (
    BILLING,
    TELEMETRY,
    ZERO_HASH,
    boot,
    event,
    frame,
    frame_body,
    interval,
    register,
    register_without_rotation,
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


def document() -> Vector:
    return {
        "kind": "chain",
        "what": "Frames in the order in which they were taken in, judged together.",
        "context": {"register": register_without_rotation()},
        "vectors": _whole() + _gaps() + _links() + _forks() + _epochs() + _keys() + _ends(),
    }


def _verdict(name: str, what: str, frames: list[bytes], *findings: Item, **context: Item) -> Vector:
    """A finding is [code, gateway, stream, epoch, first seq, last seq]."""
    return {
        "name": name,
        "what": what,
        "frames": [encoded.hex() for encoded in frames],
        "expect": "ok" if not findings else "findings",
        "findings": list(findings),
        **({"context": context} if context else {}),
    }


def _finding(
    code: str,
    stream: int,
    first: int,
    last: int | None = None,
    epoch: int = 1,
    gateway: Key = GATEWAY_A,
) -> Item:
    return [code, gateway.key_id.hex(), stream, epoch, first, last or first]


def _whole() -> list[Vector]:
    billing, telemetry = chain(BILLING, 4), chain(TELEMETRY, 4)
    b, t = billing.frames, telemetry.frames
    other = Chain(BILLING, gateway=GATEWAY_B)
    other.add(boot())
    other.add()
    return [
        _verdict("none", "No frames.", []),
        _verdict("one_frame", "One first frame.", b[:1]),
        _verdict("billing", "A whole billing chain.", b),
        _verdict(
            "both_streams",
            "Both streams of a gateway, mixed.",
            [b[0], t[0], t[1], b[1], t[2], b[2]],
        ),
        _verdict("out_of_order", "A whole chain, taken in out of order.", [b[2], b[0], b[3], b[1]]),
        _verdict(
            "sent_again", "A frame taken in twice is one frame.", [b[0], b[1], b[1], b[2], b[0]]
        ),
        _verdict(
            "two_gateways",
            "Chains of two gateways, mixed.",
            [b[0], other.frames[0], b[1], other.frames[1]],
        ),
    ]


def _gaps() -> list[Vector]:
    b, t = chain(BILLING, 6).frames, chain(TELEMETRY, 6).frames
    said = Chain(BILLING)
    said.add(boot())
    said.add(event(7, {0: TELEMETRY, 1: 1, 2: 2, 3: 3}))
    return [
        _verdict("gap", "Billing frame 3 is missing.", b[:2] + b[3:], _finding("gap", BILLING, 3)),
        _verdict(
            "gap_of_many",
            "Billing frames 2 to 5 are missing.",
            [b[0], b[5]],
            _finding("gap", BILLING, 2, 5),
        ),
        _verdict(
            "gap_at_the_start",
            "The first two billing frames are missing.",
            b[2:],
            _finding("gap", BILLING, 1, 2),
        ),
        _verdict(
            "two_gaps",
            "Billing frames 2 and 5 are missing.",
            [b[0], b[2], b[3], b[5]],
            _finding("gap", BILLING, 2),
            _finding("gap", BILLING, 5),
        ),
        _verdict(
            "telemetry_gap",
            "Telemetry frames 2 and 3 are missing; no event names them.",
            [t[0], *t[3:]],
            _finding("gap", TELEMETRY, 2, 3),
        ),
        _verdict(
            "telemetry_thinned",
            "Telemetry frames 2 and 3 are missing and an event in billing names them.",
            [*said.frames, t[0], *t[3:]],
        ),
        _verdict(
            "telemetry_thinned_in_part",
            "Frames 2 to 4 are missing, an event names 2 and 3.",
            [*said.frames, t[0], *t[4:]],
            _finding("gap", TELEMETRY, 4),
        ),
        _verdict(
            "telemetry_named_but_there",
            "An event names frames 2 and 3, which were taken in before.",
            [*t, *said.frames],
        ),
    ]


def _links() -> list[Vector]:
    start, middle, zero, skip = (Chain(BILLING) for _ in range(4))
    start.add(previous=sha256(b"something").digest())
    for made, previous in ((middle, sha256(b"something").digest()), (zero, ZERO_HASH)):
        made.add(), made.add()
        made.add(previous=previous)
        made.add()
    first = skip.add()
    skip.add()
    skip.add(previous=sha256(first).digest())
    across = Chain(TELEMETRY)
    across.add(previous=sha256(chain(BILLING, 1).frames[0]).digest())
    return [
        _verdict(
            "link_at_the_start",
            "Seq 1 with a previous hash that is not zero.",
            start.frames,
            _finding("broken_link", BILLING, 1),
        ),
        _verdict(
            "link_broken",
            "The previous hash of frame 3 is of no frame; frame 4 follows rightly.",
            middle.frames,
            _finding("broken_link", BILLING, 3),
        ),
        _verdict(
            "link_zero",
            "The previous hash of frame 3 is zero.",
            zero.frames,
            _finding("broken_link", BILLING, 3),
        ),
        _verdict(
            "link_to_the_one_before",
            "Frame 3 names frame 1 as the one before it.",
            skip.frames,
            _finding("broken_link", BILLING, 3),
        ),
        _verdict(
            "link_across_streams",
            "The first telemetry frame names the first billing frame.",
            [chain(BILLING, 1).frames[0], *across.frames],
            _finding("broken_link", TELEMETRY, 1),
        ),
    ]


def _forks() -> list[Vector]:
    one, two = chain(BILLING, 3), chain(BILLING, 3)
    two.frames.pop()
    other = two.add(event(9, {0: "poll", 1: "another history"}))
    after_other = two.add()
    one_frames = one.frames
    single = Chain(BILLING)
    single.add(event(9, {0: "poll", 1: "another history"}))
    return [
        _verdict(
            "fork",
            "Frame 3 exists twice, with two bodies.",
            [*one_frames, other],
            _finding("fork", BILLING, 3),
        ),
        _verdict(
            "fork_goes_on",
            "Frame 3 exists twice; frame 4 follows the second.",
            [*one_frames, other, after_other],
            _finding("fork", BILLING, 3),
        ),
        _verdict(
            "fork_of_the_first",
            "Frame 1 exists twice; frame 2 follows one of them.",
            [one_frames[0], one_frames[1], single.frames[0]],
            _finding("fork", BILLING, 1),
        ),
        _verdict(
            "fork_and_gap",
            "Frame 2 is missing, frame 3 exists twice.",
            [one_frames[0], one_frames[2], other],
            _finding("gap", BILLING, 2),
            _finding("fork", BILLING, 3),
        ),
    ]


def _epochs() -> list[Vector]:
    old, old_telemetry = chain(BILLING, 3).frames, chain(TELEMETRY, 2).frames
    new = Chain(BILLING, epoch=2)
    new.add(boot(), event(8, {0: 1, 1: "journal lost"}))
    new.add()
    silent = chain(BILLING, 2, epoch=2).frames
    continued = Chain(BILLING, epoch=2)
    continued.add(event(8, {0: 1, 1: "journal lost"}), previous=sha256(old[-1]).digest())
    unknown = Chain(BILLING, epoch=9)
    unknown.add(event(8, {0: None, 1: "journal lost"}))
    return [
        _verdict(
            "new_epoch",
            "A second epoch begins at seq 1 with its event, in both streams.",
            [*old, *old_telemetry, *new.frames, *chain(TELEMETRY, 2, epoch=2).frames],
        ),
        _verdict(
            "new_epoch_before_unknown",
            "Epoch 9 follows epoch 1: the gateway knew none before it.",
            [*old, *unknown.frames],
        ),
        _verdict(
            "new_epoch_silent",
            "A second epoch without its event.",
            [*old, *silent],
            _finding("no_epoch_event", BILLING, 1, epoch=2),
        ),
        _verdict(
            "new_epoch_continued",
            "A second epoch whose first frame names the last of the first.",
            [*old, *continued.frames],
            _finding("broken_link", BILLING, 1, epoch=2),
        ),
        _verdict(
            "gap_in_an_old_epoch",
            "Frame 2 of the first epoch is missing; the second is whole.",
            [old[0], old[2], *new.frames],
            _finding("gap", BILLING, 2),
        ),
        _verdict(
            "new_epoch_gap_at_the_start",
            "The first frame of the second epoch is missing.",
            [*old, new.frames[1]],
            _finding("gap", BILLING, 1, epoch=2),
        ),
    ]


def _rotated(enrolment: bytes, first: Item, *, follows: bool = True) -> list[bytes]:
    """Billing frames: 1, a `key` event in 2, and if it has a follower 3 by the second key."""
    made = Chain(BILLING)
    made.add()
    made.add(event(12, {0: enrolment, 1: first}))
    if follows:
        made.add(signer=GATEWAY_A_SECOND)
    return made.frames


def _keys() -> list[Vector]:
    proof = enrolment_of(GATEWAY_A_SECOND)
    stolen = sign(STRANGER, "enrolment", {0: 1, 1: GATEWAY_A_SECOND.cose_key, 2: "e"}).encode()
    told = _rotated(proof, [1, 3, 1])
    telemetry = Chain(TELEMETRY)
    telemetry.add(signer=GATEWAY_A_SECOND)
    untold = Chain(BILLING)
    untold.add(), untold.add()
    untold.add(signer=GATEWAY_A_SECOND)
    other = Chain(BILLING)
    other.add()
    other.add(event(12, {0: enrolment_of(STRANGER), 1: [1, 3, 1]}))
    by_hand = register({"epoch": 1, "billing": 3, "telemetry": 1})
    moved = register({"epoch": 1, "billing": 3, "telemetry": 2})
    ignored = _finding("key_not_taken", BILLING, 2)
    silent = _finding("no_key_event", BILLING, 3)
    return [
        _verdict(
            "new_key",
            "A key event, and frames of both streams by the new key.",
            [*told, *telemetry.frames],
            register=by_hand,
        ),
        _verdict(
            "new_key_not_used_yet",
            "A key event, and no frame by the new key.",
            told[:2],
            register=by_hand,
        ),
        _verdict(
            "new_key_untold",
            "The register has a second key that no event names.",
            untold.frames,
            silent,
            register=by_hand,
        ),
        _verdict(
            "new_key_event_missing",
            "The frame of the key event is missing.",
            [told[0], told[2]],
            _finding("gap", BILLING, 2),
            silent,
            register=by_hand,
        ),
        _verdict(
            "new_key_bounds_disagree",
            "The register has the key from another telemetry frame on than the event says.",
            told,
            ignored,
            silent,
            register=moved,
        ),
        _verdict(
            "new_key_not_proven",
            "The enrolment in the key event is signed by another key.",
            _rotated(stolen, [1, 3, 1]),
            ignored,
            silent,
            register=by_hand,
        ),
        _verdict(
            "new_key_not_from_the_next_frame",
            "A key event that names the frame after the next, as the register does.",
            _rotated(proof, [1, 4, 1], follows=False),
            ignored,
            _finding("no_key_event", BILLING, 4),
            register=register({"epoch": 1, "billing": 4, "telemetry": 1}),
        ),
        _verdict(
            "new_key_not_registered",
            "A key event by which the register got no key.",
            _rotated(proof, [1, 3, 1], follows=False),
            ignored,
        ),
        _verdict(
            "new_key_of_another_name",
            "The key event names another key than the register has.",
            other.frames,
            ignored,
            silent,
            register=by_hand,
        ),
        _verdict(
            "new_key_twice",
            "A fork of the frame with the key event names another key: the register has one.",
            [*told, other.frames[1]],
            _finding("fork", BILLING, 2),
            ignored,
            register=by_hand,
        ),
    ]


def _ends() -> list[Vector]:
    end = event(13, {0: "the site closes"})
    ended = Chain(BILLING)
    ended.add()
    ended.add(end)
    whole = list(ended.frames)
    ended.add()
    twice = Chain(BILLING)
    twice.add(end)
    twice.add(end)
    later = Chain(BILLING, epoch=2)
    later.add(event(8, {0: 1, 1: "counter lost"}))
    telemetry, later_telemetry = chain(TELEMETRY, 2).frames, chain(TELEMETRY, 1, epoch=2).frames
    after = [_finding("after_retirement", stream, 1, epoch=2) for stream in (BILLING, TELEMETRY)]
    return [
        _verdict("retired", "A gateway's last frame; telemetry comes later.", [*whole, *telemetry]),
        _verdict(
            "retired_and_not",
            "A billing frame after the last one, taken in before it.",
            [ended.frames[0], ended.frames[2], ended.frames[1]],
            _finding("after_retirement", BILLING, 3),
        ),
        _verdict(
            "retired_twice",
            "The second of two last frames is after the first.",
            twice.frames,
            _finding("after_retirement", BILLING, 2),
        ),
        _verdict(
            "retired_and_a_new_epoch",
            "Both streams of an epoch that began after the last frame.",
            [*whole, *later.frames, *later_telemetry],
            *after,
        ),
        _verdict(
            "retired_of_another_gateway",
            "The end of one gateway says nothing of another.",
            [*whole, Chain(BILLING, gateway=GATEWAY_B).add()],
        ),
    ]
