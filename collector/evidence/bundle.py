"""Bundles: the application's image, and what the operator's release key says of it (§8)."""

import hashlib
from dataclasses import dataclass
from typing import Any

from collector.evidence import cbor, shape
from collector.evidence.cbor import shape_error
from collector.evidence.cose import ContentType
from collector.evidence.downlink import Role, Signer, trusted_payload
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.keys import PublicKey

MAX_IMAGE = 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """`number` rises from release to release; `firmware_hash` is that of a boot event."""

    number: int
    version: str
    signed_ms: int
    image_sha256: bytes
    image_bytes: int
    firmware_hash: bytes

    @classmethod
    def of(
        cls, image: bytes, number: int, version: str, signed_ms: int, firmware_hash: bytes
    ) -> "Bundle":
        digest = hashlib.sha256(image).digest()
        return cls(number, version, signed_ms, digest, len(image), firmware_hash)

    def message(self, signer: Signer) -> bytes:
        """`signer` holds the role of releases."""
        body = {
            0: 1,
            1: self.number,
            2: self.version,
            3: self.signed_ms,
            4: self.image_sha256,
            5: self.image_bytes,
            6: self.firmware_hash,
        }
        return signer.seal(ContentType.BUNDLE, body)


_BODY = {
    0: shape.exactly(1),
    1: shape.seq,
    2: shape.text,
    3: shape.unix_ms,
    4: shape.sha256,
    5: shape.span(1, MAX_IMAGE),
    6: shape.sha256,
}


def read_bundle(message: bytes, root: PublicKey) -> Bundle:
    """What the message says of an image; raises EvidenceError."""
    body = trusted_payload(
        message, ContentType.BUNDLE, Role.RELEASE, root, lambda body: shape.is_map(body, _BODY)
    )
    return Bundle(*(body[key] for key in range(1, 7)))


def bundle_file(message: bytes, image: bytes) -> bytes:
    return cbor.encode([message, image])


def read_bundle_file(content: bytes, root: PublicKey) -> tuple[Bundle, bytes]:
    """A file's bundle and its image. Raises EvidenceError; `wrong_image` when the image is not that
    of which the message speaks.
    """
    parts: Any = cbor.decode(content)
    if not (type(parts) is list and len(parts) == 2 and all(map(shape.octets, parts))):
        raise shape_error("a bundle's message and its image", parts)
    message, image = parts
    bundle = read_bundle(message, root)
    if (hashlib.sha256(image).digest(), len(image)) != (bundle.image_sha256, bundle.image_bytes):
        raise EvidenceError(Reason.WRONG_IMAGE, "the image is not the one that was signed")
    return bundle, image
