"""Configurations: what a gateway's slots, buses and stages are (docs/wire-format.cddl)."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from collector.evidence import shape
from collector.evidence.cose import MAX_CONFIGURATION, ContentType
from collector.evidence.downlink import Role, trusted_payload
from collector.evidence.frame import Frame, Stream
from collector.evidence.keys import PublicKey

_ratio = shape.list_of(shape.uint, 2, 2)
_address = shape.span(0, 65535)
_request = shape.row(_address, shape.span(1, 125))
_line = shape.row(shape.uint, shape.span(0, 2), shape.span(1, 2))
_manners = shape.row(
    shape.uint, shape.uint, shape.span(0, 5), lambda value: value is None or _line(value)
)
_measured = shape.row(_address, shape.span(1, 4))
_counted = shape.row(_address, shape.span(1, 4), shape.span(0, 31), shape.uint)
_identity = shape.row(shape.span(3, 4), _address, shape.span(1, 32))
_rtu = shape.row(shape.exactly(0), shape.uint, shape.span(0, 2), shape.span(1, 2))
_tcp = shape.row(shape.exactly(1), shape.text, shape.uint)


def _bus(item: Any) -> bool:
    return _rtu(item) or _tcp(item)


def _quantity(item: Any) -> bool:
    return _measured(item) or _counted(item)


_measure = shape.row(
    shape.span(0, 32),
    *(shape.slot, shape.uint, shape.seq),
    *(shape.slot, shape.span(1, 31), shape.uint, shape.seq),
    shape.uint,
)


def is_meter(item: Any) -> bool:
    return shape.is_map(
        item,
        {
            0: shape.slot,
            1: shape.text,
            2: shape.text,
            3: shape.sha256,
            4: shape.uint,
            5: shape.span(1, 247),
            6: _ratio,
            7: _ratio,
            8: shape.span(3, 4),
            9: _manners,
            10: shape.uint,
            11: shape.list_of(_request, 1, 64),
            12: shape.list_of(_quantity, 1, 64),
            13: shape.list_of(_request, 1, 64),
            14: shape.list_of(_identity, 0, 16),
        },
        {15: _measure},
    )


_coil = shape.row(shape.exactly(0), shape.span(0, 1), shape.exactly(0), shape.exactly(0))
_pulse = shape.row(shape.exactly(1), shape.exactly(1), shape.span(1, 60_000), shape.span(1, 3_600))
_timed_output = shape.row(shape.uint, shape.span(0, 3_600_000))


def _actuator(item: Any) -> bool:
    return _coil(item) or _pulse(item)


def is_stage(item: Any) -> bool:
    return shape.is_map(
        item,
        {0: shape.stage_id, 1: shape.uint, 2: shape.uint, 3: shape.uint, 4: shape.uint},
        {
            5: _actuator,
            6: _timed_output,
            7: _timed_output,
            8: shape.list_of(shape.nullable(shape.uint), 4, 4),
            9: shape.uint,
            10: shape.row(shape.seq, shape.uint),
        },
    )


def _is_configuration(body: Any) -> bool:
    return shape.is_map(
        body,
        {
            0: shape.span(1, 1),
            1: shape.gateway_id,
            2: shape.uint,
            3: shape.unix_ms,
            4: shape.text,
            5: shape.text,
            6: shape.list_of(shape.uint, 3, 3),
            7: shape.list_of(_bus, 1, 8),
            8: shape.list_of(is_meter, 1, 64),
            9: shape.list_of(is_stage, 0, 32),
        },
    )


def read_configuration(message: bytes, root: PublicKey) -> dict[int, Any]:
    """The body of a configuration that the operator signed; raises EvidenceError."""
    body: dict[int, Any] = trusted_payload(
        message,
        ContentType.CONFIGURATION,
        Role.CONFIGURATION,
        root,
        _is_configuration,
        MAX_CONFIGURATION,
    )
    return body


class Versions:
    """The versions of the configurations that frames name, in whatever order they came."""

    def __init__(self) -> None:
        self._seen: dict[tuple[bytes, Stream], dict[tuple[int, int], set[int]]] = defaultdict(dict)

    def add(self, frame: Frame, version: int) -> None:
        names = self._seen[frame.gateway, frame.stream]
        names.setdefault((frame.epoch, frame.seq), set()).add(version)

    def falls(self) -> list[tuple[bytes, Stream, int, int]]:
        """Gateway, stream, epoch and seq of each frame with a lower version than the one before."""
        return sorted(
            (gateway, stream, *name)
            for (gateway, stream), versions in self._seen.items()
            for (_, before), (name, here) in pairwise(sorted(versions.items()))
            if min(here) < max(before)
        )
