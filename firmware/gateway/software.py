"""What this firmware is: its interpreter and the hash of its files."""

import hashlib
import os
import sys

from micropython import const

_DIRECTORY = const(0x4000)
_PARTS = ("board", "gateway")
_ENDINGS = (".py", ".mpy")


def interpreter() -> str:
    """Name, version and machine as sys.implementation says them."""
    name, version = sys.implementation.name, sys.implementation.version
    numbers = ".".join([str(part) for part in version[:3]])
    suffix = "-" + version[3] if len(version) > 3 and version[3] else ""
    return "%s %s%s %s" % (name, numbers, suffix, sys.implementation._machine)


def firmware_hash(root: str) -> bytes:
    """SHA-256 over the application's files below `root` (docs/wire-format.md §4.3)."""
    paths = [name for name in os.listdir(root) if name.endswith(_ENDINGS)]
    for part in _PARTS:
        _walk(root, part, paths)
    whole = hashlib.sha256()
    for path in sorted(paths):
        whole.update(path.encode() + b"\x00" + _file_hash(root + "/" + path))
    return whole.digest()


def _walk(root, path, paths):
    for entry in os.ilistdir(root + "/" + path):
        name = path + "/" + entry[0]
        if entry[1] == _DIRECTORY:
            _walk(root, name, paths)
        elif name.endswith(_ENDINGS):
            paths.append(name)


def _file_hash(path):
    digest = hashlib.sha256()
    buf = bytearray(512)
    with open(path, "rb") as file:
        while True:
            n = file.readinto(buf)
            if not n:
                return digest.digest()
            digest.update(memoryview(buf)[:n])
