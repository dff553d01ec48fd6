"""configurations.json, certificates.json, enrolments.json."""

from collections.abc import Iterable
from dataclasses import replace

from generator.cbor import Item, encode
from generator.keys import (
    CHECKPOINTS,
    CONFIGURATION,
    GATEWAY_A,
    GATEWAY_B,
    ORDERS,
    RECEIPTS,
    RELEASE,
    ROOT,
    STRANGER,
)
from generator.messages import (
    NOW_MS,
    Body,
    Vector,
    bad,
    certificate,
    certificate_body,
    good,
    header,
    seal,
    sign,
)
from generator.site import METER_ON_A_BUS, METER_ON_TCP, configuration_body

OFF_THE_CURVE = bytes(31) + b"\x01"
MEASURE: list[Item] = [0, 0, 1000, 1, 1, 3, 1, 1024, 9_000_000]
STAGE: Body = {0: 1, 1: 0, 2: 300_000, 3: 60_000, 4: 2000}
EQUIPMENT: list[tuple[str, str, Body]] = [
    (
        "contactor",
        "A contactor, and the inputs of a selector and of a lock.",
        {
            5: [0, 0, 0, 0],
            8: [1, 2, None, None],
        },
    ),
    (
        "release",
        "A breaker with an undervoltage release, which a person closes.",
        {
            5: [0, 1, 0, 0],
            8: [1, None, 3, 4],
        },
    ),
    (
        "shunt_trip",
        "A breaker that pulses open, with all that a stage can have.",
        {
            5: [1, 1, 500, 30],
            6: [11, 20_000],
            7: [12, 300_000],
            8: [1, 2, 3, 4],
            9: 13,
        },
    ),
    ("soft_stop", "A soft stop whose miners take no time.", {6: [11, 0]}),
]
NO_EQUIPMENT: list[tuple[str, str, Body]] = [
    ("pulse_closed_by_gateway", "A pulse opens it, and no person closes it.", {5: [1, 0, 500, 30]}),
    ("pulse_of_no_length", "A pulse of no length.", {5: [1, 1, 0, 30]}),
    ("no_pulses", "A pulse that may never be given.", {5: [1, 1, 500, 0]}),
    ("coil_with_pulse", "A coil that is held, and a pulse.", {5: [0, 0, 500, 30]}),
    ("drive_2", "An actuator of an unknown kind.", {5: [2, 1, 500, 30]}),
    ("run_down_of_days", "Miners that take more than an hour to stop.", {6: [11, 3_600_001]}),
    ("three_inputs", "An input too few.", {8: [1, 2, 3]}),
    ("permission_null", "An output that is none.", {9: None}),
]


def configurations() -> Vector:
    return {
        "kind": "configuration",
        "what": "Configurations, each judged alone by the gateway of the context.",
        "context": {
            "gateway": GATEWAY_A.key_id.hex(),
            "root_x": ROOT.x.hex(),
            "root_y": ROOT.y.hex(),
            "now_ms": NOW_MS,
            "clock": "S",
        },
        "vectors": [*_configurations()],
    }


def _configurations() -> Iterable[Vector]:
    plain = configuration_body()

    def message(content: Body) -> bytes:
        by_root = certificate(CONFIGURATION, "configuration")
        return sign(CONFIGURATION, "configuration", content, certificate=by_root).encode()

    def installed(name: str, what: str, changes: Body) -> Vector:
        return good(name, what, message(plain | changes), plain | changes)

    def shape(name: str, what: str, changes: Body) -> Vector:
        return bad(name, what, message(plain | changes), "wrong_shape")

    def meter(name: str, what: str, changes: Body) -> Vector:
        return shape(name, what, {8: [METER_ON_A_BUS | changes]})

    quantities: list[Item] = [
        [4 * place, 4, 26, 1] if place % 2 else [4 * place, 4] for place in range(64)
    ]
    requests: list[Item] = [[0, 124], [124, 124], [248, 8]]
    all_of: Body = {11: requests, 12: quantities, 13: requests, 14: [[4, 0, 32]] * 16}
    meters: list[Item] = [METER_ON_A_BUS | all_of | {0: slot} for slot in range(64)]
    yield installed("plain", "Two meters, one on a serial bus, one on TCP, and three stages.", {})
    yield installed("no_stages", "A gateway without stages.", {9: []})
    yield installed("greatest", "64 meters of 64 quantities: longer than 4096 bytes.", {8: meters})
    yield installed(
        "line_of_its_own",
        "A meter on a serial bus at another speed than the bus's.",
        {8: [METER_ON_A_BUS | {9: [500, 4, 5, [9600, 0, 2]]}]},
    )
    yield installed(
        "measures",
        "Two meters that say how to count what they measure: the site's, and a stage's.",
        {8: [METER_ON_A_BUS | {15: MEASURE}, METER_ON_TCP | {15: [32, *MEASURE[1:]]}]},
    )
    yield bad(
        "too_long",
        "A configuration of more than 65536 bytes.",
        message(plain | {4: "x" * 65536}),
        "too_long",
    )
    yield bad(
        "another_gateway",
        "For another gateway.",
        message(configuration_body(GATEWAY_B)),
        "not_for_me",
    )
    yield bad(
        "role_of_orders",
        "By the key for orders, under its own certificate.",
        sign(ORDERS, "configuration", plain, certificate=certificate(ORDERS, "orders")),
        "bad_signature",
    )
    yield bad(
        "certificate_missing",
        "No certificate.",
        sign(CONFIGURATION, "configuration", plain),
        "wrong_shape",
    )
    yield shape("no_meters", "No meter.", {8: []})
    yield shape("65_meters", "A meter too many.", {8: [*meters, METER_ON_A_BUS]})
    yield shape("field_of_more", "A field that the grammar does not name.", {10: 0})
    yield shape("no_buses", "No bus.", {7: []})
    yield shape("9_buses", "A bus too many.", {7: [[1, "192.0.2.10", 502]] * 9})
    yield shape("bus_of_kind_2", "A bus of an unknown kind.", {7: [[2, "host", 1]]})
    yield shape("parity_3", "A serial bus of unknown parity.", {7: [[0, 9600, 3, 1]]})
    yield meter("slot_64", "A meter beyond the last slot.", {0: 64})
    yield meter("unit_0", "A meter at the broadcast address.", {5: 0})
    yield meter("unit_248", "A meter beyond the last address.", {5: 248})
    yield meter("function_6", "A meter read by a function that writes.", {8: 6})
    yield meter("6_retries", "A repetition too many.", {9: [300, 10, 6, None]})
    yield meter("manners_of_three", "Manners without a line.", {9: [300, 10, 1]})
    yield meter("line_of_parity_3", "A line of unknown parity.", {9: [300, 10, 1, [9600, 3, 1]]})
    yield meter("126_registers_at_once", "A request longer than Modbus has.", {11: [[0, 126]]})
    yield meter("no_requests", "A meter that is not asked for samples.", {11: []})
    yield meter("no_interval_requests", "A meter that is not asked for intervals.", {13: []})
    yield meter("request_of_nothing", "A request for no register.", {13: [[0, 0]]})
    yield meter("no_quantities", "A meter of which nothing is read.", {12: []})
    yield meter("65_quantities", "A quantity too many.", {12: [*quantities, [0, 1]]})
    yield meter("5_registers", "A quantity of five registers.", {12: [[0, 5]]})
    yield meter("form_32", "A quantity of an unknown form.", {12: [[0, 2, 32, 1]]})
    yield meter("quantity_of_three", "A form without what it can rise by.", {12: [[0, 2, 1]]})
    yield meter("17_identities", "An identity register too many.", {14: [[3, 0, 1]] * 17})
    yield meter("identity_by_function_5", "Identity by a function that writes.", {14: [[5, 0, 1]]})
    yield meter("ratio_of_one", "A ratio of one number.", {6: [1]})
    yield meter("meter_field_of_more", "A meter's field that the grammar does not name.", {16: 0})
    yield meter("measure_of_stage_33", "A measure of no stage.", {15: [33, *MEASURE[1:]]})
    yield meter(
        "measure_by_nothing", "A measure that divides by 0.", {15: [*MEASURE[:3], 0, *MEASURE[4:]]}
    )
    yield meter(
        "measure_opaque", "A power that is no number.", {15: [*MEASURE[:5], 0, *MEASURE[6:]]}
    )
    yield meter("measure_in_part", "A measure without a power.", {15: MEASURE[:4]})
    for name, what, equipment in EQUIPMENT:
        yield installed(f"stage_{name}", what, {9: [STAGE | equipment]})
    for name, what, equipment in NO_EQUIPMENT:
        yield shape(f"stage_{name}", what, {9: [STAGE | equipment]})
    slots: Item = [
        STAGE | {10: [1_200_000, 0]},
        STAGE | {0: 2, 5: [0, 1, 0, 0], 10: [2**32 - 1, 75_000]},
    ]
    yield installed("return_slots", "Two stages that return in slots of a cycle.", {9: slots})
    yield shape("slot_of_no_cycle", "A cycle of 0 ms.", {9: [STAGE | {10: [0, 0]}]})
    yield shape("slot_in_part", "A cycle without an offset.", {9: [STAGE | {10: [1000]}]})
    yield shape("stage_33", "A stage that no command can name.", {9: [{**STAGE, 0: 33}]})
    yield shape("33_stages", "A stage too many.", {9: [STAGE] * 33})
    yield shape(
        "stage_field_missing",
        "A stage without its last field.",
        {9: [{key: value for key, value in STAGE.items() if key != 4}]},
    )


def certificates() -> Vector:
    return {
        "kind": "certificate",
        "what": "Certificates, each judged alone against the root of the context.",
        "context": {"root_x": ROOT.x.hex(), "root_y": ROOT.y.hex(), "now_ms": NOW_MS, "clock": "S"},
        "vectors": [*_certificates()],
    }


def _certificates() -> Iterable[Vector]:
    roles = {
        "receipts": RECEIPTS,
        "orders": ORDERS,
        "configuration": CONFIGURATION,
        "checkpoints": CHECKPOINTS,
        "release": RELEASE,
    }
    for role, subject in roles.items():
        yield good(
            role,
            f"A certificate for {role}.",
            certificate(subject, role),
            certificate_body(subject, role),
        )
    plain = certificate_body(ORDERS, "orders")
    key: Body = ORDERS.cose_key

    def shape(name: str, what: str, changes: Body) -> Vector:
        return bad(name, what, sign(ROOT, "certificate", plain | changes), "wrong_shape")

    yield bad(
        "by_another_root",
        "A certificate by another root.",
        certificate(ORDERS, "orders", STRANGER),
        "bad_signature",
    )
    yield bad(
        "by_itself",
        "A certificate signed by the key that it is about.",
        certificate(ORDERS, "orders", ORDERS),
        "bad_signature",
    )
    yield bad(
        "key_id_of_another",
        "Signed by the root, under another key-id.",
        seal(ROOT, encode(header(STRANGER, "certificate")), encode(plain)),
        "bad_signature",
    )
    yield bad(
        "off_the_curve",
        "A key that is no point of the curve.",
        sign(ROOT, "certificate", plain | {2: key | {-3: OFF_THE_CURVE}}),
        "bad_signature",
    )
    yield bad(
        "ended",
        "A certificate that has ended.",
        sign(ROOT, "certificate", plain | {4: NOW_MS}),
        "bad_signature",
    )
    yield shape("role_unknown", "A role that does not exist.", {1: "admin"})
    yield shape("key_of_another_curve", "A key that says it is on P-384.", {2: key | {-1: 2}})
    yield shape(
        "key_with_more", "A key with a field that the grammar does not name.", {2: key | {3: -7}}
    )
    yield shape("key_with_sign_of_y", "A compressed point: y is true.", {2: key | {-3: True}})
    yield bad(
        "certified_itself",
        "A certificate that carries a certificate.",
        sign(ROOT, "certificate", plain, certificate=certificate(ORDERS, "orders")),
        "wrong_shape",
    )


def enrolments() -> Vector:
    return {
        "kind": "enrolment",
        "what": "Enrolments, each judged alone: the key in it is the key that must have signed it.",
        "context": {},
        "vectors": [*_enrolments()],
    }


def _enrolments() -> Iterable[Vector]:
    plain: Body = {0: 1, 1: GATEWAY_A.cose_key, 2: "ESP32 24:6f:28:00:00:01"}
    whole = sign(GATEWAY_A, "enrolment", plain)
    by_stranger = sign(STRANGER, "enrolment", plain)
    off_the_curve = plain | {1: GATEWAY_A.cose_key | {-3: OFF_THE_CURVE}}
    yield good("plain", "A gateway's enrolment.", whole, plain)
    yield good(
        "no_hardware_id",
        "A board without an id.",
        sign(GATEWAY_A, "enrolment", plain | {2: ""}),
        plain | {2: ""},
    )
    yield bad(
        "signed_by_another",
        "Signed by another key, under its key-id.",
        by_stranger,
        "bad_signature",
    )
    yield bad(
        "signed_under_a_false_name",
        "Signed by another key, under the key-id of the key in it.",
        replace(whole, signature=by_stranger.signature),
        "bad_signature",
    )
    yield bad(
        "key_id_of_another",
        "Signed by the key in it, under another key-id.",
        seal(GATEWAY_A, encode(header(STRANGER, "enrolment")), encode(plain)),
        "bad_signature",
    )
    yield bad(
        "off_the_curve",
        "A key that is no point of the curve.",
        sign(GATEWAY_A, "enrolment", off_the_curve),
        "bad_signature",
    )
    yield bad(
        "hardware_id_null",
        "No hardware id.",
        sign(GATEWAY_A, "enrolment", plain | {2: None}),
        "wrong_shape",
    )
    yield bad(
        "key_without_y",
        "A key without y.",
        sign(GATEWAY_A, "enrolment", plain | {1: {1: 2, -1: 1, -2: GATEWAY_A.x}}),
        "wrong_shape",
    )
