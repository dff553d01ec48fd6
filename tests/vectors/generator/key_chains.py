"""Of chains.json: gateways that change their keys, and that end."""

from generator.cbor import Item
from generator.chain_parts import Chain, chain, finding, verdict
from generator.frames import enrolment_of
from generator.keys import GATEWAY_A_SECOND, GATEWAY_B, STRANGER
from generator.messages import Vector, sign
from generator.site import (
    BILLING,
    TELEMETRY,
    event,
    register,
)


def _rotated(enrolment: bytes, first: Item, *, follows: bool = True) -> list[bytes]:
    """Billing frames: 1, a `key` event in 2, and if it has a follower 3 by the second key."""
    made = Chain(BILLING)
    made.add()
    made.add(event(12, {0: enrolment, 1: first}))
    if follows:
        made.add(signer=GATEWAY_A_SECOND)
    return made.frames


def changes() -> list[Vector]:
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
    ignored = finding("key_not_taken", BILLING, 2)
    silent = finding("no_key_event", BILLING, 3)
    return [
        verdict(
            "new_key",
            "A key event, and frames of both streams by the new key.",
            [*told, *telemetry.frames],
            register=by_hand,
        ),
        verdict(
            "new_key_not_used_yet",
            "A key event, and no frame by the new key.",
            told[:2],
            register=by_hand,
        ),
        verdict(
            "new_key_untold",
            "The register has a second key that no event names.",
            untold.frames,
            silent,
            register=by_hand,
        ),
        verdict(
            "new_key_event_missing",
            "The frame of the key event is missing.",
            [told[0], told[2]],
            finding("gap", BILLING, 2),
            silent,
            register=by_hand,
        ),
        verdict(
            "new_key_bounds_disagree",
            "The register has the key from another telemetry frame on than the event says.",
            told,
            ignored,
            silent,
            register=moved,
        ),
        verdict(
            "new_key_not_proven",
            "The enrolment in the key event is signed by another key.",
            _rotated(stolen, [1, 3, 1]),
            ignored,
            silent,
            register=by_hand,
        ),
        verdict(
            "new_key_not_from_the_next_frame",
            "A key event that names the frame after the next, as the register does.",
            _rotated(proof, [1, 4, 1], follows=False),
            ignored,
            finding("no_key_event", BILLING, 4),
            register=register({"epoch": 1, "billing": 4, "telemetry": 1}),
        ),
        verdict(
            "new_key_not_registered",
            "A key event by which the register got no key.",
            _rotated(proof, [1, 3, 1], follows=False),
            ignored,
        ),
        verdict(
            "new_key_of_another_name",
            "The key event names another key than the register has.",
            other.frames,
            ignored,
            silent,
            register=by_hand,
        ),
        verdict(
            "new_key_twice",
            "A fork of the frame with the key event names another key: the register has one.",
            [*told, other.frames[1]],
            finding("fork", BILLING, 2),
            ignored,
            register=by_hand,
        ),
    ]


def ends() -> list[Vector]:
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
    after = [finding("after_retirement", stream, 1, epoch=2) for stream in (BILLING, TELEMETRY)]
    return [
        verdict("retired", "A gateway's last frame; telemetry comes later.", [*whole, *telemetry]),
        verdict(
            "retired_and_not",
            "A billing frame after the last one, taken in before it.",
            [ended.frames[0], ended.frames[2], ended.frames[1]],
            finding("after_retirement", BILLING, 3),
        ),
        verdict(
            "retired_twice",
            "The second of two last frames is after the first.",
            twice.frames,
            finding("after_retirement", BILLING, 2),
        ),
        verdict(
            "retired_and_a_new_epoch",
            "Both streams of an epoch that began after the last frame.",
            [*whole, *later.frames, *later_telemetry],
            *after,
        ),
        verdict(
            "retired_of_another_gateway",
            "The end of one gateway says nothing of another.",
            [*whole, Chain(BILLING, gateway=GATEWAY_B).add()],
        ),
    ]
