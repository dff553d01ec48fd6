"""Validly signed frames that break one rule of the grammar each."""

from collections.abc import Iterable
from dataclasses import replace

from generator.cbor import Item, Raw, Tag, encode
from generator.keys import GATEWAY_A
from generator.messages import NOW_MS, Body, Vector, bad, certificate, header, seal, sign
from generator.site import (
    BILLING,
    HEALTH,
    INTERVAL_RAW,
    TELEMETRY,
    boot,
    event,
    frame,
    interval,
    plain_body,
    sample,
)


def bad_shapes() -> Iterable[Vector]:
    yield from _shapes_of_the_message()
    yield from _shapes_of_the_body()


def _shapes_of_the_message() -> Iterable[Vector]:
    body = plain_body()
    good = frame(body)
    parts: list[Item] = [good.protected, Raw(b"\xa0"), good.payload, good.signature]

    def shape(name: str, what: str, item: Item) -> Vector:
        return bad(name, what, encode(item), "wrong_shape")

    def headed(name: str, what: str, protected: Body) -> Vector:
        message = seal(GATEWAY_A, encode(protected), good.payload)
        return bad(name, what, message, "wrong_shape")

    head = header(GATEWAY_A, "frame")
    yield shape("tag_missing", "The array of a COSE_Sign1 without tag 18.", parts)
    yield shape("tag_of_cose_sign", "Tag 98, COSE_Sign, in place of 18.", Tag(98, parts))
    yield shape(
        "tag_before_tag", "The self-described tag 55799 before tag 18.", Tag(55799, Tag(18, parts))
    )
    yield shape("not_an_array", "Tag 18 over a map.", Tag(18, {}))
    yield shape("array_of_three", "The signature is left out.", Tag(18, parts[:3]))
    yield shape("array_of_five", "A fifth element follows the signature.", Tag(18, [*parts, b""]))
    yield shape(
        "payload_detached", "The payload is null (detached).", Tag(18, [*parts[:2], None, parts[3]])
    )
    yield shape(
        "payload_not_wrapped",
        "The payload is a map, not a byte string.",
        Tag(18, [*parts[:2], body, parts[3]]),
    )
    yield shape(
        "protected_not_wrapped",
        "The protected header is a map, not a byte string.",
        Tag(18, [head, *parts[1:]]),
    )
    yield bad(
        "unprotected_not_empty",
        "A frame that carries a certificate.",
        replace(good, unprotected={-65537: certificate(GATEWAY_A, "orders")}),
        "wrong_shape",
    )
    yield bad(
        "unprotected_key_id",
        "The key-id is in the unprotected header too.",
        replace(good, unprotected={4: GATEWAY_A.key_id}),
        "wrong_shape",
    )
    yield bad(
        "signature_63_bytes",
        "The signature lacks its last byte.",
        replace(good, signature=good.signature[:63]),
        "wrong_shape",
    )
    yield bad(
        "signature_65_bytes",
        "The signature has a byte too many.",
        replace(good, signature=good.signature + b"\0"),
        "wrong_shape",
    )
    yield headed(
        "type_of_another", "A content type of another message.", header(GATEWAY_A, "receipt")
    )
    yield headed("type_as_number", "A content type as a CoAP number.", {**head, 3: 60})
    yield headed("type_missing", "No content type.", {1: -7, 4: GATEWAY_A.key_id})
    yield headed("algorithm_of_another", "Algorithm -35, ES384.", {**head, 1: -35})
    yield headed("algorithm_missing", "No algorithm.", {3: head[3], 4: head[4]})
    yield headed("key_id_7_bytes", "A key-id of 7 bytes.", {**head, 4: GATEWAY_A.key_id[:7]})
    yield headed(
        "key_id_32_bytes", "The whole thumbprint as key-id.", {**head, 4: GATEWAY_A.thumbprint}
    )
    yield headed("key_id_missing", "No key-id.", {1: -7, 3: head[3]})
    yield headed("header_of_more", "A header that the grammar does not name.", {**head, 2: [1]})
    yield bad(
        "header_empty",
        "A protected header of no bytes.",
        seal(GATEWAY_A, b"", good.payload),
        "malformed",
    )


def _shapes_of_the_body() -> Iterable[Vector]:
    plain = plain_body()
    boot_detail: Body = {0: "power", 1: "micropython", 2: "0.1.0", 3: bytes(32)}

    def shape(name: str, what: str, changes: Body) -> Vector:
        return bad(name, what, frame({**plain, **changes}), "wrong_shape")

    def record(name: str, what: str, item: Item, stream: int = BILLING) -> Vector:
        return shape(name, what, {3: stream, 8: [item]})

    def detail(name: str, what: str, code: int, content: Body) -> Vector:
        return record(name, what, event(code, content))

    yield bad(
        "body_an_array", "The payload is an array.", sign(GATEWAY_A, "frame", [1]), "wrong_shape"
    )
    yield shape("version_2", "Version 2.", {0: 2})
    yield shape("version_true", "Version true, which is not 1.", {0: True})
    yield bad(
        "field_missing",
        "No clock.",
        frame({key: value for key, value in plain.items() if key != 7}),
        "wrong_shape",
    )
    yield shape("field_of_more", "A field that the grammar does not name.", {9: 0})
    yield shape("field_with_text_key", "A field whose key is a text.", {"0": 1})
    yield shape("gateway_7_bytes", "A gateway of 7 bytes.", {1: bytes(7)})
    yield shape("gateway_as_text", "A gateway as hexadecimal text.", {1: GATEWAY_A.key_id.hex()})
    yield shape("epoch_0", "Epoch 0.", {2: 0})
    yield shape("epoch_too_great", "Epoch 2^32.", {2: 2**32})
    yield shape("stream_2", "Stream 2.", {3: 2})
    yield shape("stream_false", "Stream false, which is not 0.", {3: False})
    yield shape("seq_0", "Seq 0.", {4: 0})
    yield shape("seq_too_great", "Seq 2^32.", {4: 2**32})
    yield shape("previous_31_bytes", "A previous hash of 31 bytes.", {5: bytes(31)})
    yield shape("configuration_null", "No hash of a configuration.", {6: None})
    yield shape("clock_letter_x", "A clock of status X.", {7: [NOW_MS, "X", 0]})
    yield shape("clock_negative", "A time before 1970.", {7: [-1, "S", 0]})
    yield shape(
        "clock_age_negative", "A negative age of the synchronisation.", {7: [NOW_MS, "S", -1]}
    )
    yield shape("clock_of_two", "A clock without the age.", {7: [NOW_MS, "S"]})
    yield shape(
        "clock_big_number",
        "A time of 2^64 as a big number (tag 2).",
        {7: [Tag(2, b"\x01" + bytes(8)), "S", 0]},
    )
    yield shape(
        "clock_tagged", "A time tagged as a date (tag 1).", {7: [Tag(1, 1_800_000_000), "S", 0]}
    )
    yield shape(
        "clock_undefined",
        "An age that is undefined (simple value 23).",
        {7: [NOW_MS, "S", Raw(b"\xf7")]},
    )
    yield shape("records_none", "No record.", {8: []})
    yield shape("records_65", "65 records.", {3: TELEMETRY, 8: [sample(1)] * 65})
    yield shape("records_not_an_array", "A record in place of the records.", {8: interval()})
    yield record("record_kind_5", "A record of an unknown kind.", [5, 0, NOW_MS, None, b""])
    yield record("record_empty", "A record without a kind.", [])
    yield record("sample_in_billing", "A sample in the billing stream.", sample())
    yield record(
        "interval_in_telemetry", "An interval in the telemetry stream.", interval(), TELEMETRY
    )
    yield record("event_in_telemetry", "An event in the telemetry stream.", boot(), TELEMETRY)
    yield record("slot_64", "A slot beyond the last.", [1, 64, NOW_MS, 0, None, INTERVAL_RAW[0]])
    yield record(
        "interval_without_offset",
        "An interval without its offset.",
        [1, 0, NOW_MS, None, INTERVAL_RAW[0]],
    )
    yield record(
        "interval_of_more",
        "An interval with a seventh element.",
        [1, 0, NOW_MS, 0, None, INTERVAL_RAW[0], 0],
    )
    yield record(
        "quality_as_number", "A quality as a number.", [1, 0, NOW_MS, 0, 0, INTERVAL_RAW[0]]
    )
    yield record("raw_null", "No register bytes.", [1, 0, NOW_MS, 0, b"\x02", None])
    yield detail("event_kind_0", "An event of an unknown kind.", 0, {})
    yield detail("event_kind_16", "An event of an unknown kind.", 16, {})
    yield detail("boot_mode", "A start in an unknown mode.", 1, boot_detail | {4: "odd"})
    yield detail("key_of_two", "A key event without telemetry's bound.", 12, {0: b"", 1: [1, 1]})
    yield detail("retired_null", "A retired event that does not say why.", 13, {0: None})
    yield detail("health_days_text", "Days as text.", 14, HEALTH | {4: ["1", None]})
    yield detail("health_nine_buses", "Nine buses.", 14, HEALTH | {7: [[0, 0]] * 9})
    yield detail("interlock_unknown", "An interlock of no known kind.", 18, {0: 2, 1: ["key"]})
    yield detail("interlocks_null", "An interlock event without its list.", 18, {0: 2, 1: None})
    yield detail("firmware_step", "A step of no known kind.", 19, {0: 6, 1: 7, 2: bytes(8)})
    yield detail("firmware_whole_hash", "A whole hash.", 19, {0: 3, 1: 7, 2: bytes(32)})
    yield detail("firmware_unnamed", "A release without its number.", 19, {0: 3, 2: bytes(8)})
    yield detail("commissioned_by_nobody", "An act that nobody signed.", 20, {0: bytes(32), 1: []})
    yield detail("commissioned_short", "Half a hash.", 20, {0: bytes(16), 1: [bytes(8)]})
    yield detail("cadence_null", "A cadence event without its cadence.", 15, {0: None})
    yield detail(
        "identity_without_raw", "An identity event without its bytes.", 10, {0: 0, 1: None}
    )
    yield detail("register_in_text", "A register as text.", 11, {0: 0, 1: 0, 2: "12", 3: bytes(4)})
    yield detail("boot_cause", "A boot of an unknown cause.", 1, {**boot_detail, 0: "brownout"})
    yield detail(
        "boot_hash_20_bytes", "A firmware hash of 20 bytes.", 1, {**boot_detail, 3: bytes(20)}
    )
    yield detail(
        "command_result_6", "A command event of an unknown result.", 4, {0: bytes(16), 1: 1, 2: 6}
    )
    yield detail(
        "command_stage_33", "A command event for stage 33.", 4, {0: bytes(16), 1: 1, 2: 2, 4: [33]}
    )
    yield detail(
        "stage_state_true",
        "A stage whose state is true, which is not 1.",
        5,
        {0: 1, 1: True, 2: "ramp"},
    )
    yield detail("stage_cause", "A stage event of an unknown cause.", 5, {0: 1, 1: 0, 2: "storm"})
    yield detail(
        "dropped_billing",
        "An event that names dropped billing frames.",
        7,
        {0: BILLING, 1: 1, 2: 1, 3: 2},
    )
    yield detail(
        "epoch_confirmed_without_hash",
        "An epoch after a receipt, that names the last frame by its number alone.",
        8,
        {0: 1, 1: "", 2: [1, 5]},
    )
    yield detail("epoch_no_ends", "An epoch with an empty list of ends.", 8, {0: 1, 1: "", 3: []})
    yield detail(
        "epoch_end_of_stream_2",
        "An epoch before which a stream 2 ended.",
        8,
        {0: 1, 1: "", 3: [[2, 1, 5, bytes(32)]]},
    )
    yield detail(
        "event_field_of_more", "A fault event with a field of more.", 9, {0: "", 1: "", 2: ""}
    )
    yield bad(
        "depth_8",
        "Arrays 8 levels deep where the clock should be: well-formed, of no shape.",
        frame({**plain, 7: Raw(b"\x81" * 6 + b"\x80")}),
        "wrong_shape",
    )
