"""Whether a configuration that lies in flash is the operator's, without having it in memory.

Needed seldom: it is forgotten after each use.
"""

import asyncio
import hashlib

from micropython import const

from gateway import cbor, cose
from gateway.cose import WireError

_SIGN1 = b"\xd2\x84"
_SIGNATURE = b"\x58\x40"
_TAIL_BYTES = const(66)
_HEAD_BYTES = const(1024)  # a certificate takes a third of it
_BYTES = const(2)
_BODY = b"\xaa\x00\x01\x01"  # ten entries; 0: version 1; 1: gateway
_BODY_BYTES = const(32)
_CHUNK = const(512)


async def check(staging, size: int, whole: bytes, trust, clock, gateway: bytes) -> int:
    """The version of the configuration `whole` of so many bytes. Raises WireError.

    Its signature is verified, and whom it is for; its shape is not.
    """
    if size <= _TAIL_BYTES:
        raise WireError("wrong_shape")
    digest = hashlib.sha256()
    await _hash(digest, staging, 0, size)
    if digest.digest() != whole:
        raise WireError("wrong_hash")
    reader = cbor.Reader(staging.read(0, min(size, _HEAD_BYTES)))
    try:
        if reader.take(2) != _SIGN1:
            raise WireError("wrong_shape")
        protected, unprotected = reader.value(1), reader.value(1)
        major, payload_bytes = reader.head()
    except ValueError:
        raise WireError("malformed")
    payload = reader.pos
    tail = staging.read(size - _TAIL_BYTES, _TAIL_BYTES)
    is_whole = major == _BYTES and payload + (payload_bytes or 0) + _TAIL_BYTES == size
    if not is_whole or tail[:2] != _SIGNATURE:
        raise WireError("wrong_shape")
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise WireError("wrong_shape")
    kid = cose.kid_in(cose.read(protected)[0], cose.CONFIGURATION)
    structure = cose.signed(protected, payload_bytes)
    await _hash(structure, staging, payload, payload_bytes)
    certificate = cose.certificate_in(unprotected)
    message = cose.Message(kid, None, structure.digest(), bytes(tail[2:]), certificate)
    await trust.vouch(message, cose.CONFIGURATION, clock.known(), clock.now_ms())
    return _version(staging.read(payload, min(payload_bytes, _BODY_BYTES)), gateway)


def _version(body, gateway):
    reader = cbor.Reader(body)
    try:
        if reader.take(len(_BODY)) != _BODY:
            raise WireError("wrong_shape")
        if reader.value(1) != gateway:
            raise WireError("not_for_me")
        key, version = reader.value(1), reader.value(1)
    except ValueError:
        raise WireError("malformed")
    if key != 2 or not isinstance(version, int):
        raise WireError("wrong_shape")
    return version


async def _hash(digest, staging, start, count):
    for at in range(start, start + count, _CHUNK):
        digest.update(staging.read(at, min(_CHUNK, start + count - at)))
        await asyncio.sleep_ms(0)
