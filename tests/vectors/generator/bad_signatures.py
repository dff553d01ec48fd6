"""Frames of a right shape, signed by a key that is unknown here, or not rightly signed."""

from collections.abc import Iterable
from dataclasses import replace

from generator.cbor import encode
from generator.keys import CURVE_ORDER, GATEWAY_A, GATEWAY_A_SECOND, GATEWAY_B, STRANGER
from generator.messages import Body, Message, Vector, bad, sign
from generator.site import frame, plain_body


def keys_not_valid() -> Iterable[Vector]:
    """Validly signed, by a key that the register does not hold for this frame."""
    plain = plain_body()
    after_rotation: Body = {2: 3}
    last_before_rotation: Body = {2: 2, 4: 2}
    first_after_rotation: Body = {2: 2, 4: 3}

    def not_valid(name: str, what: str, message: Message) -> Vector:
        return bad(name, what, message, "key_not_valid")

    yield bad(
        "gateway_unknown",
        "A gateway that is in no register, by its own key.",
        frame({**plain, 1: STRANGER.key_id}, STRANGER),
        "unknown_gateway",
    )
    yield not_valid("key_of_nobody", "A key that is in no register.", frame(plain, STRANGER))
    yield not_valid("key_of_another_gateway", "Another gateway's key.", frame(plain, GATEWAY_B))
    yield not_valid(
        "key_ended",
        "The gateway's first key, in an epoch after its rotation.",
        frame({**plain, **after_rotation}),
    )
    yield not_valid(
        "key_not_yet",
        "The gateway's second key, in an epoch before its rotation.",
        frame(plain, GATEWAY_A_SECOND),
    )
    yield not_valid(
        "key_just_ended",
        "The gateway's first key, in the first frame of the second.",
        frame({**plain, **first_after_rotation}),
    )
    yield not_valid(
        "key_almost",
        "The gateway's second key, one frame too early.",
        frame({**plain, **last_before_rotation}, GATEWAY_A_SECOND),
    )


def bad_signatures() -> Iterable[Vector]:
    """Wrong signatures over a good frame of gateway A."""
    good = frame(plain_body())
    r, s = good.signature[:32], good.signature[32:]
    order = CURVE_ORDER.to_bytes(32, "big")
    high_s = (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    by_stranger = frame(plain_body(), STRANGER)

    def signature(name: str, what: str, value: bytes, reason: str = "bad_signature") -> Vector:
        return bad(name, what, replace(good, signature=value), reason)

    def flipped(data: bytes, index: int) -> bytes:
        return data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]

    yield signature(
        "high_s",
        "The other s of the same signature: valid ECDSA, refused here.",
        r + high_s,
        "high_s",
    )
    yield signature("r_0", "r is 0.", bytes(32) + s)
    yield signature("s_0", "s is 0.", r + bytes(32))
    yield signature("r_order", "r is the order of the curve.", order + s)
    yield signature("s_order", "s is the order of the curve.", r + order)
    yield signature("r_greatest", "r is 2^256 - 1.", b"\xff" * 32 + s)
    yield signature("s_greatest", "s is 2^256 - 1.", r + b"\xff" * 32)
    yield signature("r_1_s_1", "r and s are 1.", (bytes(31) + b"\x01") * 2)
    yield signature("r_flipped", "A bit of r is flipped.", flipped(r, 31) + s)
    yield signature("s_flipped", "A bit of s is flipped.", r + flipped(s, 31))
    yield bad(
        "payload_flipped",
        "A bit of a register in the payload is flipped.",
        replace(good, payload=flipped(good.payload, len(good.payload) - 1)),
        "bad_signature",
    )
    yield bad(
        "signed_by_another",
        "Signed by another key under this gateway's key-id.",
        replace(good, signature=by_stranger.signature),
        "bad_signature",
    )
    yield bad(
        "signed_as_bytes",
        "Signed over the payload alone, not over the Sig_structure.",
        replace(good, signature=GATEWAY_A.sign(good.payload)),
        "bad_signature",
    )
    yield bad(
        "signed_with_external_data",
        "Signed with external data.",
        replace(
            good,
            signature=GATEWAY_A.sign(encode(["Signature1", good.protected, b"esep", good.payload])),
        ),
        "bad_signature",
    )
    yield bad(
        "signed_under_another_header",
        "The signature of the same payload under another content type.",
        replace(good, signature=sign(GATEWAY_A, "enrolment", plain_body()).signature),
        "bad_signature",
    )
