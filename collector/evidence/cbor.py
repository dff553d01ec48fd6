"""Deterministic CBOR (RFC 8949 §4.2.1): what does not encode back to itself is refused."""

from collections.abc import Mapping
from typing import Any

import cbor2

from collector.evidence.errors import EvidenceError, Reason

MAX_DEPTH = 8


def encode(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """Decode one deterministic item.

    Raises EvidenceError `malformed` (not CBOR, too deep, bytes left over) or `not_canonical`.
    """
    try:
        value = cbor2.loads(data, max_depth=MAX_DEPTH)
    except Exception as error:  # cbor2 lets errors of its tag decoders through
        raise EvidenceError(Reason.MALFORMED, f"not CBOR: {error}") from error
    try:
        again = cbor2.dumps(value, canonical=True)
    except Exception as error:
        raise EvidenceError(Reason.NOT_CANONICAL, f"not deterministic CBOR: {error}") from error
    if again == data:
        return value
    if data.startswith(again):
        raise EvidenceError(Reason.MALFORMED, f"{len(data) - len(again)} bytes after the item")
    raise EvidenceError(Reason.NOT_CANONICAL, "encoding it again gives other bytes")


def holds_float(value: Any) -> bool:
    """Whether a float stands anywhere in a decoded item: canonical, but never used here."""
    if isinstance(value, float):
        return True
    if isinstance(value, Mapping):
        return any(holds_float(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return any(holds_float(part) for part in value)
    return isinstance(value, cbor2.CBORTag) and holds_float(value.value)
