"""The site of the vectors: gateway A with two meters, its configuration, and parts of frames."""

from hashlib import sha256

from generator.cbor import Item
from generator.keys import CONFIGURATION, GATEWAY_A, GATEWAY_A_SECOND, GATEWAY_B, Key
from generator.messages import NOW_MS, Body, Message, certificate, sign

BILLING, TELEMETRY = 0, 1
ZERO_HASH = bytes(32)
PREVIOUS = bytes(range(32))
ORDER_ID = bytes(range(16))
ZONE = "north"

METER_ON_A_BUS: Body = {
    0: 0, 1: "PM-0001", 2: "example-primary", 3: sha256(b"profile of meter 0").digest(),
    4: 0, 5: 1, 6: [1000, 5], 7: [1, 1], 8: 3, 9: [300, 10, 1, None], 10: 60_000,
    11: [[3053, 2], [3109, 2], [3203, 4]], 12: [[3203, 4, 1, 12_000], [3053, 2], [3109, 2]],
    13: [[3203, 4]], 14: [[3, 129, 2], [4, 49, 20]],
}  # fmt: skip
METER_ON_TCP: Body = {
    0: 1, 1: "SD-0002", 2: "example-secondary", 3: sha256(b"profile of meter 1").digest(),
    4: 1, 5: 247, 6: [1, 1], 7: [35000, 100], 8: 4, 9: [1000, 0, 0, None], 10: 0,
    11: [[0x34, 24]], 12: [[0x48, 2, 3, 1], [0x4A, 2, 3, 1], [0x34, 2]],
    13: [[0x48, 4]], 14: [],
}  # fmt: skip
STAGES: list[Item] = [
    {0: 1, 1: 0, 2: 300_000, 3: 60_000, 4: 2000},
    {0: 2, 1: 1, 2: 300_000, 3: 60_000, 4: 2000},
    {0: 3, 1: 2, 2: 300_000, 3: 60_000, 4: 2000},
]

INTERVAL_RAW = (bytes.fromhex("00000000075bcd15"), bytes.fromhex("0012d68700000001"))
"""What an interval or reading of meters 0 and 1 holds: 4 registers; 2 + 2 registers."""
SAMPLE_RAW = (INTERVAL_RAW[0] + bytes(range(8)), INTERVAL_RAW[1] + bytes(4))


def configuration_body(gateway: Key = GATEWAY_A, version: int = 1) -> Body:
    return {
        0: 1, 1: gateway.key_id, 2: version, 3: NOW_MS, 4: "Площадка Экибастуз-1", 5: ZONE,
        6: [900_000, 10_000, 60_000],
        7: [[0, 19200, 2, 1], [1, "192.0.2.10", 502]],
        8: [METER_ON_A_BUS, METER_ON_TCP],
        9: STAGES,
    }  # fmt: skip


def configuration(gateway: Key = GATEWAY_A, version: int = 1) -> bytes:
    body = configuration_body(gateway, version)
    by_root = certificate(CONFIGURATION, "configuration")
    return sign(CONFIGURATION, "configuration", body, certificate=by_root).encode()


def frame_body(
    stream: int,
    records: list[Item],
    *,
    gateway: Key = GATEWAY_A,
    epoch: int = 1,
    seq: int = 1,
    previous: bytes = ZERO_HASH,
    clock: Item = None,
) -> Body:
    return {
        0: 1,
        1: gateway.key_id,
        2: epoch,
        3: stream,
        4: seq,
        5: previous,
        6: sha256(configuration(gateway)).digest(),
        7: clock or [NOW_MS, "S", 12],
        8: records,
    }


def frame(body: Body, signer: Key = GATEWAY_A) -> Message:
    return sign(signer, "frame", body)


HEALTH: Body = {
    0: 3600,
    1: 20480,
    2: 17,
    3: [0, 12],
    4: [212, 3],
    5: 41,
    6: -67,
    7: [[9000, 3], [0, 0]],
    8: -12_500,
}


def event(code: int, detail: Body) -> Item:
    return [3, NOW_MS - 250, code, detail]


def interval(slot: int = 0) -> Item:
    return [1, slot, NOW_MS, 140, None, INTERVAL_RAW[slot]]


def sample(slot: int = 0, read_ms: int = NOW_MS - 5000) -> Item:
    return [2, slot, read_ms, None, SAMPLE_RAW[slot]]


def reading(slot: int = 0) -> Item:
    return [4, slot, NOW_MS - 1000, None, INTERVAL_RAW[slot]]


def boot(cause: str = "power") -> Item:
    firmware = sha256(b"firmware of the vectors").digest()
    return event(1, {0: cause, 1: "micropython 1.28.0 ESP32", 2: "0.1.0", 3: firmware})


def plain_body() -> Body:
    return frame_body(BILLING, [boot(), interval()], seq=7, previous=PREVIOUS)


def filler(frame_length: int) -> Item:
    """A fault event that makes a billing frame with seq 7 and no other record exactly that long."""

    def fault(text_length: int) -> Item:
        return event(9, {0: "filler", 1: "x" * text_length})

    trial = frame(frame_body(BILLING, [fault(3000)], seq=7, previous=PREVIOUS)).encode()
    return fault(3000 + frame_length - len(trial))


BEGINNING: Item = {"epoch": 1, "billing": 1, "telemetry": 1}
ROTATION: Item = {"epoch": 2, "billing": 3, "telemetry": 2}


def register(rotation: Item = ROTATION) -> list[Item]:
    """The operator's register of gateway keys, as an exported `keys.json` holds it."""
    return [
        _registered(GATEWAY_A, GATEWAY_A, BEGINNING, rotation),
        _registered(GATEWAY_A, GATEWAY_A_SECOND, rotation, None),
        _registered(GATEWAY_B, GATEWAY_B, BEGINNING, None),
    ]


def register_without_rotation() -> list[Item]:
    return [_registered(gateway, gateway, BEGINNING, None) for gateway in (GATEWAY_A, GATEWAY_B)]


def _registered(gateway: Key, key: Key, first: Item, until: Item) -> Item:
    return {
        "gateway": gateway.key_id.hex(),
        "kid": key.key_id.hex(),
        "x": key.x.hex(),
        "y": key.y.hex(),
        "from": first,
        "until": until,
    }
