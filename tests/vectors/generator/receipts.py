"""receipts.json: receipts, judged by the gateway of the context."""

from collections.abc import Iterable

from generator.cbor import Item
from generator.keys import GATEWAY_A, GATEWAY_B, ORDERS, RECEIPTS, ROOT, STRANGER
from generator.messages import NOW_MS, Body, Vector, bad, certificate, good, sign

LAST_NUMBER = 100
NOTHING: Item = [1, 0, [], []]


def document() -> Vector:
    return {
        "kind": "receipt",
        "what": "Receipts, each judged alone by the gateway of the context.",
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
        4: [[1, 12, [], []], [1, 340, [[343, 350]], [[341, 342]]]],
    }
    return plain | {int(key.removeprefix("f")): value for key, value in changes.items()}


def _encode(content: Body) -> bytes:
    return sign(
        RECEIPTS, "receipt", content, certificate=certificate(RECEIPTS, "receipts")
    ).encode()


def _taken() -> Iterable[Vector]:
    def taken(name: str, what: str, content: Body, **more: Item) -> Vector:
        return good(name, what, _encode(content), content, again="replayed", **more)

    ranges: list[Item] = [[10 * number, 10 * number + 3] for number in range(1, 17)]
    yield taken("plain", "Telemetry 341 and 342 are missing and wanted.", body())
    yield taken("nothing_yet", "No frame is held.", body(f4=[NOTHING, NOTHING]))
    yield taken(
        "16_ranges",
        "As many ranges as a receipt may name.",
        body(f4=[[1, 5, ranges, ranges], [2, 5, ranges, ranges]]),
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

    def shape(name: str, what: str, content: Body) -> Vector:
        return bad(name, what, _encode(content), "wrong_shape")

    yield shape("17_ranges", "A range too many.", body(f4=[[1, 0, ranges, []], NOTHING]))
    yield shape("one_stream", "A receipt for one stream.", body(f4=[NOTHING]))
    yield shape("three_streams", "A receipt for three streams.", body(f4=[NOTHING] * 3))
    yield shape("range_of_one", "A range of one number.", body(f4=[[1, 0, [[2]], []], NOTHING]))
    yield shape(
        "range_from_0", "A range that begins at 0.", body(f4=[[1, 0, [[0, 2]], []], NOTHING])
    )
    yield shape(
        "range_to_2_32", "A range beyond any seq.", body(f4=[[1, 0, [[1, 2**32]], []], NOTHING])
    )
    yield shape("wanted_from_0", "Seq 0 is wanted.", body(f4=[[1, 0, [], [[0, 2]]], NOTHING]))
    yield shape("epoch_0", "Epoch 0.", body(f4=[[0, 0, [], []], NOTHING]))
    yield shape("epoch_too_great", "Epoch 2^32.", body(f4=[NOTHING, [2**32, 0, [], []]]))
    yield shape("upto_too_great", "An upto of 2^32.", body(f4=[NOTHING, [1, 2**32, [], []]]))
    yield shape(
        "stream_of_five", "A stream's part of five.", body(f4=[[1, 0, [], [], []], NOTHING])
    )
    yield shape("time_true", "Time true, which is not 1.", body(f3=True))
    yield shape("field_of_more", "A field that the grammar does not name.", body(f5=0))
    yield shape("upto_negative", "A negative upto.", body(f4=[[1, -1, [], []], NOTHING]))
    yield shape("number_as_text", "A number as text.", body(f2="101"))
    yield bad("cut", "A receipt without its last byte.", _encode(body())[:-1], "malformed")
