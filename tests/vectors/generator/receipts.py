"""receipts.json: receipts, judged by the gateway of the context."""

from collections.abc import Iterable
from hashlib import sha256

from generator.cbor import Item
from generator.keys import GATEWAY_A, GATEWAY_B, ORDERS, RECEIPTS, ROOT, STRANGER
from generator.messages import NOW_MS, Body, Vector, bad, certificate, good, sign

LAST_NUMBER = 100
NO_HASH = bytes(32)
HASH = bytes(range(32))


def hash_of(seq: int) -> bytes:
    """Of the gateway's frame: what stands for it here is its seq in decimal digits."""
    return sha256(b"%d" % seq).digest()


NOTHING: Item = [1, 0, [], [], NO_HASH]


def document() -> Vector:
    return {
        "kind": "receipt",
        "what": "Receipts, each judged alone by the gateway of the context. "
        "What stands for a frame of it is its seq in decimal digits.",
        "context": {
            "gateway": GATEWAY_A.key_id.hex(),
            "root_x": ROOT.x.hex(),
            "root_y": ROOT.y.hex(),
            "now_ms": NOW_MS,
            "clock": "S",
            "last_number": LAST_NUMBER,
        },
        "vectors": [*_taken(), *_ignored(), *_shapes()],
    }


def body(**changes: Item) -> Body:
    plain: Body = {
        0: 1,
        1: GATEWAY_A.key_id,
        2: LAST_NUMBER + 1,
        3: NOW_MS,
        4: [
            [1, 12, [], [], hash_of(12)],
            [1, 340, [[343, 350, hash_of(350)]], [[341, 342]], hash_of(340)],
        ],
    }
    return plain | {int(key.removeprefix("f")): value for key, value in changes.items()}


def _encode(content: Body) -> bytes:
    return sign(
        RECEIPTS, "receipt", content, certificate=certificate(RECEIPTS, "receipts")
    ).encode()


def _taken() -> Iterable[Vector]:
    def taken(name: str, what: str, content: Body, **more: Item) -> Vector:
        return good(name, what, _encode(content), content, again="replayed", **more)

    firsts = range(10, 170, 10)
    ranges: list[Item] = [[first, first + 3] for first in firsts]
    held: list[Item] = [[first, first + 3, hash_of(first + 3)] for first in firsts]
    yield taken("plain", "Telemetry 341 and 342 are missing and wanted.", body())
    yield taken("nothing_yet", "No frame is held.", body(f4=[NOTHING, NOTHING]))
    yield taken(
        "16_ranges",
        "As many ranges as a receipt may name.",
        body(f4=[[1, 5, held, ranges, hash_of(5)], [2, 5, held, ranges, hash_of(5)]]),
    )
    yield taken("number_leaps", "A number far above the last.", body(f2=2**32))
    yield taken(
        "clock_unknown",
        "A receipt is taken while the clock is unknown.",
        body(),
        context={"clock": "U"},
    )


def _ignored() -> Iterable[Vector]:
    by_orders = sign(ORDERS, "receipt", body(), certificate=certificate(ORDERS, "orders"))
    by_stranger = sign(STRANGER, "receipt", body(), certificate=certificate(RECEIPTS, "receipts"))
    another_root = certificate(RECEIPTS, "receipts", STRANGER)
    yield bad(
        "another_gateway", "For another gateway.", _encode(body(f1=GATEWAY_B.key_id)), "not_for_me"
    )
    yield bad(
        "number_again", "The number of the last receipt.", _encode(body(f2=LAST_NUMBER)), "replayed"
    )
    yield bad("number_old", "A number below the last.", _encode(body(f2=1)), "replayed")
    yield bad(
        "role_of_orders",
        "By the key for orders, under its own certificate.",
        by_orders,
        "bad_signature",
    )
    yield bad(
        "signed_by_another",
        "Signed by a key that the certificate does not hold.",
        by_stranger,
        "bad_signature",
    )
    yield bad(
        "certificate_of_another_root",
        "A certificate by another root.",
        sign(RECEIPTS, "receipt", body(), certificate=another_root),
        "bad_signature",
    )
    yield bad(
        "certificate_missing", "No certificate.", sign(RECEIPTS, "receipt", body()), "wrong_shape"
    )


def _shapes() -> Iterable[Vector]:
    ranges: list[Item] = [[number, number] for number in range(1, 18)]
    held: list[Item] = [[number, number, HASH] for number in range(1, 18)]

    def told(*part: Item) -> Body:
        """Of billing, all but the hash."""
        return body(f4=[[*part, NO_HASH], NOTHING])

    def shape(name: str, what: str, content: Body) -> Vector:
        return bad(name, what, _encode(content), "wrong_shape")

    yield shape("17_ranges", "A range too many.", told(1, 0, held, []))
    yield shape("17_ranges_wanted", "A range too many wanted.", told(1, 0, [], ranges))
    yield shape("one_stream", "A receipt for one stream.", body(f4=[NOTHING]))
    yield shape("three_streams", "A receipt for three streams.", body(f4=[NOTHING] * 3))
    yield shape("range_of_one", "A range of one number.", told(1, 0, [[2, HASH]], []))
    yield shape("range_from_0", "A range that begins at 0.", told(1, 0, [[0, 2, HASH]], []))
    yield shape("range_to_2_32", "A range beyond any seq.", told(1, 0, [[1, 2**32, HASH]], []))
    yield shape("range_without_hash", "A range that is anyone's.", told(1, 0, [[2, 3]], []))
    yield shape("range_hash_short", "A hash of 31 bytes.", told(1, 0, [[2, 3, HASH[1:]]], []))
    yield shape("wanted_from_0", "Seq 0 is wanted.", told(1, 0, [], [[0, 2]]))
    yield shape("wanted_with_hash", "What is wanted has a hash.", told(1, 0, [], [[1, 2, HASH]]))
    yield shape("epoch_0", "Epoch 0.", told(0, 0, [], []))
    yield shape("epoch_too_great", "Epoch 2^32.", body(f4=[NOTHING, [2**32, 0, [], [], NO_HASH]]))
    yield shape("upto_too_great", "An upto of 2^32.", body(f4=[NOTHING, [1, 2**32, [], [], HASH]]))
    yield shape(
        "upto_without_hash", "An upto that is anyone's.", body(f4=[[1, 1, [], []], NOTHING])
    )
    yield shape("upto_hash_null", "No hash of upto.", body(f4=[[1, 0, [], [], None], NOTHING]))
    yield shape("stream_of_six", "A stream's part of six.", told(1, 0, [], [], NO_HASH))
    yield shape("time_true", "Time true, which is not 1.", body(f3=True))
    yield shape("field_of_more", "A field that the grammar does not name.", body(f5=0))
    yield shape("upto_negative", "A negative upto.", told(1, -1, [], []))
    yield shape("number_as_text", "A number as text.", body(f2="101"))
    yield bad("cut", "A receipt without its last byte.", _encode(body())[:-1], "malformed")
