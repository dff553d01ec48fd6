"""P-256 keys: names, files, and the raw signature form COSE uses."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from collector.evidence.errors import EvidenceError, Reason

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(hashes.SHA256())
_ECDSA_RFC6979 = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


def check_mode(path: Path) -> None:
    """Raise PermissionError when anybody but the owner of a private key's file may read it.

    What systemd hands over as a credential it guards itself, by an access list that a mode shows as
    the group's.
    """
    guarded = os.environ.get("CREDENTIALS_DIRECTORY")
    if guarded is not None and path.parent == Path(guarded):
        return
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} is readable by others: chmod 600 {path}")


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read; raise FileExistsError when it is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


class PublicKey:
    """A P-256 point. `raw` is x || y, 64 bytes."""

    def __init__(self, raw: bytes) -> None:
        """Raise ValueError when `raw` is not a point of the curve."""
        if len(raw) != 64:
            raise ValueError(f"a public key has 64 bytes, not {len(raw)}")
        self.raw = raw
        self._key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)

    @property
    def thumbprint(self) -> bytes:
        """RFC 9679: SHA-256 of the deterministic COSE_Key."""
        return hashlib.sha256(
            b"\xa4\x01\x02\x20\x01\x21\x58\x20" + self.raw[:32] + b"\x22\x58\x20" + self.raw[32:]
        ).digest()

    @property
    def kid(self) -> bytes:
        return self.thumbprint[:8]

    def cose_key(self) -> dict[int, int | bytes]:
        return {1: 2, -1: 1, -2: self.raw[:32], -3: self.raw[32:]}

    @classmethod
    def from_cose_key(cls, key: object) -> "PublicKey":
        """Raise EvidenceError `wrong_shape`, or `bad_signature` for no point of the curve."""
        if (
            isinstance(key, dict)
            and set(key) == {1, -1, -2, -3}
            and all(type(item) is int for item in (*key, key[1], key[-1]))
            and (key[1], key[-1]) == (2, 1)
            and isinstance(key[-2], bytes)
            and isinstance(key[-3], bytes)
            and (len(key[-2]), len(key[-3])) == (32, 32)
        ):
            try:
                return cls(key[-2] + key[-3])
            except ValueError as error:
                raise EvidenceError(Reason.BAD_SIGNATURE, "not a point of P-256") from error
        raise EvidenceError(Reason.WRONG_SHAPE, "not a COSE key on P-256")

    def verify(self, data: bytes, signature: bytes) -> None:
        """Check a 64-byte r || s over SHA-256 of `data`; raise `high_s` or `bad_signature`."""
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        if s > ORDER // 2 and s < ORDER:
            raise EvidenceError(Reason.HIGH_S, "s is above (n-1)/2: the same frame re-signed")
        try:
            self._key.verify(encode_dss_signature(r, s), data, _ECDSA)
        except InvalidSignature as error:
            raise EvidenceError(Reason.BAD_SIGNATURE, "the signature does not verify") from error


@dataclass(frozen=True)
class PrivateKey:
    """A signing key of the operator."""

    _key: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> "PrivateKey":
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, path: Path, passphrase: bytes | None = None) -> "PrivateKey":
        """Read a PEM file; raise PermissionError when others may read it too.

        Raises ValueError, or TypeError when it has a passphrase and none is given, or the reverse.
        """
        check_mode(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{path} does not hold a P-256 key")
        return cls(key)

    def save(self, path: Path, passphrase: bytes | None = None) -> None:
        """Write a PEM file that only its owner can read; an existing file is never replaced."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption(),
        )
        write_private(path, pem)

    @property
    def public(self) -> PublicKey:
        point = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return PublicKey(point[1:])

    def sign(self, data: bytes) -> bytes:
        """ECDSA over SHA-256 with an RFC 6979 nonce, low s, as r || s."""
        r, s = decode_dss_signature(self._key.sign(data, _ECDSA_RFC6979))
        return r.to_bytes(32) + min(s, ORDER - s).to_bytes(32)
