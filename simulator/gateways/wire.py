"""Messages of docs/wire-format.md §1: signed with a gateway's key, believed of the operator."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_KIND = "application/vnd.esep."
FRAME, COMMAND, CERTIFICATE = _KIND + "frame", _KIND + "command", _KIND + "certificate"
_ENROLMENT = _KIND + "enrolment"
_CERTIFIED = -65537
_SIGN1 = 18
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ES256 = ec.ECDSA(hashes.SHA256())


class RefusedError(ValueError):
    """A message that is not believed; the text is the reason code."""


def canonical(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def digest(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


class Key:
    """A gateway's: signs its frames. `id` is the key-id, by which the gateway is named."""

    def __init__(self, private: ec.EllipticCurvePrivateKey) -> None:
        self._private = private
        point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.cose: dict[int, int | bytes] = {1: 2, -1: 1, -2: point[1:33], -3: point[33:]}
        self.id = digest(canonical(self.cose))[:8]
        self._protected = {kind: _header(kind, self.id) for kind in (FRAME, _ENROLMENT)}

    def enrolment(self, hardware: str) -> bytes:
        return self.seal(_ENROLMENT, {0: 1, 1: self.cose, 2: hardware})

    def seal(self, kind: str, payload: Any) -> bytes:
        protected, body = self._protected[kind], canonical(payload)
        r, s = decode_dss_signature(self._private.sign(_signed(protected, body), _ES256))
        signature = r.to_bytes(32, "big") + min(s, _N - s).to_bytes(32, "big")
        return canonical(cbor2.CBORTag(_SIGN1, [protected, {}, body, signature]))


@dataclass(frozen=True)
class Root:
    """The operator's, as it was provisioned: `public` is 64 bytes, x and y."""

    public: bytes

    def command(self, message: bytes, now_ms: int) -> Mapping[int, Any]:
        """The body of a command that a key certified for orders signed; raises RefusedError."""
        certificate, kid, body = _parsed(message, COMMAND)
        if certificate is None:
            raise RefusedError("wrong_shape")
        _, issuer, certified = _parsed(certificate, CERTIFICATE)
        _verify(certificate, _public(self.public), issuer, _key_id(self.public))
        key = certified[2]
        public: bytes = key[-2] + key[-3]
        is_valid = certified[1] == "orders" and certified[3] <= now_ms < certified[4]
        if not is_valid:
            raise RefusedError("bad_signature")
        _verify(message, _public(public), kid, _key_id(public))
        return body


def _parsed(message: bytes, kind: str) -> tuple[bytes | None, bytes, Mapping[int, Any]]:
    """The certificate with it, the key-id of who signed it, its body."""
    try:
        tagged = cbor2.loads(message)
        protected, unprotected, payload, _ = tagged.value
        header, body = cbor2.loads(protected), cbor2.loads(payload)
        certificate = unprotected.get(_CERTIFIED)
    except (ValueError, TypeError, AttributeError, EOFError):
        raise RefusedError("malformed") from None
    if tagged.tag != _SIGN1 or header.get(3) != kind or canonical(tagged) != message:
        raise RefusedError("wrong_shape")
    return certificate, header[4], body


def _verify(message: bytes, public: ec.EllipticCurvePublicKey, kid: bytes, expected: bytes) -> None:
    protected, _, payload, signature = cbor2.loads(message).value
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if s > _N // 2:
        raise RefusedError("high_s")
    try:
        public.verify(encode_dss_signature(r, s), _signed(protected, payload), _ES256)
    except InvalidSignature:
        raise RefusedError("bad_signature") from None
    if kid != expected:
        raise RefusedError("bad_signature")


def _header(kind: str, kid: bytes) -> bytes:
    return canonical({1: -7, 3: kind, 4: kid})


def _signed(protected: bytes, payload: bytes) -> bytes:
    return canonical(["Signature1", protected, b"", payload])


def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)


def _key_id(point: bytes) -> bytes:
    return digest(canonical({1: 2, -1: 1, -2: point[:32], -3: point[32:]}))[:8]
