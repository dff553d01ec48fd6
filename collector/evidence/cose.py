"""COSE_Sign1 (RFC 9052 §4.2) with ES256, as docs/wire-format.md §1 narrows it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import cbor2

from collector.evidence import cbor, shape
from collector.evidence.cbor import shape_error
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.keys import PrivateKey, PublicKey

MAX_MESSAGE = 4096
MAX_CONFIGURATION = 65536
_CERTIFICATE_LABEL = -65537


_CERTIFIED: dict[int, shape.Predicate] = {
    _CERTIFICATE_LABEL: lambda value: type(value) is bytes,
}
_HEADER: dict[int, shape.Predicate] = {
    1: shape.exactly(-7),
    3: shape.text,
    4: shape.data(8),
}


class ContentType(StrEnum):
    FRAME = "application/vnd.esep.frame"
    RECEIPT = "application/vnd.esep.receipt"
    COMMAND = "application/vnd.esep.command"
    CONFIGURATION = "application/vnd.esep.configuration"
    CERTIFICATE = "application/vnd.esep.certificate"
    CHECKPOINT = "application/vnd.esep.checkpoint"
    ENROLMENT = "application/vnd.esep.enrolment"
    CURTAILMENT = "application/vnd.esep.curtailment"
    SCHEDULE = "application/vnd.esep.schedule"
    BUNDLE = "application/vnd.esep.bundle"
    WORK_ORDER = "application/vnd.esep.work-order"
    ACT = "application/vnd.esep.act"
    TECHNICIAN = "application/vnd.esep.technician"


_CONTENT_TYPES = frozenset(map(str, ContentType))


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed message whose signature is not yet verified."""

    kid: bytes
    payload: Any
    certificate: bytes | None
    signed: bytes
    signature: bytes

    def verify(self, key: PublicKey) -> None:
        """Raise EvidenceError `high_s` or `bad_signature`."""
        key.verify(self.signed, self.signature)


def message_hash(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def _protected(content_type: ContentType, kid: bytes) -> bytes:
    return cbor.encode({1: -7, 3: str(content_type), 4: kid})


def _signed(protected: bytes, payload: bytes) -> bytes:
    return cbor.encode(["Signature1", protected, b"", payload])


def seal(
    key: PrivateKey, content_type: ContentType, payload: Any, certificate: bytes | None = None
) -> bytes:
    protected = _protected(content_type, key.public.kid)
    body = cbor.encode(payload)
    signature = key.sign(_signed(protected, body))
    unprotected = {} if certificate is None else {_CERTIFICATE_LABEL: certificate}
    return cbor.encode(cbor2.CBORTag(18, [protected, unprotected, body, signature]))


@lru_cache(maxsize=16_384)
def _header(protected: bytes) -> tuple[str, bytes]:
    """Content type and key-id: the same bytes in every message of a key."""
    header = cbor.decode(protected)
    if not shape.is_map(header, _HEADER):
        raise shape_error("a protected header with ES256, content type and key-id", header)
    if header[3] not in _CONTENT_TYPES:
        raise EvidenceError(Reason.WRONG_SHAPE, f"the content type is {header[3]!r}")
    return header[3], header[4]


def parse(message: bytes, content_type: ContentType, limit: int = MAX_MESSAGE) -> Message:
    """Take a message apart by the rules of docs/wire-format.md §1, all but the signature.

    Raises EvidenceError with `too_long`, `malformed`, `not_canonical` or `wrong_shape`.
    """
    if len(message) > limit:
        raise EvidenceError(Reason.TOO_LONG, f"{len(message)} bytes, the limit is {limit}")
    match cbor.decode(message):
        case cbor2.CBORTag(
            tag=18,
            value=[bytes(protected), Mapping() as unprotected, bytes(payload), bytes(signature)],
        ) if len(signature) == 64:
            pass
        case other:
            raise shape_error("a COSE_Sign1 with a 64-byte signature", other)
    certificate = unprotected.get(_CERTIFICATE_LABEL)
    if unprotected and not shape.is_map(dict(unprotected), _CERTIFIED):
        raise shape_error("an unprotected header that is empty or a certificate", unprotected)
    named, kid = _header(protected)
    if named != content_type:
        raise EvidenceError(Reason.WRONG_SHAPE, f"the content type is {named!r}")
    return Message(kid, cbor.decode(payload), certificate, _signed(protected, payload), signature)
