"""commands.json: orders to a gateway or its zone, judged by the gateway of the context."""

from collections.abc import Iterable
from dataclasses import replace

from generator.cbor import Item, encode
from generator.keys import GATEWAY_A, GATEWAY_B, ORDERS, RECEIPTS, ROOT, STRANGER, Key
from generator.messages import (
    DAY_MS,
    NOW_MS,
    Body,
    Message,
    Vector,
    bad,
    certificate,
    certificate_body,
    good,
    header,
    seal,
    sign,
)
from generator.site import ORDER_ID, ZONE

OPEN, RELEASE, READ, LIMIT = 1, 2, 3, 4
LAST = 41
RAMP: Item = [60_000, 5000]


def document() -> Vector:
    return {
        "kind": "command",
        "what": "Commands, each judged alone by the gateway of the context.",
        "context": {
            "gateway": GATEWAY_A.key_id.hex(),
            "zone": ZONE,
            "root_x": ROOT.x.hex(),
            "root_y": ROOT.y.hex(),
            "now_ms": NOW_MS,
            "clock": "S",
            "last_counter": LAST,
            "stages": [1, 2, 3],
        },
        "vectors": [*_obeyed(), *certificates(), *_refused(), *_shapes()],
    }


def body(action: Item = OPEN, **changes: Item) -> Body:
    plain: Body = {
        0: 1,
        1: GATEWAY_A.key_id,
        2: LAST + 1,
        3: NOW_MS - 2000,
        4: NOW_MS + 60_000,
        5: ORDER_ID,
        6: action,
    }
    return plain | {int(key.removeprefix("f")): value for key, value in changes.items()}


def command(content: Body, signer: Key = ORDERS) -> Message:
    return sign(signer, "command", content, certificate=certificate(ORDERS, "orders"))


def _obeyed() -> Iterable[Vector]:
    def obeyed(name: str, what: str, content: Body, **more: Item) -> Vector:
        return good(name, what, command(content), content, again="ignored", **more)

    to_zone: dict[str, Item] = {"f1": ZONE, "f2": LAST + 1}
    unknown_clock: Item = {"clock": "U"}
    yield obeyed("open", "Open every stage of the gateway.", body())
    yield obeyed(
        "open_some",
        "Open two stages until a time, by an authority's document.",
        body(f7=[1, 3], f8=NOW_MS + 3_600_000, f10=bytes(range(32)), f11="over_allocation"),
    )
    yield obeyed("release", "Release every stage by a ramp.", body(RELEASE, f9=RAMP))
    yield obeyed("release_some", "Release one stage.", body(RELEASE, f7=[2], f9=RAMP))
    yield obeyed("release_without_ramp", "Release by the ramp of the open.", body(RELEASE))
    yield obeyed(
        "open_with_ramp",
        "Open every stage until a time, and return by a ramp.",
        body(f8=NOW_MS + 3_600_000, f9=RAMP),
    )
    yield obeyed("open_32", "As many stages as a command may name.", body(f7=[1, 2] * 16))
    yield obeyed("read", "Read every meter now.", body(READ))
    capped: dict[str, Item] = {"f8": NOW_MS + 3_600_000, "f12": 2_500_000}
    yield obeyed("limit", "Cap the power of the site until a time.", body(LIMIT, **capped))
    yield obeyed(
        "limit_some",
        "Cap the power of two stages together, by an authority's document.",
        body(LIMIT, f7=[1, 2], f10=bytes(range(32)), f11="emergency", **capped),
    )
    yield obeyed("limit_to_nothing", "A cap of 0 W.", body(LIMIT, **capped | {"f12": 0}))
    yield obeyed("open_zone", "Open every stage of the zone.", body(**to_zone))
    yield obeyed("release_zone", "Release the zone.", body(RELEASE, f9=RAMP, **to_zone))
    yield obeyed("counter_leaps", "A counter far above the last.", body(f2=2**32 - 1))
    yield obeyed("expires_in_1_ms", "The last millisecond of its life.", body(f4=NOW_MS + 1))
    yield obeyed(
        "clock_unknown_open",
        "An open is obeyed while the clock is unknown.",
        body(),
        context=unknown_clock,
    )
    yield obeyed(
        "clock_unknown_old",
        "While the clock is unknown no expiry is judged.",
        body(f3=NOW_MS - 2000, f4=NOW_MS - 1000),
        context=unknown_clock,
    )
    yield obeyed(
        "clock_relative_release",
        "A relative clock is better than an unknown one.",
        body(RELEASE, f9=RAMP),
        context={"clock": "R"},
    )


def certificates() -> Iterable[Vector]:
    """An otherwise good open, under certificates that do not carry it."""
    payload = encode(body())
    by_another_root = certificate(ORDERS, "orders", STRANGER)
    under_the_root_s_name = seal(
        STRANGER, encode(header(ROOT, "certificate")), encode(certificate_body(ORDERS, "orders"))
    ).encode()

    def dated(not_before_ms: int, not_after_ms: int) -> bytes:
        content = certificate_body(ORDERS, "orders", not_before_ms, not_after_ms)
        return sign(ROOT, "certificate", content).encode()

    def under(name: str, what: str, carried: bytes, **more: object) -> Vector:
        message = sign(ORDERS, "command", body(), certificate=carried)
        return bad(name, what, message, "bad_signature", **more)

    yield bad(
        "certificate_missing", "No certificate.", sign(ORDERS, "command", body()), "wrong_shape"
    )
    yield bad(
        "certificate_cut",
        "A certificate without its last byte.",
        sign(ORDERS, "command", body(), certificate=certificate(ORDERS, "orders")[:-1]),
        "malformed",
    )
    yield bad(
        "certificate_of_another_type",
        "A command in place of the certificate.",
        sign(ORDERS, "command", body(), certificate=command(body()).encode()),
        "wrong_shape",
    )
    yield bad(
        "certificate_of_unknown_role",
        "A certificate for a role that does not exist.",
        sign(ORDERS, "command", body(), certificate=certificate(ORDERS, "admin")),
        "wrong_shape",
    )
    yield under("certificate_of_another_root", "A certificate by another root.", by_another_root)
    yield under(
        "certificate_under_a_false_name",
        "A certificate by another root under this root's key-id.",
        under_the_root_s_name,
    )
    yield under(
        "certificate_of_another_role",
        "A certificate for receipts.",
        certificate(ORDERS, "receipts"),
    )
    yield under(
        "certificate_ended",
        "A certificate that ended a second ago.",
        dated(NOW_MS - DAY_MS, NOW_MS - 1000),
    )
    yield under(
        "certificate_ends_now", "A certificate that ends now.", dated(NOW_MS - DAY_MS, NOW_MS)
    )
    yield under(
        "certificate_not_yet",
        "A certificate that begins in a second.",
        dated(NOW_MS + 1000, NOW_MS + DAY_MS),
    )
    yield good(
        "certificate_begins_now",
        "A certificate that begins now.",
        sign(ORDERS, "command", body(), certificate=dated(NOW_MS, NOW_MS + 1)),
        body(),
        again="ignored",
    )
    yield good(
        "certificate_ended_clock_unknown",
        "While the clock is unknown no dates are judged.",
        sign(ORDERS, "command", body(), certificate=dated(0, 1)),
        body(),
        again="ignored",
        context={"clock": "U"},
    )
    yield bad(
        "signed_by_another",
        "Signed by a key that the certificate does not hold, under its own key-id.",
        command(body(), STRANGER),
        "bad_signature",
    )
    yield bad(
        "signed_by_the_root",
        "Signed by the root itself under a good certificate.",
        command(body(), ROOT),
        "bad_signature",
    )
    forged = seal(STRANGER, encode(header(ORDERS, "command")), payload)
    yield bad(
        "signed_under_a_false_name",
        "Signed by another key under the key-id of the certificate's key.",
        replace(forged, unprotected={-65537: certificate(ORDERS, "orders")}),
        "bad_signature",
    )
    misnamed = seal(ORDERS, encode(header(STRANGER, "command")), payload)
    yield bad(
        "key_id_of_another",
        "Signed by the certificate's key, under another key-id.",
        replace(misnamed, unprotected={-65537: certificate(ORDERS, "orders")}),
        "bad_signature",
    )


def _refused() -> Iterable[Vector]:
    def refused(name: str, what: str, reason: str, content: Body, **more: object) -> Vector:
        return bad(name, what, command(content), reason, **more)

    yield refused(
        "another_gateway", "For another gateway.", "not_for_me", body(f1=GATEWAY_B.key_id)
    )
    yield refused("another_zone", "For another zone.", "not_for_me", body(f1="south"))
    yield refused(
        "zone_as_gateway",
        "The gateway's name as if it were a zone.",
        "not_for_me",
        body(f1=GATEWAY_A.key_id.hex()),
    )
    yield refused(
        "replayed",
        "The counter of the last command accepted.",
        "replayed",
        body(f2=LAST),
    )
    yield refused("replayed_old", "A counter below the last.", "replayed", body(f2=1))
    yield refused(
        "replayed_to_zone",
        "To the zone, with the counter of the last command accepted.",
        "replayed",
        body(f1=ZONE, f2=LAST),
    )
    yield refused(
        "overtaken_to_zone",
        "To the zone, and the gateway has obeyed a newer command of its own.",
        "replayed",
        body(f1=ZONE, f2=LAST - 1),
    )
    yield refused("expired", "Expired a second ago.", "expired", body(f4=NOW_MS - 1000))
    yield refused("expires_now", "Expires now.", "expired", body(f4=NOW_MS))
    yield refused(
        "replayed_and_expired",
        "Old in both ways: the counter is judged first.",
        "replayed",
        body(f2=1, f4=NOW_MS - 1000),
    )
    yield refused(
        "unknown_stage", "A stage that the gateway does not have.", "unknown_stage", body(f7=[1, 9])
    )
    yield refused(
        "stage_32", "The greatest stage that a gateway may have.", "unknown_stage", body(f7=[32])
    )
    yield refused(
        "clock_unknown_release",
        "A release while the clock is unknown.",
        "clock_unknown",
        body(RELEASE, f9=RAMP),
        context={"clock": "U"},
    )


def _shapes() -> Iterable[Vector]:
    def shape(name: str, what: str, content: Body) -> Vector:
        return bad(name, what, command(content), "wrong_shape")

    whole = command(body()).encode()
    yield bad("cut", "A command without its last byte.", whole[:-1], "malformed")
    yield bad("byte_follows", "A zero byte after a command.", whole + b"\0", "malformed")
    yield bad(
        "receipt_as_command",
        "A command's body under the type of a receipt, by the receipts' key.",
        sign(RECEIPTS, "receipt", body(), certificate=certificate(RECEIPTS, "receipts")),
        "wrong_shape",
    )
    yield bad(
        "shape_before_signature",
        "Misshapen, and signed by another key: the shape is judged first.",
        command(body(f7=[]), STRANGER),
        "wrong_shape",
    )
    yield shape("action_0", "An action below the first.", body(0))
    yield shape("action_5", "An unknown action.", body(5))
    yield shape("limit_without_end", "A cap for ever.", body(LIMIT, f12=1))
    yield shape("limit_of_nothing", "A cap without a power.", body(LIMIT, f8=NOW_MS + 60_000))
    yield shape("limit_ramp", "A cap by a ramp.", body(LIMIT, f8=NOW_MS + 60_000, f9=RAMP, f12=1))
    yield shape("limit_too_great", "A cap of 2^32 W.", body(LIMIT, f8=NOW_MS + 60_000, f12=2**32))
    yield shape("open_with_power", "An open with a power.", body(f12=1))
    yield shape("release_with_power", "A release with a power.", body(RELEASE, f12=1))
    yield shape("read_with_power", "A reading with a power.", body(READ, f12=1))
    yield shape("action_true", "Action true, which is not 1.", body(True))
    yield shape("counter_0", "Counter 0.", body(f2=0))
    yield shape("counter_too_great", "Counter 2^32.", body(f2=2**32))
    yield shape("order_id_15_bytes", "An order-id of 15 bytes.", body(f5=bytes(15)))
    yield shape("stages_none", "An empty list of stages.", body(f7=[]))
    yield shape("stage_0", "Stage 0.", body(f7=[0]))
    yield shape("stage_33", "A stage that no gateway can have.", body(f7=[33]))
    yield shape("stages_33", "33 stages.", body(f7=[1] * 33))
    yield shape("ramp_of_one", "A ramp of one number.", body(RELEASE, f9=[60_000]))
    yield shape("ramp_of_three", "A ramp of three numbers.", body(f9=[60_000, 5000, 1]))
    yield shape("release_until", "A release until a time.", body(RELEASE, f8=NOW_MS + 60_000))
    yield shape("read_stages", "A reading of stages.", body(READ, f7=[1]))
    yield shape("read_until", "A reading until a time.", body(READ, f8=NOW_MS + 60_000))
    yield shape("read_ramp", "A reading by a ramp.", body(READ, f9=RAMP))
    yield shape("gateway_7_bytes", "A gateway's name of 7 bytes.", body(f1=bytes(7)))
    yield shape("authority_31_bytes", "A document's hash of 31 bytes.", body(f10=bytes(31)))
    yield shape("reason_as_bytes", "A reason that is no text.", body(f11=b"over_allocation"))
    yield shape(
        "expires_missing",
        "A command that never expires.",
        {key: value for key, value in body().items() if key != 4},
    )
    yield shape("version_2", "Version 2.", body(f0=2))
    yield shape("field_of_more", "A field that the grammar does not name.", body(f13=0))
    yield bad(
        "too_long", "A command of more than 4096 bytes.", command(body(f11="x" * 4000)), "too_long"
    )
