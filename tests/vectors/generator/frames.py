"""frames.json: good frames of both streams, then the bad ones."""

from collections.abc import Iterable

from generator.bad_cbor import bad_encodings
from generator.bad_frames import bad_shapes
from generator.bad_signatures import bad_signatures, keys_not_valid
from generator.cbor import Item
from generator.keys import GATEWAY_A, GATEWAY_A_SECOND, Key
from generator.messages import NOW_MS, Body, Vector, bad, good, sign
from generator.site import (
    BILLING,
    HEALTH,
    INTERVAL_RAW,
    ORDER_ID,
    PREVIOUS,
    TELEMETRY,
    boot,
    event,
    filler,
    frame,
    frame_body,
    interval,
    reading,
    register,
    sample,
)

HASH = bytes(range(100, 132))
LIMITER: Body = {0: [1, 2], 1: [1, 4], 2: "room", 3: None, 4: None, 5: 0, 6: 0, 7: []}
ALL_BITS = 2**64 - 1


def document() -> Vector:
    return {
        "kind": "frame",
        "what": "Frames, each judged alone, without a chain.",
        "context": {"register": register()},
        "vectors": [*good_frames(), *bad_frames()],
    }


def bad_frames() -> Iterable[Vector]:
    """Each breaks one rule of docs/wire-format.md §1, and no other but by that."""
    overlong = frame_body(BILLING, [filler(4097)], seq=7, previous=PREVIOUS)
    yield bad("too_long", "A good frame of 4097 bytes.", frame(overlong), "too_long")
    yield from bad_encodings()
    yield from bad_shapes()
    yield from keys_not_valid()
    yield from bad_signatures()


def good_frames() -> list[Vector]:
    return _records() + _events() + _limits()


def enrolment_of(key: Key) -> bytes:
    return sign(key, "enrolment", {0: 1, 1: key.cose_key, 2: "esp32-a0b1c2d3e4f5"}).encode()


def _billing(name: str, what: str, *records: Item) -> Vector:
    body = frame_body(BILLING, list(records), seq=7, previous=PREVIOUS)
    return good(name, what, frame(body), body)


def _telemetry(name: str, what: str, *records: Item) -> Vector:
    body = frame_body(TELEMETRY, list(records), seq=7, previous=PREVIOUS)
    return good(name, what, frame(body), body)


def _records() -> list[Vector]:
    lost = bytes([0, 2, 3])
    return [
        _billing(
            "intervals", "One interval snapshot of each of two meters.", interval(0), interval(1)
        ),
        _billing(
            "interval_read_early",
            "An interval whose offset is negative: the snapshot was read before the boundary.",
            [1, 0, NOW_MS, -40, None, INTERVAL_RAW[0]],
        ),
        _billing(
            "interval_no_answer",
            "An interval of a silent meter: quality 2, and no bytes in raw.",
            [1, 0, NOW_MS, 900, b"\x02", b""],
        ),
        _billing("reading", "A reading that a command asked for.", reading(0), reading(1)),
        _telemetry("samples", "Samples of two meters.", sample(0), sample(1)),
        _telemetry(
            "sample_in_part",
            "A sample with one good quantity, one without an answer, one refused by the meter.",
            [2, 0, NOW_MS - 5000, lost, INTERVAL_RAW[0]],
        ),
        _telemetry(
            "sample_of_poor_quality",
            "A sample whose quantities are stale, out of range and doubtful; all have bytes.",
            [2, 1, NOW_MS - 5000, bytes([1, 4, 5]), bytes(12)],
        ),
    ]


def _events() -> list[Vector]:
    details: list[tuple[str, int, Body]] = [
        ("clock", 2, {0: NOW_MS - 4000, 1: NOW_MS, 2: "ntp"}),
        ("configuration", 3, {0: HASH, 1: 1}),
        ("command_received", 4, {0: ORDER_ID, 1: 42, 2: 1}),
        ("command_applied", 4, {0: ORDER_ID, 1: 42, 2: 2, 4: [1, 3]}),
        ("command_refused", 4, {0: ORDER_ID, 1: 41, 2: 3, 3: "replayed", 5: 42}),
        ("command_failed", 4, {0: ORDER_ID, 1: 42, 2: 4, 3: "no_contact", 4: [2]}),
        ("command_restored", 4, {0: ORDER_ID, 1: 43, 2: 5, 4: []}),
        ("stage_open", 5, {0: 1, 1: 0, 2: "command", 3: ORDER_ID}),
        ("stage_closed", 5, {0: 32, 1: 1, 2: "ramp"}),
        ("stage_expiry", 5, {0: 1, 1: 1, 2: "expiry"}),
        ("stage_boot", 5, {0: 1, 1: 0, 2: "boot"}),
        ("stage_local", 5, {0: 1, 1: 0, 2: "local"}),
        ("meter_silent", 6, {0: 63, 1: 0, 2: "timeout"}),
        ("meter_answers", 6, {0: 0, 1: 1}),
        ("dropped", 7, {0: TELEMETRY, 1: 1, 2: 5, 3: 9}),
        ("epoch", 8, {0: 1, 1: "journal lost"}),
        ("epoch_before_unknown", 8, {0: None, 1: "journal lost"}),
        ("fault", 9, {0: "poll", 1: "OSError 110"}),
        ("meter_fault", 6, {0: 0, 1: 1, 2: "exception 2 at 52"}),
        ("identity", 10, {0: 0, 1: None, 2: bytes(range(44))}),
        ("identity_in_part", 10, {0: 1, 1: bytes([0, 3]), 2: bytes(4)}),
        ("epoch_after_receipt", 8, {0: 1, 1: "counter lost", 2: [1, 0, bytes(32)]}),
        (
            "epoch_with_ends",
            8,
            {0: 2, 1: "counter lost", 3: [[BILLING, 1, 4, HASH], [TELEMETRY, 2, 9, HASH]]},
        ),
        ("key", 12, {0: enrolment_of(GATEWAY_A_SECOND), 1: [1, 8, 3]}),
        ("retired", 13, {0: "the site closes"}),
        ("health", 14, HEALTH),
        ("health_unknown", 14, HEALTH | {4: [None, None], 6: None, 7: [], 8: None}),
        ("cadence", 15, {0: 300_000}),
        ("commissioned", 20, {0: HASH, 1: [GATEWAY_A_SECOND.key_id]}),
        ("stage_limit", 5, {0: 2, 1: 0, 2: "limit", 3: ORDER_ID}),
        (
            "limiter",
            16,
            {
                0: [1, 1],
                1: [1, 2],
                2: "limit",
                3: [5_000_000, 6_000_000],
                4: [1_200_000, 5_400_000, 5_600_000],
                5: 1,
                6: 7,
                7: [3],
            },
        ),
        ("limiter_failsafe", 16, LIMITER | {0: [1, 2], 1: [2, 2], 2: "operator_outage"}),
        ("limiter_setpoint", 16, LIMITER | {3: [None, 2_500_000], 7: [1, 2], 8: ORDER_ID}),
        ("schedule_taken", 17, {0: HASH, 1: 7, 2: 0}),
        ("schedule_enforced", 17, {0: HASH, 1: 8, 2: 1}),
        ("schedule_refused", 17, {0: HASH, 1: 8, 2: 2, 3: "replayed"}),
        ("interlocks", 18, {0: 2, 1: ["local", "locked_out", "tripped", "opened_by_other"]}),
        ("interlocks_gone", 18, {0: 2, 1: []}),
        ("firmware_good", 19, {0: 3, 1: 7, 2: HASH[:8]}),
        ("firmware_rolled_back", 19, {0: 4, 1: 7, 2: HASH[:8], 3: "ended by watchdog"}),
        ("firmware_refused", 19, {0: 5, 1: 0, 2: HASH[:8], 3: "bad_signature"}),
        ("boot_in_safe_mode", 1, {0: "watchdog", 1: "m", 2: "0.1.0", 3: HASH, 4: "safe"}),
        ("register_back", 11, {0: 0, 1: 0, 2: INTERVAL_RAW[0], 3: bytes(8)}),
    ]
    boots = [
        _billing(f"event_boot_{cause}", f"A start after {cause}.", boot(cause))
        for cause in ("power", "software", "watchdog", "unknown")
    ]
    others = [
        _billing(
            f"event_{name}",
            f"An event of kind {code}, {name.replace('_', ' ')}.",
            event(code, detail),
        )
        for name, code, detail in details
    ]
    return boots + others


def _limits() -> list[Vector]:
    return [
        *(_clock(letter, age) for letter, age in (("U", None), ("I", 90_000), ("R", 0))),
        _whole(
            "first_of_its_chain",
            "A frame with seq 1 and a previous hash of zeros.",
            frame_body(BILLING, [boot()]),
        ),
        _whole(
            "strange_clock",
            "The greatest time that fits: a frame is not refused for its clock.",
            frame_body(
                BILLING, [interval()], seq=7, previous=PREVIOUS, clock=[ALL_BITS, "I", ALL_BITS]
            ),
        ),
        _whole(
            "greatest_name",
            "The greatest epoch and seq, signed by the gateway's second key.",
            frame_body(TELEMETRY, [sample()], epoch=2**32 - 1, seq=2**32 - 1, previous=PREVIOUS),
            GATEWAY_A_SECOND,
        ),
        _whole(
            "last_of_its_key",
            "The gateway's first key, in the last billing frame before its rotation.",
            frame_body(BILLING, [interval()], epoch=2, seq=2, previous=PREVIOUS),
        ),
        _whole(
            "first_of_its_key",
            "The gateway's second key, in its first telemetry frame.",
            frame_body(TELEMETRY, [sample()], epoch=2, seq=2, previous=PREVIOUS),
            GATEWAY_A_SECOND,
        ),
        _telemetry("64_records", "As many records as a frame may hold.", *[sample(1)] * 64),
        _billing(
            "text_not_ascii",
            "An event whose texts are not ASCII.",
            event(9, {0: "опрос", 1: "қате: ⚡"}),
        ),
        _billing("4096_bytes", "A frame of exactly the greatest length.", filler(4096)),
    ]


def _clock(letter: str, age_s: int | None) -> Vector:
    body = frame_body(
        BILLING, [interval()], seq=7, previous=PREVIOUS, clock=[NOW_MS, letter, age_s]
    )
    return good(f"clock_{letter}", f"A clock of status {letter}.", frame(body), body)


def _whole(name: str, what: str, body: Body, signer: Key = GATEWAY_A) -> Vector:
    return good(name, what, frame(body, signer), body)
