"""What the operator signs: receipts, commands, certificates, checkpoints; and enrolments."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from collector.evidence import shape
from collector.evidence.cose import ContentType, parse, seal, shape_error
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import Stream
from collector.evidence.keys import PrivateKey, PublicKey

MAX_RANGES = 16


class Role(StrEnum):
    RECEIPTS = "receipts"
    ORDERS = "orders"
    CONFIGURATION = "configuration"
    CHECKPOINTS = "checkpoints"


class Action(IntEnum):
    OPEN = 1
    RELEASE = 2
    READ = 3


@dataclass(frozen=True)
class Signer:
    """An operator's key for one role, with the certificate that travels with its messages."""

    key: PrivateKey
    certificate: bytes

    def seal(self, content_type: ContentType, payload: Any) -> bytes:
        return seal(self.key, content_type, payload, self.certificate)


@dataclass(frozen=True)
class StreamReceipt:
    epoch: int
    upto: int
    held: tuple[tuple[int, int], ...] = ()
    wanted: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Command:
    """`target` is a gateway-id or a zone's name; times are Unix milliseconds."""

    target: bytes | str
    counter: int
    issued_ms: int
    expires_ms: int
    order: bytes
    action: Action
    stages: tuple[int, ...] = ()
    until_ms: int | None = None
    ramp_ms: tuple[int, int] | None = None
    authority: bytes | None = None
    reason: str | None = None

    def payload(self) -> dict[int, Any]:
        body: dict[int, Any] = {
            0: 1,
            1: self.target,
            2: self.counter,
            3: self.issued_ms,
            4: self.expires_ms,
            5: self.order,
            6: int(self.action),
        }
        optional = {
            7: list(self.stages) or None,
            8: self.until_ms,
            9: list(self.ramp_ms) if self.ramp_ms else None,
            10: self.authority,
            11: self.reason,
        }
        body |= {key: value for key, value in optional.items() if value is not None}
        return body


def certify(
    root: PrivateKey, role: Role, key: PublicKey, not_before_ms: int, not_after_ms: int
) -> bytes:
    """The root's certificate: `key` may sign for `role` between the two times (Unix ms)."""
    payload = {0: 1, 1: str(role), 2: key.cose_key(), 3: not_before_ms, 4: not_after_ms}
    return seal(root, ContentType.CERTIFICATE, payload)


def trusted_payload(
    message: bytes, content_type: ContentType, role: Role, root: PublicKey, limit: int = 4096
) -> Any:
    """The payload of an operator's message whose certificate by `root` names `role`.

    Raises EvidenceError. The certificate's dates are the caller's to judge: old evidence is
    read with old certificates.
    """
    parsed = parse(message, content_type, limit)
    if parsed.certificate is None:
        raise EvidenceError(Reason.UNTRUSTED, "it carries no certificate")
    certificate = parse(parsed.certificate, ContentType.CERTIFICATE)
    certificate.verify(root)
    body = certificate.payload
    if not shape.is_map(
        body,
        {
            0: shape.span(1, 1),
            1: shape.text,
            2: lambda key: type(key) is dict,
            3: shape.unix_ms,
            4: shape.unix_ms,
        },
    ):
        raise shape_error("a certificate", body)
    if body[1] != role:
        raise EvidenceError(Reason.UNTRUSTED, f"the certificate is for {body[1]!r}, not {role!r}")
    key = PublicKey.from_cose_key(body[2])
    if key.kid != parsed.kid:
        raise EvidenceError(Reason.UNTRUSTED, "signed by another key than the certificate's")
    parsed.verify(key)
    return parsed.payload


def make_receipt(
    signer: Signer,
    gateway: bytes,
    number: int,
    time_ms: int,
    streams: dict[Stream, StreamReceipt],
) -> bytes:
    def part(stream: Stream) -> list[Any]:
        receipt = streams[stream]
        return [
            receipt.epoch,
            receipt.upto,
            [list(pair) for pair in receipt.held[:MAX_RANGES]],
            [list(pair) for pair in receipt.wanted[:MAX_RANGES]],
        ]

    payload = {
        0: 1,
        1: gateway,
        2: number,
        3: time_ms,
        4: [part(Stream.BILLING), part(Stream.TELEMETRY)],
    }
    return signer.seal(ContentType.RECEIPT, payload)


def make_checkpoint(signer: Signer, size: int, root: bytes, time_ms: int) -> bytes:
    return signer.seal(ContentType.CHECKPOINT, {0: 1, 1: size, 2: root, 3: time_ms})


def read_checkpoint(message: bytes, root: PublicKey) -> tuple[int, bytes, int]:
    """Size, tree root and time (Unix ms) of a checkpoint that verifies; raises EvidenceError."""
    body = trusted_payload(message, ContentType.CHECKPOINT, Role.CHECKPOINTS, root)
    if not shape.is_map(
        body, {0: shape.span(1, 1), 1: shape.uint, 2: shape.sha256, 3: shape.unix_ms}
    ):
        raise shape_error("a checkpoint", body)
    return body[1], body[2], body[3]


def read_enrolment(message: bytes) -> tuple[PublicKey, str]:
    """The new gateway's key and hardware id, its possession proven; raises EvidenceError."""
    parsed = parse(message, ContentType.ENROLMENT)
    body = parsed.payload
    if not shape.is_map(
        body, {0: shape.span(1, 1), 1: lambda key: type(key) is dict, 2: shape.text}
    ):
        raise shape_error("an enrolment", body)
    key = PublicKey.from_cose_key(body[1])
    if parsed.kid != key.kid:
        raise EvidenceError(Reason.UNTRUSTED, "the key-id is not that of the enrolled key")
    parsed.verify(key)
    return key, body[2]
