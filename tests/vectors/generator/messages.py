"""COSE_Sign1 messages, and what a vector says about one."""

from dataclasses import dataclass
from hashlib import sha256

from generator.cbor import Item, Tag, as_json, encode
from generator.keys import ROOT, Key

Body = dict[Item, Item]
Vector = dict[str, object]

NOW_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z, a quarter of an hour
DAY_MS = 86_400_000
CERTIFICATE_HEADER = -65537


@dataclass(frozen=True)
class Message:
    """The four parts of a COSE_Sign1; `encode` writes them whatever they are."""

    protected: bytes
    unprotected: Item
    payload: bytes
    signature: bytes

    def encode(self) -> bytes:
        return encode(Tag(18, [self.protected, self.unprotected, self.payload, self.signature]))


def header(signer: Key, kind: str) -> Body:
    return {1: -7, 3: f"application/vnd.esep.{kind}", 4: signer.key_id}


def sign(signer: Key, kind: str, body: Item, *, certificate: bytes | None = None) -> Message:
    """`kind` is the last word of the content type."""
    unprotected: Body = {} if certificate is None else {CERTIFICATE_HEADER: certificate}
    return seal(signer, encode(header(signer, kind)), encode(body), unprotected)


def seal(signer: Key, protected: bytes, payload: bytes, unprotected: Item = None) -> Message:
    """A valid signature over any protected header and payload (RFC 9052 §4.4)."""
    signed = encode(["Signature1", protected, b"", payload])
    return Message(protected, unprotected or {}, payload, signer.sign(signed))


def certificate_body(
    subject: Key,
    role: str,
    not_before_ms: int = NOW_MS - DAY_MS,
    not_after_ms: int = NOW_MS + DAY_MS,
) -> Body:
    return {0: 1, 1: role, 2: subject.cose_key, 3: not_before_ms, 4: not_after_ms}


def certificate(subject: Key, role: str, issuer: Key = ROOT) -> bytes:
    return sign(issuer, "certificate", certificate_body(subject, role)).encode()


def good(name: str, what: str, message: Message | bytes, body: Body, **more: object) -> Vector:
    encoded = message if isinstance(message, bytes) else message.encode()
    return {
        "name": name,
        "what": what,
        "message": encoded.hex(),
        "expect": "ok",
        "hash": sha256(encoded).hexdigest(),
        "payload": as_json(body),
        **more,
    }


def bad(name: str, what: str, message: Message | bytes, reason: str, **more: object) -> Vector:
    encoded = message if isinstance(message, bytes) else message.encode()
    return {"name": name, "what": what, "message": encoded.hex(), "expect": reason, **more}
