"""Work orders: what a technician is to make of a bare board, and what he brings back (§9)."""

import json
from dataclasses import dataclass
from typing import Any

from collector.evidence import shape
from collector.evidence.cose import MAX_CONFIGURATION, ContentType
from collector.evidence.downlink import Role, Signer, read_enrolment, trusted_payload
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.keys import PublicKey

GATEWAY, ENROLMENT = "@gateway", "@enrolment"
"""What a plan has where the gateway's id and its enrolment will stand."""
_FORMAT = 1
_PARTS = ("order", "enrolment", "request", "proof")
_PROVEN = b"esep request\x00"
"""Before the request in what its proof signs."""
_PROOF_BYTES = 64


@dataclass(frozen=True)
class WorkOrder:
    """Times are Unix milliseconds. `plan`: TOML of the register; `network`: JSON, of network.json.

    `authority` is the brokers', in DER; empty: no TLS.
    """

    name: bytes
    board: str
    signed_ms: int
    until_ms: int
    plan: str
    network: str
    authority: bytes

    def message(self, signer: Signer) -> bytes:
        """`signer` holds the role of configurations."""
        body = {
            0: 1,
            1: self.name,
            2: self.board,
            3: self.signed_ms,
            4: self.until_ms,
            5: self.plan,
            6: self.network,
            7: self.authority or None,
        }
        return signer.seal(ContentType.WORK_ORDER, body)


_BODY = {
    0: shape.exactly(1),
    1: shape.data(16),
    2: shape.text,
    3: shape.unix_ms,
    4: shape.unix_ms,
    5: shape.text,
    6: shape.text,
    7: shape.nullable(shape.octets),
}


def read_work_order(message: bytes, root: PublicKey) -> WorkOrder:
    """Raises EvidenceError."""
    body = trusted_payload(
        message,
        ContentType.WORK_ORDER,
        Role.CONFIGURATION,
        root,
        lambda body: shape.is_map(body, _BODY),
        MAX_CONFIGURATION,
    )
    parts = [*(body[key] for key in range(1, 7)), body[7] or b""]
    return WorkOrder(*parts)


@dataclass(frozen=True)
class Enrolled:
    """What a board made by an order: all of it in the bytes that prove it.

    `request` asks for the certificate of TLS (PKCS #10, DER); by `proof` the enrolled key says that
    it is its gateway's.
    """

    order: bytes
    enrolment: bytes
    request: bytes
    proof: bytes

    def file(self) -> bytes:
        document = {
            "format": _FORMAT,
            "gateway": self.gateway,
            "order": self.order.hex(),
            "enrolment": self.enrolment.hex(),
            "request": self.request.hex(),
            "proof": self.proof.hex(),
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    @property
    def gateway(self) -> str:
        """Its id. Raises EvidenceError when the board does not prove that it holds the key, or that
        the request is its own.
        """
        key = read_enrolment(self.enrolment)[0]
        if len(self.proof) != _PROOF_BYTES:
            raise EvidenceError(Reason.WRONG_SHAPE, "the request has no proof")
        key.verify(_PROVEN + self.request, self.proof)
        return key.kid.hex()

    @classmethod
    def of_file(cls, content: bytes) -> "Enrolled":
        """Raises EvidenceError."""
        try:
            document: Any = json.loads(content)
            if document["format"] != _FORMAT:
                raise ValueError
            found = cls(*(bytes.fromhex(document[name]) for name in _PARTS))
            named = document["gateway"]
        except (ValueError, KeyError, TypeError):
            raise EvidenceError(Reason.MALFORMED, "it is no enrolment file") from None
        if found.gateway != named:
            raise EvidenceError(Reason.WRONG_SHAPE, f"it names {named}, and is {found.gateway}")
        return found


@dataclass(frozen=True)
class Reply:
    """What the collector gives a gateway that it enrolled. `certificate` in DER; empty: no TLS."""

    gateway: str
    configuration: bytes
    certificate: bytes

    def file(self) -> bytes:
        document = {
            "format": _FORMAT,
            "gateway": self.gateway,
            "configuration": self.configuration.hex(),
            "certificate": self.certificate.hex(),
        }
        return (json.dumps(document, indent=1) + "\n").encode()

    @classmethod
    def of_file(cls, content: bytes) -> "Reply":
        """What is in it is not judged yet; raises EvidenceError when it is no reply."""
        try:
            document: Any = json.loads(content)
            if document["format"] != _FORMAT or type(document["gateway"]) is not str:
                raise ValueError
            return cls(
                document["gateway"],
                bytes.fromhex(document["configuration"]),
                bytes.fromhex(document["certificate"]),
            )
        except (ValueError, KeyError, TypeError):
            raise EvidenceError(Reason.MALFORMED, "it is no reply to an enrolment") from None
