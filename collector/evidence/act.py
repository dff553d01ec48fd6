"""Acts of commissioning: what technicians found and signed, and the gateway bound into its chain.

docs/wire-format.md §10. The statement's own fields are the procedure's (docs/technician.md).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from collector.evidence import shape
from collector.evidence.cbor import shape_error
from collector.evidence.configuration import read_configuration
from collector.evidence.cose import ContentType, parse, seal
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import EventCode, Frame, read_frame
from collector.evidence.keys import PrivateKey, PublicKey

KIND, VERSION = "esep.commissioning", 1
_PARTS = {"act", "signatures", "configuration", "frame", "key"}
_NAME_BYTES = 200


@dataclass(frozen=True)
class Technician:
    """Who signed, by the root's word for the key. Times are Unix milliseconds."""

    name: str
    key: PublicKey
    not_before_ms: int
    not_after_ms: int


def canonical(statement: Mapping[str, Any]) -> bytes:
    """Keys in order, no spaces, UTF-8: the same fields have one text."""
    text = json.dumps(statement, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def digest(statement: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(statement)).digest()


def name_technician(root: PrivateKey, technician: Technician) -> bytes:
    """The root's word that this key is this person's."""
    body = {
        0: 1,
        1: technician.name,
        2: technician.key.cose_key(),
        3: technician.not_before_ms,
        4: technician.not_after_ms,
    }
    return seal(root, ContentType.TECHNICIAN, body)


_TECHNICIAN: dict[int, shape.Predicate] = {
    0: shape.exactly(1),
    1: lambda name: type(name) is str and 1 <= len(name.encode()) <= _NAME_BYTES,
    2: lambda key: type(key) is dict,
    3: shape.unix_ms,
    4: shape.unix_ms,
}
_ACT: dict[int, shape.Predicate] = {
    0: shape.exactly(1),
    1: shape.sha256,
    2: shape.gateway_id,
    3: shape.unix_ms,
}


def read_technician(message: bytes, root: PublicKey) -> Technician:
    """Raises EvidenceError."""
    parsed = parse(message, ContentType.TECHNICIAN)
    body = parsed.payload
    if parsed.certificate is not None or not shape.is_map(body, _TECHNICIAN):
        raise shape_error("a technician", body)
    if parsed.kid != root.kid:
        raise EvidenceError(Reason.BAD_SIGNATURE, "the technician is not named by the root")
    parsed.verify(root)
    return Technician(body[1], PublicKey.from_cose_key(body[2]), body[3], body[4])


def sign_act(
    key: PrivateKey, certificate: bytes, statement: Mapping[str, Any], now_ms: int
) -> bytes:
    body = {0: 1, 1: digest(statement), 2: bytes.fromhex(statement["gateway"]), 3: now_ms}
    return seal(key, ContentType.ACT, body, certificate)


def read_signature(
    message: bytes, statement: Mapping[str, Any], root: PublicKey
) -> tuple[Technician, int]:
    """Who signed this statement, and when (Unix ms); raises EvidenceError."""
    parsed = parse(message, ContentType.ACT)
    body = parsed.payload
    if parsed.certificate is None or not shape.is_map(body, _ACT):
        raise shape_error("a technician's certificate and the body of an act", body)
    who = read_technician(parsed.certificate, root)
    if parsed.kid != who.key.kid:
        raise EvidenceError(Reason.BAD_SIGNATURE, "signed by another key than the certificate's")
    if not who.not_before_ms <= body[3] < who.not_after_ms:
        raise EvidenceError(Reason.BAD_SIGNATURE, "the certificate was not valid at that time")
    parsed.verify(who.key)
    if body[1] != digest(statement) or body[2].hex() != statement["gateway"]:
        raise EvidenceError(Reason.BAD_SIGNATURE, f"{who.name} signed another act")
    return who, body[3]


@dataclass(frozen=True)
class Act:
    """All that proves a commissioning, in the bytes that do."""

    statement: Mapping[str, Any]
    signatures: tuple[bytes, ...]
    configuration: bytes
    frame: bytes
    key: PublicKey

    def encoded(self) -> bytes:
        """The file: one canonical JSON text and a line feed."""
        raw = self.key.raw
        document = {
            "act": self.statement,
            "signatures": [each.hex() for each in self.signatures],
            "configuration": self.configuration.hex(),
            "frame": self.frame.hex(),
            "key": {"x": raw[:32].hex(), "y": raw[32:].hex()},
        }
        return canonical(document) + b"\n"


def read_act(content: bytes, root: PublicKey) -> tuple[Act, tuple[Technician, ...]]:
    """An act whose every signature holds, and who signed it; raises EvidenceError.

    Whether its checks were passed is the procedure's to say.
    """
    act = _taken_apart(content)
    statement = act.statement
    who = tuple(read_signature(each, statement, root)[0] for each in act.signatures)
    if not who or len({each.key.kid for each in who}) != len(who):
        raise EvidenceError(Reason.WRONG_SHAPE, "nobody signed it, or one key signed twice")
    body = read_configuration(act.configuration, root)
    gateway = bytes.fromhex(statement["gateway"])
    if body[1] != gateway or act.key.kid != gateway:
        raise EvidenceError(Reason.WRONG_SHAPE, "its configuration or key is another gateway's")
    parsed, frame = read_frame(act.frame)
    if parsed.kid != act.key.kid:
        raise EvidenceError(Reason.BAD_SIGNATURE, "its frame is signed by another key")
    parsed.verify(act.key)
    hashed = hashlib.sha256(act.configuration).digest()
    if frame.gateway != gateway or frame.configuration != hashed:
        raise EvidenceError(Reason.WRONG_SHAPE, "its frame is of another gateway or configuration")
    if bound(frame) != (digest(statement), tuple(each.key.kid for each in who)):
        raise EvidenceError(Reason.WRONG_SHAPE, "its frame binds another act, or other signers")
    return act, who


def bound(frame: Frame) -> tuple[bytes, tuple[bytes, ...]] | None:
    """Hash of the act, and key-ids of who signed it, as a gateway's frame has them."""
    for record in frame.records:
        code = getattr(record, "code", None)
        if code is EventCode.COMMISSIONED:
            detail: dict[int, Any] = record.detail  # type: ignore[union-attr]
            return detail[0], tuple(detail[1])
    return None


def _taken_apart(content: bytes) -> Act:
    try:
        document: Any = json.loads(content)
        if set(document) != _PARTS or canonical(document) + b"\n" != content:
            raise ValueError
        statement = document["act"]
        if (statement["kind"], statement["version"]) != (KIND, VERSION):
            raise ValueError
        bytes.fromhex(statement["gateway"])
        return Act(
            statement,
            tuple(map(bytes.fromhex, document["signatures"])),
            bytes.fromhex(document["configuration"]),
            bytes.fromhex(document["frame"]),
            PublicKey(bytes.fromhex(document["key"]["x"] + document["key"]["y"])),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise EvidenceError(Reason.MALFORMED, "it is no act, or its text was changed") from None
