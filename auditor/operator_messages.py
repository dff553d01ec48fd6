"""What the operator signs: certificates by the root, and messages under such a certificate."""

from dataclasses import dataclass

from auditor import cose, p256, shape
from auditor.keys import COSE_KEY, PublicKey
from auditor.refusal import Refusal

UINT = shape.integer(0, 2**64 - 1)
VERSION = shape.integer(1, 1)
ROLE = shape.word("receipts", "orders", "configuration", "checkpoints", "release")
CERTIFICATE = shape.mapping({0: VERSION, 1: ROLE, 2: COSE_KEY, 3: UINT, 4: UINT})


@dataclass(frozen=True)
class Certificate:
    role: str
    key: PublicKey
    not_before_ms: int
    not_after_ms: int


def read_certificate(encoded: bytes, root: PublicKey) -> Certificate:
    """A certificate signed by `root`, its dates not judged; raises Refusal."""
    message = cose.read_bare(encoded, "certificate", CERTIFICATE)
    cose.check_signature(message, root)
    body = message.body
    key = PublicKey.from_cose(body[2])
    if not p256.is_on_curve(key.point):
        raise Refusal("bad_signature", "the certified key is not a point of P-256")
    return Certificate(body[1], key, body[3], body[4])


def check_operator(message: cose.Message, role: str, at_ms: int, root: PublicKey) -> None:
    """Raises Refusal unless a key that `root` certified for `role` at that time signed it."""
    if message.certificate is None:
        raise Refusal("wrong_shape", "no certificate")
    certificate = read_certificate(message.certificate, root)
    if certificate.role != role:
        raise Refusal("bad_signature", f"its certificate is for {certificate.role}, not {role}")
    if not certificate.not_before_ms <= at_ms < certificate.not_after_ms:
        raise Refusal("bad_signature", f"its certificate was not valid at {at_ms} ms")
    cose.check_signature(message, certificate.key)
