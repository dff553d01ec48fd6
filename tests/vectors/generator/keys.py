"""Test keys, derived from their public names: worth nothing, for tests only."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from generator.cbor import Item, encode

CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Key:
    """A P-256 key pair. The private number is SHA-256("esep test key: NAME") mod (n-1) + 1."""

    name: str

    @cached_property
    def private_number(self) -> int:
        digest = sha256(f"esep test key: {self.name}".encode()).digest()
        return int.from_bytes(digest, "big") % (CURVE_ORDER - 1) + 1

    @cached_property
    def _private_key(self) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(self.private_number, ec.SECP256R1())

    @property
    def x(self) -> bytes:
        return self._private_key.public_key().public_numbers().x.to_bytes(32, "big")

    @property
    def y(self) -> bytes:
        return self._private_key.public_key().public_numbers().y.to_bytes(32, "big")

    @property
    def cose_key(self) -> dict[Item, Item]:
        return {1: 2, -1: 1, -2: self.x, -3: self.y}

    @property
    def thumbprint(self) -> bytes:
        """RFC 9679."""
        return sha256(encode(self.cose_key)).digest()

    @property
    def key_id(self) -> bytes:
        return self.thumbprint[:8]

    def sign(self, data: bytes) -> bytes:
        """r ‖ s after RFC 6979, s in the lower half."""
        algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(self._private_key.sign(data, algorithm))
        return r.to_bytes(32, "big") + min(s, CURVE_ORDER - s).to_bytes(32, "big")

    def as_json(self) -> dict[str, str]:
        return {
            "name": self.name,
            "d": self.private_number.to_bytes(32, "big").hex(),
            "x": self.x.hex(),
            "y": self.y.hex(),
            "kid": self.key_id.hex(),
            "thumbprint": self.thumbprint.hex(),
        }


@lru_cache
def key(name: str) -> Key:
    return Key(name)


GATEWAY_A = key("gateway a")
GATEWAY_A_SECOND = key("gateway a, after rotation")
GATEWAY_B = key("gateway b")
ROOT = key("root")
RECEIPTS = key("receipts")
ORDERS = key("orders")
CONFIGURATION = key("configuration")
CHECKPOINTS = key("checkpoints")
RELEASE = key("release")
STRANGER = key("stranger")

ALL = (
    GATEWAY_A, GATEWAY_A_SECOND, GATEWAY_B, ROOT, RECEIPTS, ORDERS, CONFIGURATION, CHECKPOINTS,
    RELEASE, STRANGER,
)  # fmt: skip
