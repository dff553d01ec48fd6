"""What the operator signs: receipts, commands, certificates, checkpoints; and enrolments."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from collector.evidence import shape
from collector.evidence.cbor import shape_error
from collector.evidence.cose import MAX_MESSAGE, ContentType, parse, seal
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import ZERO_HASH, Stream
from collector.evidence.keys import PrivateKey, PublicKey

MAX_RANGES = 16


class Role(StrEnum):
    RECEIPTS = "receipts"
    ORDERS = "orders"
    CONFIGURATION = "configuration"
    CHECKPOINTS = "checkpoints"
    RELEASE = "release"


class Action(IntEnum):
    OPEN = 1
    RELEASE = 2
    READ = 3
    LIMIT = 4


@dataclass(frozen=True)
class Signer:
    """An operator's key for one role, with the certificate that travels with its messages."""

    key: PrivateKey
    certificate: bytes

    def seal(self, content_type: ContentType, payload: Any) -> bytes:
        return seal(self.key, content_type, payload, self.certificate)


@dataclass(frozen=True)
class StreamReceipt:
    """`hash` is that of the frame `upto`; those held are (first, last, hash of the last)."""

    epoch: int
    upto: int
    hash: bytes = ZERO_HASH
    held: tuple[tuple[int, int, bytes], ...] = ()
    wanted: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Command:
    """`target` is a gateway-id or a zone's name; times are Unix milliseconds.

    `power_w`: of a limit, what the site or the stages may draw until `until_ms`.
    """

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
    power_w: int | None = None

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
            12: self.power_w,
        }
        body |= {key: value for key, value in optional.items() if value is not None}
        return body


def certify(
    root: PrivateKey, role: Role, key: PublicKey, not_before_ms: int, not_after_ms: int
) -> bytes:
    """The root's certificate: `key` may sign for `role` between the two times (Unix ms)."""
    payload = {0: 1, 1: str(role), 2: key.cose_key(), 3: not_before_ms, 4: not_after_ms}
    return seal(root, ContentType.CERTIFICATE, payload)


_CERTIFICATE = {
    0: shape.span(1, 1),
    1: shape.one_of(*map(str, Role)),
    2: lambda key: type(key) is dict,
    3: shape.unix_ms,
    4: shape.unix_ms,
}


def read_certificate(message: bytes, root: PublicKey) -> tuple[str, PublicKey, int, int]:
    """Role, key, not before and not after (Unix ms) of a certificate; raises EvidenceError."""
    parsed = parse(message, ContentType.CERTIFICATE)
    body = parsed.payload
    if parsed.certificate is not None or not shape.is_map(body, _CERTIFICATE):
        raise shape_error("a certificate", body)
    key = PublicKey.from_cose_key(body[2])
    if parsed.kid != root.kid:
        raise EvidenceError(Reason.BAD_SIGNATURE, "the certificate is not signed by the root")
    parsed.verify(root)
    return body[1], key, body[3], body[4]


def trusted_payload(
    message: bytes,
    content_type: ContentType,
    role: Role,
    root: PublicKey,
    is_shaped: shape.Predicate,
    limit: int = MAX_MESSAGE,
) -> Any:
    """The payload of an operator's message whose certificate by `root` names `role`.

    The certificate is judged as of the time that the message names under key 3, so that old
    evidence is read with old certificates. Raises EvidenceError.
    """
    parsed = parse(message, content_type, limit)
    body = parsed.payload
    if parsed.certificate is None or not is_shaped(body):
        raise shape_error(f"a certificate and the body of {content_type}", body)
    named, key, not_before_ms, not_after_ms = read_certificate(parsed.certificate, root)
    if named != role:
        raise EvidenceError(Reason.BAD_SIGNATURE, f"certified for {named!r}, not for {role!r}")
    if key.kid != parsed.kid:
        raise EvidenceError(Reason.BAD_SIGNATURE, "signed by another key than the certificate's")
    if not not_before_ms <= body[3] < not_after_ms:
        raise EvidenceError(Reason.BAD_SIGNATURE, "the certificate was not valid at that time")
    parsed.verify(key)
    return body


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
            [list(run) for run in receipt.held[:MAX_RANGES]],
            [list(pair) for pair in receipt.wanted[:MAX_RANGES]],
            receipt.hash,
        ]

    payload = {
        0: 1,
        1: gateway,
        2: number,
        3: time_ms,
        4: [part(Stream.BILLING), part(Stream.TELEMETRY)],
    }
    return signer.seal(ContentType.RECEIPT, payload)


@dataclass(frozen=True)
class Restored:
    """What a checkpoint says of a ledger that was restored from a backup.

    The tree of this `generation`, 2 or more, has its first `size` frames in common with the one
    before; `before` is the hash of that one's last checkpoint, if it is known.
    """

    generation: int
    size: int
    before: bytes | None

    @classmethod
    def of(cls, item: list[Any] | None) -> "Restored | None":
        return None if item is None else cls(*item)


def make_checkpoint(
    signer: Signer, size: int, root: bytes, time_ms: int, restored: Restored | None = None
) -> bytes:
    payload: dict[int, Any] = {0: 1, 1: size, 2: root, 3: time_ms}
    if restored is not None:
        payload[4] = [restored.generation, restored.size, restored.before]
    return signer.seal(ContentType.CHECKPOINT, payload)


def _is_checkpoint(body: Any) -> bool:
    return shape.is_map(
        body,
        {0: shape.span(1, 1), 1: shape.uint, 2: shape.sha256, 3: shape.unix_ms},
        {4: shape.row(shape.span(2, 2**32 - 1), shape.uint, shape.nullable(shape.sha256))},
    )


def read_checkpoint(message: bytes, root: PublicKey) -> tuple[int, bytes, int]:
    """Size, tree root and time (Unix ms) of a checkpoint that verifies; raises EvidenceError."""
    body = trusted_payload(message, ContentType.CHECKPOINT, Role.CHECKPOINTS, root, _is_checkpoint)
    return body[1], body[2], body[3]


def read_restored(message: bytes) -> Restored | None:
    """What a checkpoint that verified says of a restoration."""
    return Restored.of(parse(message, ContentType.CHECKPOINT).payload.get(4))


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
        raise EvidenceError(Reason.BAD_SIGNATURE, "the key-id is not that of the enrolled key")
    parsed.verify(key)
    return key, body[2]
