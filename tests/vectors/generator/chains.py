"""chains.json: validly signed frames in ledger order, and what they show together."""

from hashlib import sha256

from generator import key_chains
from generator.chain_parts import Chain, chain, finding, verdict
from generator.keys import GATEWAY_B
from generator.messages import Vector
from generator.site import (
    BILLING,
    TELEMETRY,
    ZERO_HASH,
    boot,
    event,
    register_without_rotation,
)


def document() -> Vector:
    return {
        "kind": "chain",
        "what": "Frames in the order in which they were taken in, judged together.",
        "context": {"register": register_without_rotation()},
        "vectors": _whole()
        + _gaps()
        + _links()
        + _forks()
        + _epochs()
        + key_chains.changes()
        + key_chains.ends(),
    }


def _whole() -> list[Vector]:
    billing, telemetry = chain(BILLING, 4), chain(TELEMETRY, 4)
    b, t = billing.frames, telemetry.frames
    other = Chain(BILLING, gateway=GATEWAY_B)
    other.add(boot())
    other.add()
    return [
        verdict("none", "No frames.", []),
        verdict("one_frame", "One first frame.", b[:1]),
        verdict("billing", "A whole billing chain.", b),
        verdict(
            "both_streams",
            "Both streams of a gateway, mixed.",
            [b[0], t[0], t[1], b[1], t[2], b[2]],
        ),
        verdict("out_of_order", "A whole chain, taken in out of order.", [b[2], b[0], b[3], b[1]]),
        verdict(
            "sent_again", "A frame taken in twice is one frame.", [b[0], b[1], b[1], b[2], b[0]]
        ),
        verdict(
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
        verdict("gap", "Billing frame 3 is missing.", b[:2] + b[3:], finding("gap", BILLING, 3)),
        verdict(
            "gap_of_many",
            "Billing frames 2 to 5 are missing.",
            [b[0], b[5]],
            finding("gap", BILLING, 2, 5),
        ),
        verdict(
            "gap_at_the_start",
            "The first two billing frames are missing.",
            b[2:],
            finding("gap", BILLING, 1, 2),
        ),
        verdict(
            "two_gaps",
            "Billing frames 2 and 5 are missing.",
            [b[0], b[2], b[3], b[5]],
            finding("gap", BILLING, 2),
            finding("gap", BILLING, 5),
        ),
        verdict(
            "telemetry_gap",
            "Telemetry frames 2 and 3 are missing; no event names them.",
            [t[0], *t[3:]],
            finding("gap", TELEMETRY, 2, 3),
        ),
        verdict(
            "telemetry_thinned",
            "Telemetry frames 2 and 3 are missing and an event in billing names them.",
            [*said.frames, t[0], *t[3:]],
        ),
        verdict(
            "telemetry_thinned_in_part",
            "Frames 2 to 4 are missing, an event names 2 and 3.",
            [*said.frames, t[0], *t[4:]],
            finding("gap", TELEMETRY, 4),
        ),
        verdict(
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
        verdict(
            "link_at_the_start",
            "Seq 1 with a previous hash that is not zero.",
            start.frames,
            finding("broken_link", BILLING, 1),
        ),
        verdict(
            "link_broken",
            "The previous hash of frame 3 is of no frame; frame 4 follows rightly.",
            middle.frames,
            finding("broken_link", BILLING, 3),
        ),
        verdict(
            "link_zero",
            "The previous hash of frame 3 is zero.",
            zero.frames,
            finding("broken_link", BILLING, 3),
        ),
        verdict(
            "link_to_the_one_before",
            "Frame 3 names frame 1 as the one before it.",
            skip.frames,
            finding("broken_link", BILLING, 3),
        ),
        verdict(
            "link_across_streams",
            "The first telemetry frame names the first billing frame.",
            [chain(BILLING, 1).frames[0], *across.frames],
            finding("broken_link", TELEMETRY, 1),
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
        verdict(
            "fork",
            "Frame 3 exists twice, with two bodies.",
            [*one_frames, other],
            finding("fork", BILLING, 3),
        ),
        verdict(
            "fork_goes_on",
            "Frame 3 exists twice; frame 4 follows the second.",
            [*one_frames, other, after_other],
            finding("fork", BILLING, 3),
        ),
        verdict(
            "fork_of_the_first",
            "Frame 1 exists twice; frame 2 follows one of them.",
            [one_frames[0], one_frames[1], single.frames[0]],
            finding("fork", BILLING, 1),
        ),
        verdict(
            "fork_and_gap",
            "Frame 2 is missing, frame 3 exists twice.",
            [one_frames[0], one_frames[2], other],
            finding("gap", BILLING, 2),
            finding("fork", BILLING, 3),
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
        verdict(
            "new_epoch",
            "A second epoch begins at seq 1 with its event, in both streams.",
            [*old, *old_telemetry, *new.frames, *chain(TELEMETRY, 2, epoch=2).frames],
        ),
        verdict(
            "new_epoch_before_unknown",
            "Epoch 9 follows epoch 1: the gateway knew none before it.",
            [*old, *unknown.frames],
        ),
        verdict(
            "new_epoch_silent",
            "A second epoch without its event.",
            [*old, *silent],
            finding("no_epoch_event", BILLING, 1, epoch=2),
        ),
        verdict(
            "new_epoch_continued",
            "A second epoch whose first frame names the last of the first.",
            [*old, *continued.frames],
            finding("broken_link", BILLING, 1, epoch=2),
        ),
        verdict(
            "gap_in_an_old_epoch",
            "Frame 2 of the first epoch is missing; the second is whole.",
            [old[0], old[2], *new.frames],
            finding("gap", BILLING, 2),
        ),
        verdict(
            "new_epoch_gap_at_the_start",
            "The first frame of the second epoch is missing.",
            [*old, new.frames[1]],
            finding("gap", BILLING, 1, epoch=2),
        ),
    ]
