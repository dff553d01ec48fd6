"""Messages of the wire: tagged COSE_Sign1, ES256, deterministic CBOR (docs/wire-format.md §1)."""

import asyncio
import hashlib

from micropython import const

from gateway import cbor, p256

FRAME = "application/vnd.esep.frame"
RECEIPT = "application/vnd.esep.receipt"
COMMAND = "application/vnd.esep.command"
CONFIGURATION = "application/vnd.esep.configuration"
CERTIFICATE = "application/vnd.esep.certificate"
CHECKPOINT = "application/vnd.esep.checkpoint"
ENROLMENT = "application/vnd.esep.enrolment"
SCHEDULE = "application/vnd.esep.schedule"
BUNDLE = "application/vnd.esep.bundle"

MAX_MESSAGE = const(4096)
MAX_CONFIGURATION = const(65536)

_SIGN1 = const(18)
_ALG = const(1)
_CONTENT_TYPE = const(3)
_KID = const(4)
_ES256 = const(-7)
_CERTIFICATE_HEADER = const(-65537)


# Who seals a message or judges one takes several times its bytes of the heap, for as long as the
# curve takes: one after another. None is later by it, since all share the processor.
turn = asyncio.Lock()


class WireError(Exception):
    """A message that is refused; `reason` is a code of docs/wire-format.md."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Message:
    """What a message says; its signature is not yet verified."""

    def __init__(self, kid, payload, digest, signature, certificate) -> None:
        self.kid = kid  # 8 bytes
        self.payload = payload  # decoded
        self.digest = digest  # 32 bytes: what the signature signs
        self.signature = signature  # 64 bytes
        self.certificate = certificate  # a certificate message, or None


def _protected(content_type: str, kid: bytes) -> bytes:
    return cbor.encode({_ALG: _ES256, _CONTENT_TYPE: content_type, _KID: kid})


def _digest(protected: bytes, payload: bytes) -> bytes:
    structure = signed(protected, len(payload))
    structure.update(payload)
    return structure.digest()


def signed(protected: bytes, payload_bytes: int):
    """The Sig_structure of RFC 9052 §4.4, up to the payload, in a SHA-256."""
    structure = hashlib.sha256(cbor.head(4, 4) + cbor.encode("Signature1"))
    structure.update(cbor.encode(protected) + cbor.encode(b"") + cbor.head(2, payload_bytes))
    return structure


def size(content_type: str, payload_bytes: int) -> int:
    """Bytes of the sealed message around a payload of so many bytes."""
    protected = cbor.encode(_protected(content_type, bytes(8)))
    return 3 + len(protected) + len(cbor.head(2, payload_bytes)) + payload_bytes + 66


async def seal(signer, content_type: str, payload: bytes) -> bytes:
    """The message around an encoded payload. `signer` has `kid` and `async sign(digest)`."""
    protected = _protected(content_type, signer.kid)
    signature = await signer.sign(_digest(protected, payload))
    return cbor.encode(cbor.Tag(_SIGN1, [protected, {}, payload, signature]))


def parse(buf, content_type: str, limit: int) -> Message:
    """Everything but the signature and the grammar of the body. Raises WireError."""
    if len(buf) > limit:
        raise WireError("too_long")
    envelope, canonical = read(buf)
    protected, unprotected, payload, signature = _parts(envelope, canonical)
    header, header_canonical = read(protected)
    body, body_canonical = read(payload)
    if not (canonical and header_canonical and body_canonical):
        raise WireError("not_canonical")
    kid = kid_in(header, content_type)
    certificate = certificate_in(unprotected)
    if not isinstance(body, dict) or body.get(0) != 1 or body[0] is True:
        raise WireError("wrong_shape")
    return Message(kid, body, _digest(protected, payload), signature, certificate)


async def verify(message: Message, public64: bytes) -> None:
    """Raises WireError unless this key signed the message."""
    if p256.is_high_s(message.signature):
        raise WireError("high_s")
    if not await p256.verify(public64, message.digest, message.signature):
        raise WireError("bad_signature")


def read(buf) -> tuple:
    """As cbor.read, with the reason of the wire."""
    try:
        return cbor.read(buf)
    except ValueError:
        raise WireError("malformed")


def _parts(envelope, canonical: bool) -> list:
    """[protected, unprotected, payload, signature]"""
    if isinstance(envelope, cbor.Tag) and envelope.number == _SIGN1:
        parts = envelope.value
        if isinstance(parts, list) and len(parts) == 4:
            protected, unprotected, payload, signature = parts
            if (
                isinstance(protected, bytes)
                and isinstance(unprotected, dict)
                and isinstance(payload, bytes)
                and isinstance(signature, bytes)
                and len(signature) == 64
            ):
                return parts
    raise WireError("wrong_shape" if canonical else "not_canonical")


def kid_in(header, content_type: str) -> bytes:
    """The key-id in a protected header."""
    if not isinstance(header, dict) or len(header) != 3:
        raise WireError("wrong_shape")
    if header.get(_ALG) != _ES256 or header.get(_CONTENT_TYPE) != content_type:
        raise WireError("wrong_shape")
    kid = header.get(_KID)
    if not isinstance(kid, bytes) or len(kid) != 8:
        raise WireError("wrong_shape")
    return kid


def certificate_in(unprotected: dict):
    """The certificate message in an unprotected header, or None."""
    if not unprotected:
        return None
    certificate = unprotected.get(_CERTIFICATE_HEADER)
    if len(unprotected) != 1 or not isinstance(certificate, bytes):
        raise WireError("wrong_shape")
    return certificate
