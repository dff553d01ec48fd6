"""Frames: their shape (docs/wire-format.cddl), and what the chain rules need of them."""

from dataclasses import dataclass
from typing import Any

from auditor import cose, shape
from auditor.shape import array, array_of, either, integer, mapping, octets, text, word

BILLING, TELEMETRY = 0, 1
STREAMS = {BILLING: "billing", TELEMETRY: "telemetry"}
INTERVAL, SAMPLE, EVENT, READING = 1, 2, 3, 4
COMMAND_EVENT, DROPPED_EVENT, EPOCH_EVENT, KEY_EVENT, RETIRED_EVENT = 4, 7, 8, 12, 13
SCHEDULE_EVENT, COMMISSIONED_EVENT = 17, 20

UINT = integer(0, 2**64 - 1)
INT = integer(-(2**64), 2**64 - 1)
COUNT = integer(1, 2**32 - 1)
"""An epoch or a seq."""
SLOT = integer(0, 63)
STAGE = integer(1, 32)
HASH = octets(32)
ORDER_ID = octets(16)
QUALITY = either(shape.null, octets())
OR_UNKNOWN = either(UINT, shape.null)
LIMITER_STATE = array(integer(0, 4), integer(0, 4))

EVENTS = {
    1: mapping(
        {0: word("power", "software", "watchdog", "unknown"), 1: text, 2: text, 3: HASH},
        {4: word("safe")},
    ),
    2: mapping({0: UINT, 1: UINT, 2: text}),
    3: mapping({0: HASH, 1: UINT}),
    COMMAND_EVENT: mapping(
        {0: ORDER_ID, 1: UINT, 2: integer(1, 5)},
        {3: text, 4: array_of(STAGE, 0, 2**32), 5: UINT},
    ),
    5: mapping(
        {
            0: STAGE,
            1: integer(0, 1),
            2: word("command", "ramp", "expiry", "boot", "local", "limit"),
        },
        {3: ORDER_ID},
    ),
    6: mapping({0: SLOT, 1: integer(0, 1)}, {2: text}),
    DROPPED_EVENT: mapping({0: integer(TELEMETRY, TELEMETRY), 1: COUNT, 2: COUNT, 3: COUNT}),
    EPOCH_EVENT: mapping(
        {0: either(COUNT, shape.null), 1: text},
        {
            2: array(COUNT, integer(0, 2**32 - 1), HASH),
            3: array_of(array(integer(BILLING, TELEMETRY), COUNT, COUNT, HASH), 1, 16),
        },
    ),
    9: mapping({0: text, 1: text}),
    10: mapping({0: SLOT, 1: QUALITY, 2: octets()}),
    11: mapping({0: SLOT, 1: UINT, 2: octets(), 3: octets()}),
    KEY_EVENT: mapping({0: octets(), 1: array(COUNT, COUNT, COUNT)}),
    RETIRED_EVENT: mapping({0: text}),
    14: mapping(
        {
            0: UINT,
            1: UINT,
            2: UINT,
            3: array(UINT, UINT),
            4: array(OR_UNKNOWN, OR_UNKNOWN),
            5: UINT,
            6: either(INT, shape.null),
            7: array_of(array(UINT, UINT), 0, 8),
            8: either(INT, shape.null),
        }
    ),
    15: mapping({0: UINT}),
    16: mapping(
        {
            0: LIMITER_STATE,
            1: LIMITER_STATE,
            2: text,
            3: either(array(OR_UNKNOWN, UINT), shape.null),
            4: either(array(UINT, UINT, UINT), shape.null),
            5: integer(0, 1),
            6: UINT,
            7: array_of(STAGE, 0, 2**32),
        },
        {8: ORDER_ID},
    ),
    SCHEDULE_EVENT: mapping({0: HASH, 1: UINT, 2: integer(0, 2)}, {3: text}),
    18: mapping(
        {
            0: STAGE,
            1: array_of(word("local", "locked_out", "tripped", "opened_by_other"), 0, 4),
        }
    ),
    19: mapping({0: integer(1, 5), 1: integer(0, 2**32 - 1), 2: octets(8)}, {3: text}),
    COMMISSIONED_EVENT: mapping({0: HASH, 1: array_of(octets(8), 1, 4)}),
}


def _kind(kind: int, *rest: shape.Shape) -> shape.Shape:
    return array(integer(kind, kind), *rest)


INTERVAL_RECORD = _kind(INTERVAL, SLOT, UINT, INT, QUALITY, octets())
SAMPLE_RECORD = _kind(SAMPLE, SLOT, UINT, QUALITY, octets())
READING_RECORD = _kind(READING, SLOT, UINT, QUALITY, octets())
EVENT_RECORD = either(
    *(_kind(EVENT, UINT, integer(code, code), detail) for code, detail in EVENTS.items())
)
RECORDS = {
    BILLING: array_of(either(INTERVAL_RECORD, EVENT_RECORD, READING_RECORD), 1, 64),
    TELEMETRY: array_of(SAMPLE_RECORD, 1, 64),
}
CLOCK = array(UINT, word("U", "I", "S", "R"), either(UINT, shape.null))


def _body(stream: int) -> shape.Shape:
    return mapping(
        {
            0: integer(1, 1),
            1: octets(8),
            2: COUNT,
            3: integer(stream, stream),
            4: COUNT,
            5: HASH,
            6: HASH,
            7: CLOCK,
            8: RECORDS[stream],
        }
    )


FRAME = either(_body(BILLING), _body(TELEMETRY))


@dataclass(frozen=True)
class Frame:
    """A frame of the right shape. `records` are arrays of the shapes above."""

    message: cose.Message
    gateway: bytes
    epoch: int
    stream: int
    seq: int
    previous: bytes
    configuration: bytes
    records: list[Any]

    @property
    def name(self) -> str:
        stream = STREAMS[self.stream]
        return f"gateway {self.gateway.hex()} epoch {self.epoch} {stream} seq {self.seq}"

    def events(self, code: int) -> list[dict[int, Any]]:
        """The details of the events of this code."""
        return [record[3] for record in self.records if record[0] == EVENT and record[2] == code]


def read_frame(encoded: bytes) -> Frame:
    """Judges everything but the signature; raises Refusal."""
    message = cose.read_bare(encoded, "frame", FRAME)
    body = message.body
    return Frame(message, body[1], body[2], body[3], body[4], body[5], body[6], body[8])
