"""bundles.json: what the release key says of an application's image."""

from collections.abc import Iterable
from hashlib import sha256

from generator.cbor import Item
from generator.keys import ORDERS, RELEASE, ROOT, STRANGER, Key
from generator.messages import DAY_MS, NOW_MS, Body, Message, Vector, bad, certificate, good, sign

IMAGE = b"\xd2\xcd\x31" + bytes(range(200))
FIRMWARE = bytes(range(32))


def document() -> Vector:
    return {
        "kind": "bundle",
        "what": "What is said of an image, each judged alone, with the image beside it.",
        "context": {"root_x": ROOT.x.hex(), "root_y": ROOT.y.hex(), "image": IMAGE.hex()},
        "vectors": [*_good(), *_refused(), *_shapes()],
    }


def body(**changes: Item) -> Body:
    plain: Body = {
        0: 1,
        1: 7,
        2: "0.1.0",
        3: NOW_MS - 2000,
        4: sha256(IMAGE).digest(),
        5: len(IMAGE),
        6: FIRMWARE,
    }
    return plain | {int(key.removeprefix("f")): value for key, value in changes.items()}


def bundle(content: Body, signer: Key = RELEASE) -> Message:
    return sign(signer, "bundle", content, certificate=certificate(RELEASE, "release"))


def _good() -> Iterable[Vector]:
    def taken(name: str, what: str, content: Body) -> Vector:
        return good(name, what, bundle(content), content)

    yield taken("release", "A release.", body())
    yield taken("first", "The first one.", body(f1=1))
    yield taken("last", "The greatest number.", body(f1=2**32 - 1))


def _refused() -> Iterable[Vector]:
    def refused(name: str, what: str, message: Message) -> Vector:
        return bad(name, what, message, "bad_signature")

    yield refused(
        "signed_by_another",
        "By a key that the certificate does not hold.",
        bundle(body(), STRANGER),
    )
    orders = certificate(ORDERS, "orders")
    yield refused(
        "role_of_orders",
        "By the key for orders.",
        sign(ORDERS, "bundle", body(), certificate=orders),
    )
    stranger = certificate(RELEASE, "release", STRANGER)
    yield refused(
        "another_root",
        "Certified by another root.",
        sign(RELEASE, "bundle", body(), certificate=stranger),
    )
    yield refused(
        "certificate_ended",
        "Signed when the certificate had ended.",
        bundle(body(f3=NOW_MS + DAY_MS)),
    )
    yield refused(
        "certificate_not_begun", "Signed before it began.", bundle(body(f3=NOW_MS - DAY_MS - 1))
    )
    other = bundle(body(f4=sha256(IMAGE[:-1] + b"\x00").digest()))
    yield bad("another_image", "The hash of another image.", other, "wrong_image")
    yield bad("longer_image", "Another length.", bundle(body(f5=len(IMAGE) + 1)), "wrong_image")


def _shapes() -> Iterable[Vector]:
    def shape(name: str, what: str, content: Body) -> Vector:
        return bad(name, what, bundle(content), "wrong_shape")

    yield bad("cut", "Without its last byte.", bundle(body()).encode()[:-1], "malformed")
    yield bad("unsigned", "No certificate.", sign(RELEASE, "bundle", body()), "wrong_shape")
    as_schedule = sign(RELEASE, "schedule", body(), certificate=certificate(RELEASE, "release"))
    yield bad("as_schedule", "Under the type of a schedule.", as_schedule, "wrong_shape")
    yield shape("number_0", "Number 0.", body(f1=0))
    yield shape("number_true", "Number true, which is not 1.", body(f1=True))
    yield shape("number_too_great", "Number 2^32.", body(f1=2**32))
    yield shape("version_as_bytes", "A version that is no text.", body(f2=b"0.1.0"))
    yield shape("hash_31_bytes", "A hash of 31 bytes.", body(f4=bytes(31)))
    yield shape("empty", "An image of nothing.", body(f5=0))
    yield shape("too_large", "An image of more than 1 MiB.", body(f5=2**20 + 1))
    yield shape("version_2", "Version 2.", body(f0=2))
    yield shape("field_of_more", "A field that the grammar does not name.", body(f7=0))
    without = {key: value for key, value in body().items() if key != 6}
    yield shape("firmware_missing", "Without the firmware's hash.", without)
