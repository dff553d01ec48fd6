"""Which messages of the operator a gateway believes (docs/wire-format.md §2)."""

import hashlib

from micropython import const

from gateway import cose, identity
from gateway.cose import WireError

_ROLES = {
    cose.RECEIPT: "receipts",
    cose.COMMAND: "orders",
    cose.CONFIGURATION: "configuration",
    cose.CHECKPOINT: "checkpoints",
}
_ALL_ROLES = ("receipts", "orders", "configuration", "checkpoints", "release")

_MAX_CACHED = const(8)


class _Certificate:
    def __init__(self, body: dict) -> None:
        if len(body) != 5 or body.get(1) not in _ALL_ROLES:
            raise WireError("wrong_shape")
        self.role = body[1]
        self.public = _public(body.get(2))
        if not _is_uint(body.get(3)) or not _is_uint(body.get(4)):
            raise WireError("wrong_shape")
        self.not_before_ms, self.not_after_ms = body[3], body[4]
        self.kid = identity.thumbprint(self.public)[:8]


def _is_uint(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _public(key) -> bytes:
    if not isinstance(key, dict) or len(key) != 4:
        raise WireError("wrong_shape")
    if key.get(1) != 2 or key.get(-1) != 1 or key[-1] is True:
        raise WireError("wrong_shape")
    x, y = key.get(-2), key.get(-3)
    if not isinstance(x, bytes) or not isinstance(y, bytes) or len(x) != 32 or len(y) != 32:
        raise WireError("wrong_shape")
    return x + y


class Trust:
    def __init__(self, root_public: bytes) -> None:
        """`root_public` is the operator's root key, 64 bytes x || y."""
        self._root = root_public
        self._root_kid = identity.thumbprint(root_public)[:8]
        self._certificates: dict = {}  # those the root signed, by hash

    async def accept(self, buf, content_type: str, clock_known: bool, now_ms: int) -> dict:
        """The body of a message that is to be believed. Raises WireError.

        A certificate that does not speak for the message is `bad_signature`. Its dates are judged
        only when the clock is known.
        """
        configuration = content_type == cose.CONFIGURATION
        limit = cose.MAX_CONFIGURATION if configuration else cose.MAX_MESSAGE
        message = cose.parse(buf, content_type, limit)
        if message.certificate is None:
            raise WireError("wrong_shape")
        certificate = await self._certificate(message.certificate)
        if certificate.role != _ROLES[content_type] or certificate.kid != message.kid:
            raise WireError("bad_signature")
        if clock_known and not certificate.not_before_ms <= now_ms < certificate.not_after_ms:
            raise WireError("bad_signature")
        await cose.verify(message, certificate.public)
        return message.payload

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
