"""Public keys and their names (docs/wire-format.md §1, RFC 9679)."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from auditor import p256, shape
from auditor.cbor import byte_string

COSE_KEY = shape.mapping(
    {1: shape.integer(2, 2), -1: shape.integer(1, 1), -2: shape.octets(32), -3: shape.octets(32)}
)


@dataclass(frozen=True)
class PublicKey:
    """A P-256 key: x and y, 32 bytes each, not judged to be on the curve."""

    x: bytes
    y: bytes

    @classmethod
    def from_cose(cls, item: dict[int, Any]) -> "PublicKey":
        """The key in an item of shape COSE_KEY."""
        return cls(item[-2], item[-3])

    @property
    def point(self) -> p256.Affine:
        return int.from_bytes(self.x, "big"), int.from_bytes(self.y, "big")

    @cached_property
    def thumbprint(self) -> bytes:
        """SHA-256 of the encoding of {1: 2, -1: 1, -2: x, -3: y}."""
        head = b"\xa4\x01\x02\x20\x01"
        return sha256(head + b"\x21" + byte_string(self.x) + b"\x22" + byte_string(self.y)).digest()

    @property
    def key_id(self) -> bytes:
        return self.thumbprint[:8]
