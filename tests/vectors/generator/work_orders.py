"""work_orders.json: what a technician is to make of a bare board."""

from collections.abc import Iterable

from generator.cbor import Item
from generator.keys import CONFIGURATION, ORDERS, ROOT, STRANGER, Key
from generator.messages import DAY_MS, NOW_MS, Body, Message, Vector, bad, certificate, good, sign

PLAN = '[[gateway]]\nenrolment = "@enrolment"\n'
NETWORK = '{"brokers": [{"host": "10.1.0.4", "port": 8883}], "tls": null}'


def document() -> Vector:
    return {
        "kind": "work-order",
        "what": "Work orders, each judged alone.",
        "context": {"root_x": ROOT.x.hex(), "root_y": ROOT.y.hex()},
        "vectors": [*_good(), *_refused(), *_shapes()],
    }


def body(**changes: Item) -> Body:
    plain: Body = {
        0: 1,
        1: bytes(range(16)),
        2: "esp32-4mb-wifi",
        3: NOW_MS - 2000,
        4: NOW_MS + 30 * DAY_MS,
        5: PLAN,
        6: NETWORK,
        7: None,
    }
    return plain | {int(key.removeprefix("f")): value for key, value in changes.items()}


def order(content: Body, signer: Key = CONFIGURATION) -> Message:
    vouched = certificate(CONFIGURATION, "configuration")
    return sign(signer, "work-order", content, certificate=vouched)


def _good() -> Iterable[Vector]:
    def taken(name: str, what: str, content: Body) -> Vector:
        return good(name, what, order(content), content)

    yield taken("without_tls", "For the bench.", body())
    yield taken("with_tls", "With the brokers' authority.", body(f7=bytes(500)))
    yield taken("long", "Longer than most messages may be.", body(f5=PLAN + "#" * 5000))


def _refused() -> Iterable[Vector]:
    def refused(name: str, what: str, message: Message) -> Vector:
        return bad(name, what, message, "bad_signature")

    yield refused("signed_by_another", "By another key.", order(body(), STRANGER))
    vouched = certificate(ORDERS, "orders")
    by_orders = sign(ORDERS, "work-order", body(), certificate=vouched)
    yield refused("role_of_orders", "By the key for orders.", by_orders)
    ended = order(body(f3=NOW_MS + DAY_MS))
    yield refused("certificate_ended", "Signed when the certificate had ended.", ended)


def _shapes() -> Iterable[Vector]:
    def shape(name: str, what: str, content: Body) -> Vector:
        return bad(name, what, order(content), "wrong_shape")

    yield bad("cut", "Without its last byte.", order(body()).encode()[:-1], "malformed")
    yield bad("too_long", "Over 65536 bytes.", order(body(f5="#" * 65536)), "too_long")
    unsigned = sign(CONFIGURATION, "work-order", body())
    yield bad("unsigned", "No certificate.", unsigned, "wrong_shape")
    yield shape("name_15_bytes", "A name of 15 bytes.", body(f1=bytes(15)))
    yield shape("board_as_bytes", "A board that is no text.", body(f2=b"esp32-4mb-wifi"))
    yield shape("plan_null", "No plan.", body(f5=None))
    yield shape("authority_text", "An authority that is text.", body(f7="PEM"))
    yield shape("version_2", "Version 2.", body(f0=2))
    yield shape("field_of_more", "A field that the grammar does not name.", body(f8=0))
    without = {key: value for key, value in body().items() if key != 7}
    yield shape("authority_missing", "Neither an authority nor none.", without)
