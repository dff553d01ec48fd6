"""COSE_Sign1 messages as docs/wire-format.md §1 allows them: one algorithm, one form."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from auditor import p256, shape
from auditor.cbor import Item, Tag, byte_string, read
from auditor.keys import PublicKey
from auditor.refusal import Refusal

MAX_BYTES = 4096
SIGN1_TAG = 18
ES256 = -7
CERTIFICATE = -65537

PARTS = shape.array(shape.octets(), shape.mapping({}), shape.octets(), shape.octets(64))
CERTIFIED_PARTS = shape.array(
    shape.octets(), shape.mapping({CERTIFICATE: shape.octets()}), shape.octets(), shape.octets(64)
)


@dataclass(frozen=True)
class Message:
    """A message of the right shape. Its signature is not judged yet."""

    hash: bytes
    key_id: bytes
    body: Any
    certificate: bytes | None
    signature: bytes
    signed: bytes
    """What the signature is over: the Sig_structure of RFC 9052 §4.4."""


def read_bare(encoded: bytes, kind: str, body: shape.Shape) -> Message:
    """A message signed by a gateway or by the root; raises Refusal."""
    return _read(encoded, kind, body, PARTS, MAX_BYTES)


def read_certified(
    encoded: bytes, kind: str, body: shape.Shape, max_bytes: int = MAX_BYTES
) -> Message:
    """A message that carries the certificate of its signer; raises Refusal."""
    return _read(encoded, kind, body, CERTIFIED_PARTS, max_bytes)


def _read(
    encoded: bytes, kind: str, body: shape.Shape, parts: shape.Shape, max_bytes: int
) -> Message:
    if len(encoded) > max_bytes:
        raise Refusal("too_long", f"{len(encoded)} bytes, {max_bytes} are allowed")
    content = _untagged(read(encoded))
    protected, unprotected, payload, signature = shape.require(content, parts, "COSE_Sign1")
    header = shape.require(read(protected), _header(kind), "protected header")
    return Message(
        hash=sha256(encoded).digest(),
        key_id=header[4],
        body=shape.require(read(payload), body, kind),
        certificate=unprotected.get(CERTIFICATE),
        signature=signature,
        signed=b"\x84\x6aSignature1" + byte_string(protected) + b"\x40" + byte_string(payload),
    )


def _untagged(item: Item) -> Item:
    if not isinstance(item, Tag) or item.number != SIGN1_TAG:
        raise Refusal("wrong_shape", f"not tagged {SIGN1_TAG}, COSE_Sign1")
    return item.content


def _header(kind: str) -> shape.Shape:
    return shape.mapping(
        {
            1: shape.integer(ES256, ES256),
            3: shape.word(f"application/vnd.esep.{kind}"),
            4: shape.octets(8),
        }
    )


def check_signature(message: Message, key: PublicKey) -> None:
    """Raises Refusal `bad_signature` or `high_s` unless `key` signed the message."""
    r = int.from_bytes(message.signature[:32], "big")
    s = int.from_bytes(message.signature[32:], "big")
    if message.key_id != key.key_id:
        raise Refusal("bad_signature", f"the header names key {message.key_id.hex()}")
    if not (1 <= r < p256.N and 1 <= s < p256.N):
        raise Refusal("bad_signature", "r or s is out of range")
    if s > (p256.N - 1) // 2:
        raise Refusal("high_s", "s is in the upper half of its range")
    if not p256.verify(key.point, sha256(message.signed).digest(), r, s):
        raise Refusal("bad_signature", f"it is not signed by key {key.key_id.hex()}")
