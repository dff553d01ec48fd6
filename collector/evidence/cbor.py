"""Deterministic CBOR (RFC 8949 §4.2.1): what does not encode back to itself is refused."""

from typing import Any

import cbor2

from collector.evidence import strict
from collector.evidence.errors import EvidenceError, Reason

_TEXTS = {
    Reason.MALFORMED: "it is not one whole CBOR item",
    Reason.NOT_CANONICAL: "it is not in deterministic encoding",
    Reason.WRONG_SHAPE: "it holds something that the grammar does not name",
}


def encode(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Any:
    """Decode one deterministic item; raises EvidenceError.

    Fast for what is as it must be: decoded and encoded again by cbor2, whose order of keys is
    the right one for the one-byte keys of our grammar. Only a refusal is looked into.
    """
    try:
        value = cbor2.loads(data, max_depth=strict.MAX_DEPTH)
        if cbor2.dumps(value, canonical=True) == data:
            return value
    except Exception as error:  # cbor2 lets errors of its tag decoders through
        raise _refusal(data) from error
    raise _refusal(data)


def _refusal(data: bytes) -> EvidenceError:
    reason = strict.fault(data) or Reason.WRONG_SHAPE
    return EvidenceError(reason, _TEXTS[reason])


def shape_error(wanted: str, found: Any) -> EvidenceError:
    """The error for a decoded item that is not as the grammar says."""
    reason = strict.fault(cbor2.dumps(found))
    if reason is not None:
        return EvidenceError(reason, _TEXTS[reason])
    return EvidenceError(Reason.WRONG_SHAPE, f"expected {wanted}")
