"""Schedules, and whether one was issued for what a gateway says it holds (§6.1)."""

from dataclasses import dataclass

from auditor import cose
from auditor.cbor import Item
from auditor.frames import COUNT, HASH, SCHEDULE_EVENT, UINT, Frame
from auditor.keys import PublicKey
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.shape import Shape, array, array_of, either, integer, mapping, null, octets, text

OBSERVE, ENFORCE, REFUSED = 0, 1, 2
UINT32 = integer(0, 2**32 - 1)
LIMIT = array(UINT32, UINT32)
REDUCTION = array(
    either(HASH, null),
    array(UINT, UINT),
    integer(5000, 2**32 - 1),
    UINT32,
    array_of(integer(1, 32), 1, 32),
)
MANNERS = array(UINT32, UINT32, UINT32, integer(1000, 10_000), UINT32)


def _periods(item: Item) -> str | None:
    fits = type(item) is bytes and 8 <= len(item) <= 384 and len(item) % 8 == 0
    return None if fits else "not 8 bytes for each of 1 to 48 periods"


def _body(mode: int, authority: Shape) -> Shape:
    return mapping(
        {
            0: VERSION,
            1: octets(8),
            2: COUNT,
            3: UINT,
            4: UINT,
            5: integer(mode, mode),
            6: authority,
            7: UINT,
            8: integer(1, 86_400_000),
            9: _periods,
            10: UINT,
            11: LIMIT,
            12: array(text, UINT32, UINT32, UINT32, UINT32),
            13: MANNERS,
        },
        {14: array(UINT, UINT, UINT32, UINT32), 15: REDUCTION},
    )


SCHEDULE = either(_body(OBSERVE, either(HASH, null)), _body(ENFORCE, HASH))


@dataclass(frozen=True)
class Schedule:
    """What ties a schedule to a gateway's event."""

    hash: bytes
    gateway: bytes
    serial: int
    mode: int


def read_schedule(encoded: bytes, root: PublicKey) -> Schedule:
    """Judged at the time it was issued; raises Refusal."""
    message = cose.read_certified(encoded, "schedule", SCHEDULE)
    body = message.body
    check_operator(message, "orders", body[3], root)
    return Schedule(message.hash, body[1], body[2], body[5])


def check_schedules(frame: Frame, issued: set[Schedule]) -> None:
    """Raises Refusal `unknown_schedule`: the gateway took what is not in the folder."""
    for event in frame.events(SCHEDULE_EVENT):
        if event[2] == REFUSED:
            continue
        if Schedule(event[0], frame.gateway, event[1], event[2]) not in issued:
            raise Refusal("unknown_schedule", f"serial number {event[1]}, {event[0].hex()}")
