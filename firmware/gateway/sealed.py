"""A signed configuration that lies in flash, judged a piece at a time: it is never whole in memory.

`read(at, count)` gives bytes of it.
"""

import asyncio
import hashlib

from micropython import const

from gateway import cbor, cose
from gateway.cose import WireError

_WINDOW_BYTES = const(256)
_HASHED_BYTES = const(512)
_LONGEST_STRING = const(2048)
_TAG = const(6)
_SIGN1 = const(18)
_ARRAY = const(4)
_BYTES = const(2)


class Reader(cbor.Reader):
    """Takes items from start to end of what `read` gives."""

    def __init__(self, read, start: int, end: int) -> None:
        super().__init__(b"")
        self._read = read
        self._window = b""
        self._window_at = 0
        self.pos = start
        self.end = end

    def piece(self, start: int, end: int) -> bytes:
        at = start - self._window_at
        if at < 0 or end - self._window_at > len(self._window):
            count = min(max(_WINDOW_BYTES, end - start), self.end - start)
            self._window = bytes(self._read(start, count))
            self._window_at = start
            at = 0
        return self._window[at : at + end - start]

    def string(self, major: int, count):
        if count and count > _LONGEST_STRING:
            raise ValueError("longer than any string of a configuration")
        return super().string(major, count)


class Sealed:
    """`start` and `end` of the body; who signed it, as it says."""

    def __init__(self, read, size: int) -> None:
        """Raises WireError when this is no message that holds a configuration."""
        if size > cose.MAX_CONFIGURATION:
            raise WireError("too_long")
        reader = Reader(read, 0, size)
        try:
            heads = reader.head(), reader.head()
            protected, unprotected = reader.value(2), reader.value(2)
            major, count = reader.head()
            self.start = reader.pos
            self.end = reader.pos = reader.pos + (count or 0)
            signature = reader.value(2)
        except ValueError:
            raise WireError("malformed")
        if reader.pos != size:
            raise WireError("malformed")
        if not reader.canonical:
            raise WireError("not_canonical")
        if (
            heads != ((_TAG, _SIGN1), (_ARRAY, 4))
            or major != _BYTES
            or not isinstance(protected, bytes)
            or not isinstance(unprotected, dict)
            or not isinstance(signature, bytes)
            or len(signature) != 64
        ):
            raise WireError("wrong_shape")
        header, canonical = cose.read(protected)
        if not canonical:
            raise WireError("not_canonical")
        self._read = read
        self._kid = cose.kid_in(header, cose.CONFIGURATION)
        self._certificate = cose.certificate_in(unprotected)
        self._protected = protected
        self._signature = signature

    async def verify(self, trust, clock) -> None:
        """Raises WireError unless the operator signed it."""
        digest = cose.signed(self._protected, self.end - self.start)
        await hashed(digest, self._read, self.start, self.end)
        message = cose.Message(self._kid, None, digest.digest(), self._signature, self._certificate)
        await trust.vouch(message, cose.CONFIGURATION, clock.synchronised(), clock.now_ms())


async def sha256(read, size: int) -> bytes:
    digest = hashlib.sha256()
    await hashed(digest, read, 0, size)
    return digest.digest()


async def hashed(digest, read, start: int, end: int) -> None:
    for at in range(start, end, _HASHED_BYTES):
        digest.update(read(at, min(_HASHED_BYTES, end - at)))
        await asyncio.sleep_ms(0)
