"""Configurations, and whether the readings in a frame are those of the meters they name (§4.1)."""

from dataclasses import dataclass
from typing import Any

from auditor import cose
from auditor.frames import COUNT, HASH, INTERVAL, READING, SAMPLE, SLOT, STAGE, UINT, Frame
from auditor.keys import PublicKey
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.shape import array, array_of, either, integer, mapping, null, octets, text

MAX_BYTES = 65536
RATIO = array(UINT, UINT)
PARITY = integer(0, 2)
STOP_BITS = integer(1, 2)
SERIAL_BUS = array(integer(0, 0), UINT, PARITY, STOP_BITS)
TCP_BUS = array(integer(1, 1), text, UINT)
ADDRESS = integer(0, 65535)
REQUESTS = array_of(array(ADDRESS, integer(1, 125)), 1, 64)
FUNCTION = integer(3, 4)
MANNERS = array(UINT, UINT, integer(0, 5), either(null, array(UINT, PARITY, STOP_BITS)))
QUANTITY = either(
    array(ADDRESS, integer(1, 4)), array(ADDRESS, integer(1, 4), integer(0, 31), UINT)
)
METER = mapping(
    {
        0: SLOT,
        1: text,
        2: text,
        3: HASH,
        4: UINT,
        5: integer(1, 247),
        6: RATIO,
        7: RATIO,
        8: FUNCTION,
        9: MANNERS,
        10: UINT,
        11: REQUESTS,
        12: array_of(QUANTITY, 1, 64),
        13: REQUESTS,
        14: array_of(array(FUNCTION, ADDRESS, integer(1, 32)), 0, 16),
    },
    {15: array(integer(0, 32), SLOT, UINT, COUNT, SLOT, integer(1, 31), UINT, COUNT, UINT)},
)
ACTUATOR = either(
    array(integer(0, 0), integer(0, 1), integer(0, 0), integer(0, 0)),
    array(integer(1, 1), integer(1, 1), integer(1, 60_000), integer(1, 3_600)),
)
TIMED_OUTPUT = array(UINT, integer(0, 3_600_000))
INPUT = either(UINT, null)
STAGE_OF_SITE = mapping(
    {0: STAGE, 1: UINT, 2: UINT, 3: UINT, 4: UINT},
    {
        5: ACTUATOR,
        6: TIMED_OUTPUT,
        7: TIMED_OUTPUT,
        8: array(INPUT, INPUT, INPUT, INPUT),
        9: UINT,
        10: array(COUNT, UINT),
    },
)
CONFIGURATION = mapping(
    {
        0: VERSION,
        1: octets(8),
        2: UINT,
        3: UINT,
        4: text,
        5: text,
        6: array(UINT, UINT, UINT),
        7: array_of(either(SERIAL_BUS, TCP_BUS), 1, 8),
        8: array_of(METER, 1, 64),
        9: array_of(STAGE_OF_SITE, 0, 32),
    }
)

NO_BYTES = (2, 3)
"""Qualities (no answer, exception) of which `raw` holds nothing."""
WORST_QUALITY = 5


@dataclass(frozen=True)
class Quantity:
    registers: int
    is_in_intervals: bool


@dataclass(frozen=True)
class Configuration:
    """Of whom it is, and what it says of the meters: by slot, their quantities in order."""

    hash: bytes
    gateway: bytes
    version: int
    zone: str
    meters: dict[int, list[Quantity]]


def read_configuration(encoded: bytes, root: PublicKey) -> Configuration:
    """Judged at the time it was issued; raises Refusal."""
    message = cose.read_certified(encoded, "configuration", CONFIGURATION, MAX_BYTES)
    body = message.body
    check_operator(message, "configuration", body[3], root)
    meters = {meter[0]: [Quantity(q[1], len(q) == 4) for q in meter[12]] for meter in body[8]}
    return Configuration(message.hash, body[1], body[2], body[5], meters)


def configuration_of(frame: Frame, configurations: dict[bytes, Configuration]) -> Configuration:
    """The configuration that the frame names; raises Refusal `unknown_configuration`."""
    configuration = configurations.get(frame.configuration)
    if configuration is None or configuration.gateway != frame.gateway:
        raise Refusal("unknown_configuration", f"{frame.configuration.hex()} is not in the folder")
    return configuration


def check_readings(frame: Frame, configuration: Configuration) -> None:
    """Raises Refusal `wrong_reading`."""
    for record in frame.records:
        if record[0] in (INTERVAL, SAMPLE, READING):
            _check_reading(record, configuration)


def _check_reading(record: list[Any], configuration: Configuration) -> None:
    kind, slot, quality, raw = record[0], record[1], record[-2], record[-1]
    if slot not in configuration.meters:
        raise Refusal("wrong_reading", f"no meter {slot} in configuration {configuration.version}")
    quantities = [
        quantity
        for quantity in configuration.meters[slot]
        if kind == SAMPLE or quantity.is_in_intervals
    ]
    qualities = bytes(len(quantities)) if quality is None else quality
    if len(qualities) != len(quantities) or max(qualities, default=0) > WORST_QUALITY:
        raise Refusal("wrong_reading", f"meter {slot}: quality {qualities.hex()} is not of it")
    expected = sum(
        2 * quantity.registers
        for quantity, state in zip(quantities, qualities, strict=True)
        if state not in NO_BYTES
    )
    if len(raw) != expected:
        raise Refusal("wrong_reading", f"meter {slot}: {len(raw)} bytes, {expected} are due")
