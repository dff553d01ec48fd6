"""An operator made for the tests: root, roles, and the messages that they sign."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CERTIFICATE_HEADER = -65537
YEAR_MS = 365 * 86_400_000

Body = dict[int, Any]


def encode(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


class Key:
    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        numbers = self._private.public_key().public_numbers()
        self.public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        self.cose_key = {1: 2, -1: 1, -2: self.public[:32], -3: self.public[32:]}
        self.kid = sha256(encode(self.cose_key)).digest()[:8]

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self._private.sign(data, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")


def seal(signer: Key, kind: str, body: Body, certificate: bytes | None = None) -> bytes:
    protected = encode({1: -7, 3: f"application/vnd.esep.{kind}", 4: signer.kid})
    payload = encode(body)
    signature = signer.sign(encode(["Signature1", protected, b"", payload]))
    unprotected = {} if certificate is None else {CERTIFICATE_HEADER: certificate}
    return encode(cbor2.CBORTag(18, [protected, unprotected, payload, signature]))


def opened(message: bytes, cose_key: dict[int, Any]) -> Body:
    """The body of a message that this key must have signed. Raises InvalidSignature."""
    protected, unprotected, payload, signature = cbor2.loads(message).value
    x, y = (int.from_bytes(cose_key[axis], "big") for axis in (-2, -3))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    if s > ORDER // 2 or unprotected:
        raise InvalidSignature
    signed = encode(["Signature1", protected, b"", payload])
    public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
    body: Body = cbor2.loads(payload)
    assert encode(body) == payload
    return body


@dataclass
class Authority:
    root: Key = field(default_factory=Key)
    roles: dict[str, Key] = field(default_factory=dict)
    until_ms: int = 100 * YEAR_MS

    def issue(self, role: str, kind: str, body: Body) -> bytes:
        """A message by the key of this role, with its certificate."""
        key = self.roles.setdefault(role, Key())
        certificate = {0: 1, 1: role, 2: key.cose_key, 3: 0, 4: self.until_ms}
        return seal(key, kind, body, seal(self.root, "certificate", certificate))
