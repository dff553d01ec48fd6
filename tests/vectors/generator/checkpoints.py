"""checkpoints.json: checkpoints over the leaves of the context, and the Merkle tree itself."""

from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from generator.cbor import Item, encode
from generator.chain_parts import chain
from generator.keys import CHECKPOINTS, ORDERS, ROOT, STRANGER
from generator.messages import (
    DAY_MS,
    NOW_MS,
    Body,
    Message,
    Vector,
    bad,
    certificate,
    good,
    header,
    seal,
    sign,
)
from generator.site import BILLING, TELEMETRY


def tree_root(leaves: list[bytes]) -> bytes:
    """Merkle tree hash of RFC 6962 §2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\x01" + tree_root(leaves[:left]) + tree_root(leaves[left:])).digest()


def checkpoint_body(leaves: list[bytes], time_ms: int = NOW_MS) -> Body:
    return {0: 1, 1: len(leaves), 2: tree_root(leaves), 3: time_ms}


def checkpoint(body: Body) -> Message:
    by_root = certificate(CHECKPOINTS, "checkpoints")
    return sign(CHECKPOINTS, "checkpoint", body, certificate=by_root)


def document() -> Vector:
    leaves = chain(BILLING, 4).frames + chain(TELEMETRY, 3).frames
    return {
        "kind": "checkpoint",
        "what": "Checkpoints, each judged against the leaves of the context, which are frames.",
        "context": {
            "root_x": ROOT.x.hex(),
            "root_y": ROOT.y.hex(),
            "leaves": [leaf.hex() for leaf in leaves],
        },
        "vectors": [*_vectors(leaves)],
    }


def _vectors(leaves: list[bytes]) -> Iterable[Vector]:
    def holds(name: str, what: str, body: Body) -> Vector:
        return good(name, what, checkpoint(body), body)

    whole = checkpoint_body(leaves)
    for size in range(len(leaves) + 1):
        yield holds(
            f"size_{size}",
            f"A checkpoint over the first {size} leaves.",
            checkpoint_body(leaves[:size]),
        )
    swapped = [leaves[1], leaves[0], *leaves[2:]]
    yield bad(
        "order_changed",
        "The first two leaves in the other order.",
        checkpoint(checkpoint_body(swapped)),
        "wrong_root",
    )
    yield bad(
        "leaf_missing",
        "The size is right, the root is that of one leaf less.",
        checkpoint(whole | {2: tree_root(leaves[:-1])}),
        "wrong_root",
    )
    yield bad(
        "leaf_added",
        "A checkpoint over one leaf more than there are.",
        checkpoint(checkpoint_body([*leaves, leaves[0]])),
        "wrong_size",
    )
    yield bad(
        "role_of_orders",
        "By the key for orders, under its own certificate.",
        sign(ORDERS, "checkpoint", whole, certificate=certificate(ORDERS, "orders")),
        "bad_signature",
    )
    yield bad(
        "certificate_of_another_root",
        "A certificate by another root.",
        sign(
            CHECKPOINTS,
            "checkpoint",
            whole,
            certificate=certificate(CHECKPOINTS, "checkpoints", STRANGER),
        ),
        "bad_signature",
    )
    yield bad(
        "after_the_certificate",
        "A checkpoint of a time at which its certificate had ended.",
        checkpoint(checkpoint_body(leaves, NOW_MS + 10**10)),
        "bad_signature",
    )
    end_ms = NOW_MS + DAY_MS
    yield holds(
        "last_of_the_certificate",
        "A checkpoint of the last millisecond of its certificate.",
        checkpoint_body(leaves, end_ms - 1),
    )
    yield bad(
        "end_of_the_certificate",
        "A checkpoint of the time at which its certificate ends.",
        checkpoint(checkpoint_body(leaves, end_ms)),
        "bad_signature",
    )
    under_another_name = seal(CHECKPOINTS, encode(header(STRANGER, "checkpoint")), encode(whole))
    yield bad(
        "key_id_of_another",
        "Signed by the certificate's key, under another key-id.",
        replace(under_another_name, unprotected=checkpoint(whole).unprotected),
        "bad_signature",
    )
    yield bad(
        "root_20_bytes", "A root of 20 bytes.", checkpoint(whole | {2: bytes(20)}), "wrong_shape"
    )
    last = sha256(b"the last checkpoint of generation 1").digest()
    yield holds(
        "restored",
        "Generation 2: the first three frames are those of generation 1.",
        whole | {4: [2, 3, last]},
    )
    yield holds(
        "restored_from_nothing_known",
        "Generation 3, and no checkpoint of the one before is known.",
        whole | {4: [3, 0, None]},
    )
    wrong: tuple[tuple[str, str, Item], ...] = (
        ("first_generation", "Generation 1, which is not named.", [1, 0, None]),
        ("restored_short", "Nothing about the last checkpoint.", [2, 3]),
        ("restored_hash_20_bytes", "A hash of 20 bytes.", [2, 3, bytes(20)]),
        ("restored_null", "No restoration, said by null.", None),
    )
    for name, what, item in wrong:
        yield bad(name, what, checkpoint(whole | {4: item}), "wrong_shape")
    yield bad("size_negative", "A negative size.", checkpoint(whole | {1: -1}), "wrong_shape")
    yield bad(
        "certificate_missing",
        "No certificate.",
        sign(CHECKPOINTS, "checkpoint", whole),
        "wrong_shape",
    )
