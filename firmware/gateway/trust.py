"""Which messages of the operator a gateway believes (docs/wire-format.md §2)."""

import hashlib

from micropython import const

from gateway import cose, identity, shape
from gateway.cose import WireError

_ROLES = {
    cose.RECEIPT: "receipts",
    cose.COMMAND: "orders",
    cose.CONFIGURATION: "configuration",
    cose.CHECKPOINT: "checkpoints",
    cose.SCHEDULE: "orders",
    cose.BUNDLE: "release",
}
_ALL_ROLES = ("receipts", "orders", "configuration", "checkpoints", "release")

_MAX_CACHED = const(8)


def _is_certificate(body) -> bool:
    cose_key = {1: shape.span(2, 2), -1: shape.span(1, 1), -2: shape.data(32), -3: shape.data(32)}
    test = shape.record(
        {
            0: shape.version,
            1: lambda role: role in _ALL_ROLES,
            2: shape.record(cose_key),
            3: shape.uint,
            4: shape.uint,
        }
    )
    return test(body)


class _Certificate:
    def __init__(self, body: dict) -> None:
        if not _is_certificate(body):
            raise WireError("wrong_shape")
        self.role = body[1]
        self.public = body[2][-2] + body[2][-3]
        self.not_before_ms, self.not_after_ms = body[3], body[4]
        self.kid = identity.thumbprint(self.public)[:8]


class Trust:
    def __init__(self, root_public: bytes) -> None:
        """`root_public` is the operator's root key, 64 bytes x || y."""
        self._root = root_public
        self._root_kid = identity.thumbprint(root_public)[:8]
        self._certificates: dict = {}  # those the root signed, by hash

    async def accept(
        self, buf, content_type: str, well_shaped, clock_known: bool, now_ms: int
    ) -> dict:
        """The body of a message that is to be believed. Raises WireError.

        `well_shaped(body)` says whether the body is as the grammar has it. A certificate that does
        not speak for the message is `bad_signature`. Its dates are judged only when the clock is
        known.
        """
        async with cose.turn:
            message = cose.parse(buf, content_type, cose.MAX_MESSAGE)
            if not well_shaped(message.payload):
                raise WireError("wrong_shape")
            await self.vouch(message, content_type, clock_known, now_ms)
            return message.payload

    async def vouch(self, message, content_type: str, clock_known: bool, now_ms: int) -> None:
        """Raises WireError unless who signed the message may sign this type."""
        if message.certificate is None:
            raise WireError("wrong_shape")
        certificate = await self._certificate(message.certificate)
        if certificate.role != _ROLES[content_type] or certificate.kid != message.kid:
            raise WireError("bad_signature")
        if clock_known and not certificate.not_before_ms <= now_ms < certificate.not_after_ms:
            raise WireError("bad_signature")
        await cose.verify(message, certificate.public)

    async def _certificate(self, buf: bytes) -> _Certificate:
        name = hashlib.sha256(buf).digest()
        known = self._certificates.get(name)
        if known:
            return known
        message = cose.parse(buf, cose.CERTIFICATE, cose.MAX_MESSAGE)
        certificate = _Certificate(message.payload)
        if message.certificate is not None:
            raise WireError("wrong_shape")
        if message.kid != self._root_kid:
            raise WireError("bad_signature")
        await cose.verify(message, self._root)
        if len(self._certificates) >= _MAX_CACHED:
            self._certificates.clear()
        self._certificates[name] = certificate
        return certificate
