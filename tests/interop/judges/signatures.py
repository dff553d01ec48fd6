"""Judges the signature of each vector with cwt; prints {name: whether it verifies} as JSON."""

import json
import sys
from pathlib import Path

import cbor2
from cwt import COSE, COSEKey, VerifyError


def verifies(vector: dict[str, str]) -> bool:
    x, y = (bytes.fromhex(vector[name]) for name in ("x", "y"))
    message = bytes.fromhex(vector["message"])
    key = COSEKey.new({1: 2, 2: key_id(message), 3: -7, -1: 1, -2: x, -3: y})
    try:
        COSE.new().decode(message, key)
    except VerifyError:
        return False
    return True


def key_id(message: bytes) -> bytes:
    """cwt takes a key only under the name that the message gives it."""
    header: dict[int, bytes] = cbor2.loads(cbor2.loads(message).value[0])
    return header[4]


document = json.loads(Path(sys.argv[1]).read_text("utf-8"))
print(json.dumps({vector["name"]: verifies(vector) for vector in document["vectors"]}))
