"""Frames: what a gateway signs (docs/wire-format.md §4)."""

from dataclasses import dataclass
from enum import IntEnum
from types import NoneType
from typing import Any, NamedTuple

import cbor2

from collector.evidence import shape
from collector.evidence.cbor import shape_error
from collector.evidence.cose import ContentType, Message, parse

ZERO_HASH = bytes(32)


class Stream(IntEnum):
    BILLING = 0
    TELEMETRY = 1


class EventCode(IntEnum):
    BOOT = 1
    CLOCK = 2
    CONFIGURATION = 3
    COMMAND = 4
    STAGE = 5
    METER = 6
    DROPPED = 7
    EPOCH = 8
    FAULT = 9
    IDENTITY = 10
    REGISTER = 11
    KEY = 12
    RETIRED = 13
    HEALTH = 14
    CADENCE = 15
    LIMITER = 16
    SCHEDULE = 17
    INTERLOCK = 18
    FIRMWARE = 19
    COMMISSIONED = 20


class CommandPhase(IntEnum):
    RECEIVED = 1
    APPLIED = 2
    REFUSED = 3
    FAILED = 4
    RESTORED = 5


class Quality(IntEnum):
    GOOD = 0
    STALE = 1
    NO_ANSWER = 2
    EXCEPTION = 3
    OUT_OF_RANGE = 4
    DOUBTFUL = 5


@dataclass(frozen=True, slots=True)
class Clock:
    at_ms: int
    letter: str
    sync_age_s: int | None


@dataclass(frozen=True, slots=True)
class Interval:
    """Register snapshot for a clock boundary, read `offset_ms` after it."""

    slot: int
    boundary_ms: int
    offset_ms: int
    quality: bytes | None
    raw: bytes


class Sample(NamedTuple):
    """A tuple, since most of what comes is samples: it is made in half the time of the others."""

    slot: int
    read_ms: int
    quality: bytes | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """Register snapshot that a command asked for."""

    slot: int
    read_ms: int
    quality: bytes | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class Event:
    at_ms: int
    code: EventCode
    detail: dict[int, Any]


Record = Interval | Sample | Reading | Event


@dataclass(frozen=True, slots=True)
class Frame:
    gateway: bytes
    epoch: int
    stream: Stream
    seq: int
    prev: bytes
    configuration: bytes
    clock: Clock
    records: tuple[Record, ...]


_QUALITIES = bytes(Quality)


def _quality(value: Any) -> bool:
    return value is None or (
        type(value) is bytes and 1 <= len(value) <= 64 and not value.translate(None, _QUALITIES)
    )


_CAUSES = ("command", "ramp", "expiry", "boot", "local", "limit")
_LIMITER_STATE = shape.row(shape.span(0, 4), shape.span(0, 4))
INTERLOCKS = ("local", "locked_out", "tripped", "opened_by_other")
_EVENTS: dict[int, tuple[dict[int, shape.Predicate], dict[int, shape.Predicate]]] = {
    EventCode.BOOT: (
        {
            0: shape.one_of("power", "software", "watchdog", "unknown"),
            1: shape.text,
            2: shape.text,
            3: shape.sha256,
        },
        {4: shape.one_of("safe")},
    ),
    EventCode.CLOCK: ({0: shape.unix_ms, 1: shape.unix_ms, 2: shape.text}, {}),
    EventCode.CONFIGURATION: ({0: shape.sha256, 1: shape.uint}, {}),
    EventCode.COMMAND: (
        {0: shape.order_id, 1: shape.uint, 2: shape.span(1, 5)},
        {3: shape.text, 4: shape.list_of(shape.stage_id, 0, 32), 5: shape.uint},
    ),
    EventCode.STAGE: (
        {0: shape.stage_id, 1: shape.span(0, 1), 2: shape.one_of(*_CAUSES)},
        {3: shape.order_id},
    ),
    EventCode.METER: ({0: shape.slot, 1: shape.span(0, 1)}, {2: shape.text}),
    EventCode.DROPPED: (
        {0: shape.span(1, 1), 1: shape.epoch, 2: shape.seq, 3: shape.seq},
        {},
    ),
    EventCode.EPOCH: (
        {0: shape.nullable(shape.epoch), 1: shape.text},
        {
            2: shape.row(shape.epoch, shape.span(0, 2**32 - 1), shape.sha256),
            3: shape.list_of(
                shape.row(shape.span(0, 1), shape.epoch, shape.seq, shape.sha256), 1, 16
            ),
        },
    ),
    EventCode.FAULT: ({0: shape.text, 1: shape.text}, {}),
    EventCode.IDENTITY: ({0: shape.slot, 1: _quality, 2: shape.octets}, {}),
    EventCode.REGISTER: ({0: shape.slot, 1: shape.uint, 2: shape.octets, 3: shape.octets}, {}),
    EventCode.KEY: ({0: shape.octets, 1: shape.row(shape.epoch, shape.seq, shape.seq)}, {}),
    EventCode.RETIRED: ({0: shape.text}, {}),
    EventCode.HEALTH: (
        {
            0: shape.uint,
            1: shape.uint,
            2: shape.uint,
            3: shape.row(shape.uint, shape.uint),
            4: shape.row(shape.nullable(shape.uint), shape.nullable(shape.uint)),
            5: shape.uint,
            6: shape.nullable(shape.integer),
            7: shape.list_of(shape.row(shape.uint, shape.uint), 0, 8),
            8: shape.nullable(shape.integer),
        },
        {},
    ),
    EventCode.CADENCE: ({0: shape.uint}, {}),
    EventCode.LIMITER: (
        {
            0: _LIMITER_STATE,
            1: _LIMITER_STATE,
            2: shape.text,
            3: shape.nullable(shape.row(shape.nullable(shape.uint), shape.uint)),
            4: shape.nullable(shape.row(shape.uint, shape.uint, shape.uint)),
            5: shape.span(0, 1),
            6: shape.uint,
            7: shape.list_of(shape.stage_id, 0, 32),
        },
        {8: shape.order_id},
    ),
    EventCode.SCHEDULE: (
        {0: shape.sha256, 1: shape.uint, 2: shape.span(0, 2)},
        {3: shape.text},
    ),
    EventCode.INTERLOCK: (
        {0: shape.stage_id, 1: shape.list_of(shape.one_of(*INTERLOCKS), 0, 4)},
        {},
    ),
    EventCode.FIRMWARE: (
        {0: shape.span(1, 5), 1: shape.uint32, 2: shape.data(8)},
        {3: shape.text},
    ),
    EventCode.COMMISSIONED: ({0: shape.sha256, 1: shape.list_of(shape.data(8), 1, 4)}, {}),
}


_SAMPLE, _EVENT = 2, 3
_SLOTS = range(64)
_KINDS: dict[int, type[Interval | Sample | Reading]] = {1: Interval, 2: Sample, 4: Reading}


def _record(item: Any) -> Record | None:
    if type(item) is not list or not item or type(item[0]) is not int:
        return None
    if item[0] == _SAMPLE:
        return _sample(item)
    match item:
        case [1, slot, boundary_ms, offset_ms, quality, bytes(raw)] if (
            shape.slot(slot)
            and shape.unix_ms(boundary_ms)
            and shape.integer(offset_ms)
            and _quality(quality)
        ):
            return Interval(slot, boundary_ms, offset_ms, quality, raw)
        case [4, slot, read_ms, quality, bytes(raw)] if (
            shape.slot(slot) and shape.unix_ms(read_ms) and _quality(quality)
        ):
            return Reading(slot, read_ms, quality, raw)
        case [3, at_ms, code, detail] if (
            shape.unix_ms(at_ms)
            and type(code) is int
            and code in _EVENTS
            and shape.is_map(detail, *_EVENTS[code])
        ):
            return Event(at_ms, EventCode(code), detail)
    return None


def _sample(item: list[Any]) -> Sample | None:
    """Most of what comes is samples: judged without a call for each of their parts."""
    if len(item) != 5:
        return None
    _, slot, read_ms, quality, raw = item
    if (
        type(slot) is int
        and slot in _SLOTS
        and type(raw) is bytes
        and shape.unix_ms(read_ms)
        and _quality(quality)
    ):
        return Sample(slot, read_ms, quality, raw)
    return None


def _clock(item: Any) -> Clock | None:
    match item:
        case [at_ms, "U" | "I" | "S" | "R" as letter, age] if shape.unix_ms(at_ms) and (
            age is None or shape.uint(age)
        ):
            return Clock(at_ms, letter, age)
    return None


_BODY: dict[int, shape.Predicate] = {
    0: shape.span(1, 1),
    1: shape.gateway_id,
    2: shape.epoch,
    3: shape.span(0, 1),
    4: shape.seq,
    5: shape.sha256,
    6: shape.sha256,
    7: lambda value: type(value) is list,
    8: lambda value: type(value) is list and 1 <= len(value) <= 64,
}


def read_frame(message: bytes) -> tuple[Message, Frame]:
    """Take a frame apart, all rules but the signature; raises EvidenceError."""
    parsed = parse(message, ContentType.FRAME)
    if parsed.certificate is not None:
        raise shape_error("an empty unprotected header", parsed.certificate)
    body = parsed.payload
    if not shape.is_map(body, _BODY):
        raise shape_error("a frame body", body)
    clock = _clock(body[7])
    records = tuple(map(_record, body[8]))
    kinds = list(map(type, records))
    if clock is None or NoneType in kinds:
        raise shape_error("a clock and intervals, readings, events or samples", body)
    stream = Stream(body[3])
    if kinds.count(Sample) != (len(records) if stream is Stream.TELEMETRY else 0):
        raise shape_error("samples in telemetry and everything else in billing", body)
    return parsed, _frame(body, stream, clock, records)


def kept_frame(message: bytes, *, with_samples: bool = True) -> Frame:
    """What a frame of the ledger says. It was judged when it was admitted, and is not again."""
    body = cbor2.loads(cbor2.loads(message).value[2])
    stream = Stream(body[3])
    is_read = with_samples or stream is Stream.BILLING
    records = tuple(map(_kept_record, body[8])) if is_read else ()
    return _frame(body, stream, Clock(*body[7]), records)


def _frame(body: Any, stream: Stream, clock: Clock, records: tuple[Any, ...]) -> Frame:
    return Frame(body[1], body[2], stream, body[4], body[5], body[6], clock, records)


def _kept_record(item: list[Any]) -> Record:
    if item[0] == _EVENT:
        return Event(item[1], EventCode(item[2]), item[3])
    return _KINDS[item[0]](*item[1:])
