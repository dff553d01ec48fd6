"""Make the key of TLS, if there is none, and print the request for its certificate (PKCS #10).

One line of JSON: {"gateway": id in hex, "request": DER in hex, "proof": in hex, by the key that
signs frames: the request is this gateway's}. The key of TLS never leaves the board, and is another.
"""

import asyncio
import hashlib
import json
import sys

from board import Board
from gateway import identity, signer

NAME = "client-key.der"
_PROVEN = b"esep request\x00"

_INTEGER = b"\x02"
_BITS = b"\x03"
_OCTETS = b"\x04"
_TEXT = b"\x0c"
_ROW = b"\x30"
_SET = b"\x31"
_P256 = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
_EC_KEY = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
_ECDSA_SHA256 = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
_COMMON_NAME = b"\x06\x03\x55\x04\x03"
_VERSION_1 = b"\x02\x01\x00"
_NO_ATTRIBUTES = b"\xa0\x00"
_KEY_VERSION = b"\x02\x01\x01"
_SECRET_AT = 7  # in what _key_file writes


def main() -> int:
    board = Board()
    owner = identity.restore(lambda: board.read_setting("identity.key"), None)
    if owner is None:
        print("esep: this gateway has no key yet: run enrol first", file=sys.stderr)
        return 1
    if owner.retired is not None:
        print("esep: this gateway is retired (%s)" % owner.retired, file=sys.stderr)
        return 1
    held = _restored(board.read_setting(NAME))
    if held is None:
        held = signer.make(board.random(40))
        board.write_setting(NAME, _key_file(held))
    name = owner.gateway.hex()
    request = asyncio.run(_request(held, name))
    proof = asyncio.run(owner.sign(hashlib.sha256(_PROVEN + request).digest()))
    print(json.dumps({"gateway": name, "request": request.hex(), "proof": proof.hex()}))
    return 0


async def _request(held, name):
    point = _der(_BITS, b"\x00\x04" + held.public)
    subject = _der(_ROW, _der(_SET, _der(_ROW, _COMMON_NAME + _der(_TEXT, name.encode()))))
    key = _der(_ROW, _der(_ROW, _EC_KEY + _P256) + point)
    asked = _der(_ROW, _VERSION_1 + subject + key + _NO_ATTRIBUTES)
    signature = await held.sign(hashlib.sha256(asked).digest())
    pair = _der(_ROW, _integer(signature[:32]) + _integer(signature[32:]))
    return _der(_ROW, asked + _der(_ROW, _ECDSA_SHA256) + _der(_BITS, b"\x00" + pair))


def _key_file(held):
    """RFC 5915, as load_cert_chain takes it."""
    secret = _der(_OCTETS, bytes(held.kept))
    point = _der(b"\xa1", _der(_BITS, b"\x00\x04" + held.public))
    return _der(_ROW, _KEY_VERSION + secret + _der(b"\xa0", _P256) + point)


def _restored(file):
    """The signer of such a file; None when there is none, or it is not one of ours."""
    if not file or len(file) < _SECRET_AT + 96:
        return None
    held = signer.restore(bytes(file[_SECRET_AT : _SECRET_AT + 32]), bytes(file[-64:]))
    return held if _key_file(held) == bytes(file) else None


def _der(tag, content):
    size = len(content)
    if size < 128:
        return tag + bytes([size]) + content
    if size < 256:
        return tag + bytes([0x81, size]) + content
    return tag + bytes([0x82, size >> 8, size & 0xFF]) + content


def _integer(unsigned):
    at = 0
    while at < len(unsigned) - 1 and not unsigned[at]:
        at += 1
    content = bytes(unsigned[at:])
    return _der(_INTEGER, b"\x00" + content if content[0] & 0x80 else content)
