"""schedules.json: the permit to draw, judged by the gateway of the context."""

from collections.abc import Iterable

from generator.cbor import Item
from generator.keys import GATEWAY_A, GATEWAY_B, ORDERS, RECEIPTS, ROOT, STRANGER, Key
from generator.messages import DAY_MS, NOW_MS, Body, Message, Vector, bad, certificate, good, sign

HOUR_MS = 3_600_000
HELD = 11
LIMIT: list[Item] = [5_000_000, 6_000_000]
VALUE = (5_000_000).to_bytes(4) + (6_000_000).to_bytes(4)
UNKNOWN = b"\xff" * 8
HOURS = VALUE * 40 + UNKNOWN * 8
FAIL_SAFE: list[Item] = ["auxiliary", 200_000, 250_000, 7_200_000, 300_000]
MANNERS: list[Item] = [60_000, 5000, 300_000, 1200, 900_000]
EMERGENCY: list[Item] = [NOW_MS + HOUR_MS, NOW_MS + 3 * HOUR_MS, 1_000_000, 1_200_000]
DOCUMENT = bytes(range(32))
REDUCTION: list[Item] = [DOCUMENT, [11, 12], 5000, 600_000, [1, 3]]


def document() -> Vector:
    return {
        "kind": "schedule",
        "what": "Schedules, each judged alone by the gateway of the context.",
        "context": {
            "gateway": GATEWAY_A.key_id.hex(),
            "root_x": ROOT.x.hex(),
            "root_y": ROOT.y.hex(),
            "now_ms": NOW_MS,
            "clock": "S",
            "held": HELD,
        },
        "vectors": [*_taken(), *_refused(), *_shapes()],
    }


def body(**changes: Item) -> Body:
    plain: Body = {
        0: 1,
        1: GATEWAY_A.key_id,
        2: HELD + 1,
        3: NOW_MS - 2000,
        4: NOW_MS + 2 * DAY_MS,
        5: 0,
        6: None,
        7: NOW_MS,
        8: HOUR_MS,
        9: HOURS,
        10: NOW_MS + 40 * HOUR_MS,
        11: [0, 0],
        12: FAIL_SAFE,
        13: MANNERS,
    }
    return plain | {int(key.removeprefix("f")): value for key, value in changes.items()}


def schedule(content: Body, signer: Key = ORDERS) -> Message:
    return sign(signer, "schedule", content, certificate=certificate(ORDERS, "orders"))


def _taken() -> Iterable[Vector]:
    def taken(name: str, what: str, content: Body, **more: object) -> Vector:
        return good(name, what, schedule(content), content, again="ignored", **more)

    yield taken("observe", "Two days, without an authority.", body())
    yield taken("observe_by_authority", "The same by an authority.", body(f6=DOCUMENT))
    yield taken("enforce", "Two days that the gateway enforces.", body(f5=1, f6=DOCUMENT))
    yield taken("one_period", "A single period of 20 s.", body(f8=20_000, f9=VALUE))
    yield taken("nothing_known", "No period is known.", body(f9=UNKNOWN))
    yield taken("emergency", "With a time of emergency.", body(f14=EMERGENCY))
    yield taken(
        "reduction",
        "With a reduction that acts by its own authority, while the rest observes.",
        body(f15=REDUCTION),
    )
    yield taken("reduction_observed", "With one that observes.", body(f15=[None, *REDUCTION[1:]]))
    longest: list[Item] = [2**32 - 1, 2**32 - 1, 2**32 - 1, 10_000, 0]
    yield taken(
        "greatest",
        "The greatest numbers.",
        body(f2=2**32 - 1, f9=(b"\xff" * 7 + b"\xfe") * 48, f13=longest),
    )
    yield taken("expires_in_1_ms", "The last millisecond of its life.", body(f4=NOW_MS + 1))
    yield taken(
        "clock_unknown_old",
        "While the clock is unknown no expiry is judged.",
        body(f4=NOW_MS - 1000),
        context={"clock": "U"},
    )


def _refused() -> Iterable[Vector]:
    def refused(name: str, what: str, reason: str, message: Message, **more: object) -> Vector:
        return bad(name, what, message, reason, **more)

    yield refused(
        "another_gateway",
        "For another gateway.",
        "not_for_me",
        schedule(body(f1=GATEWAY_B.key_id)),
    )
    yield refused(
        "serial_held",
        "Another one of the serial number that is held.",
        "replayed",
        schedule(body(f2=HELD)),
    )
    yield refused("serial_old", "An older one.", "replayed", schedule(body(f2=1)))
    yield refused("expired", "Expired a second ago.", "expired", schedule(body(f4=NOW_MS - 1000)))
    yield refused("expires_now", "Expires now.", "expired", schedule(body(f4=NOW_MS)))
    yield refused(
        "signed_by_another",
        "Signed by a key that the certificate does not hold.",
        "bad_signature",
        schedule(body(), STRANGER),
    )
    yield refused(
        "role_of_receipts",
        "By the key for receipts, under its own certificate.",
        "bad_signature",
        sign(RECEIPTS, "schedule", body(), certificate=certificate(RECEIPTS, "receipts")),
    )
    yield refused(
        "certificate_missing",
        "No certificate.",
        "wrong_shape",
        sign(ORDERS, "schedule", body()),
    )
    yield refused(
        "as_command",
        "Under the type of a command.",
        "wrong_shape",
        sign(ORDERS, "command", body(), certificate=certificate(ORDERS, "orders")),
    )


def _shapes() -> Iterable[Vector]:
    def shape(name: str, what: str, content: Body) -> Vector:
        return bad(name, what, schedule(content), "wrong_shape")

    yield bad(
        "cut", "A schedule without its last byte.", schedule(body()).encode()[:-1], "malformed"
    )
    yield bad(
        "too_long",
        "More than 4096 bytes.",
        schedule(body(f12=["x" * 4000, *FAIL_SAFE[1:]])),
        "too_long",
    )
    yield shape("enforce_without_authority", "Enforced by nobody's authority.", body(f5=1))
    yield shape("mode_2", "An unknown mode.", body(f5=2, f6=DOCUMENT))
    yield shape("mode_true", "Mode true, which is not 1.", body(f5=True, f6=DOCUMENT))
    yield shape("authority_31_bytes", "A document's hash of 31 bytes.", body(f6=bytes(31)))
    yield shape("serial_0", "Serial number 0.", body(f2=0))
    yield shape("serial_too_great", "Serial number 2^32.", body(f2=2**32))
    yield shape("period_of_nothing", "Periods of 0 ms.", body(f8=0))
    yield shape("period_too_long", "Periods of more than a day.", body(f8=DAY_MS + 1))
    yield shape("no_periods", "No period.", body(f9=b""))
    yield shape("49_periods", "A period too many.", body(f9=VALUE * 49))
    yield shape("half_a_period", "A period of energy alone.", body(f9=VALUE + VALUE[:4]))
    yield shape("periods_as_arrays", "Periods that are arrays.", body(f9=[LIMIT]))
    yield shape("limit_negative", "A limit below nothing.", body(f11=[-1, 0]))
    yield shape("limit_too_great", "A limit of 2^32 W.", body(f11=[0, 2**32]))
    yield shape("energy_null", "A limit without energy.", body(f11=[None, 6_000_000]))
    yield shape("power_alone", "A limit of power alone.", body(f11=[6_000_000]))
    yield shape("default_null", "No default.", body(f11=None))
    yield shape("fail_safe_null", "No fail-safe.", body(f12=None))
    yield shape("fail_safe_without_power", "A fail-safe of energy alone.", body(f12=["a", 1, 2, 3]))
    yield shape(
        "margin_below_1", "A margin of less than what is needed.", body(f13=[0, 0, 0, 999, 0])
    )
    yield shape(
        "margin_above_10", "A margin of more than ten times.", body(f13=[0, 0, 0, 10_001, 0])
    )
    yield shape("manners_of_four", "Manners without a clock.", body(f13=[0, 0, 0, 1200]))
    yield shape("emergency_without_end", "An emergency without an end.", body(f14=[NOW_MS, 1, 1]))
    changes: tuple[tuple[str, str, int, Item], ...] = (
        ("document_31_bytes", "A reduction by a document's hash of 31 bytes.", 0, bytes(31)),
        ("one_contact", "A reduction by one contact, whose broken wire nobody sees.", 1, [11]),
        ("too_soon", "A reduction after less than 5 s.", 2, 4999),
        ("no_stages", "A reduction of no stage.", 4, []),
        ("stage_33", "A reduction of stage 33.", 4, [33]),
    )
    for name, what, place, changed in changes:
        reduction: list[Item] = [*REDUCTION[:place], changed, *REDUCTION[place + 1 :]]
        yield shape(f"reduction_{name}", what, body(f15=reduction))
    yield shape("reduction_of_four", "A reduction of nobody's stages.", body(f15=REDUCTION[:4]))
    yield shape("version_2", "Version 2.", body(f0=2))
    yield shape("field_of_more", "A field that the grammar does not name.", body(f16=0))
    yield shape(
        "expires_missing",
        "A schedule that never expires.",
        {key: value for key, value in body().items() if key != 4},
    )
