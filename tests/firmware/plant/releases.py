"""Releases of the application: the one in the tree, changed, signed, and cut into parts."""

import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from unittest import mock

from plant.authority import Authority, encode
from plant.collector import now_ms
from technician import bundle

PART = 1024
VERSION = "gateway/__init__.py"
CRASHES = {"gateway/app.py": ('"""The gateway', 'raise ValueError("planned")\n"""The gateway')}
FAILS = {
    "gateway/app.py": (
        "        self._is_running = True",
        '        raise KeyError("planned")',
    )
}
HANGS = {"gateway/app.py": ('"""The gateway', 'while True:\n    pass\n"""The gateway')}
DEAF = {"gateway/mqtt.py": ("async def open_stream(", "async def open_stream_elsewhere(")}
BLIND = {
    "gateway/modbus/tcp.py": (
        "        if not self._is_fit():",
        "        raise NoAnswer(request.unit)\n        if not self._is_fit():",
    )
}
Changes = Mapping[str, tuple[str, str]]


@cache
def _image(changes: tuple[tuple[str, tuple[str, str]], ...]) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "firmware")
        shutil.copytree(bundle.FIRMWARE, copy)
        for name, (old, new) in changes:
            text = (copy / name).read_text()
            assert old in text
            (copy / name).write_text(text.replace(old, new, 1))
        with mock.patch.object(bundle, "FIRMWARE", copy):
            bundle.write_bundle(Path(scratch, "image"))
        return Path(scratch, "image").read_bytes()


def image(changes: Changes | None = None) -> bytes:
    """Of the application with these changes: by file what is replaced, by what."""
    return _image(tuple(sorted((changes or {}).items())))


def message(
    authority: Authority, number: int, content: bytes, role: str = "release", **fields: object
) -> bytes:
    """`fields`: f4 for another hash, and so on."""
    body: dict[int, object] = {
        0: 1,
        1: number,
        2: f"0.{number}",
        3: now_ms(),
        4: sha256(content).digest(),
        5: len(content),
        6: bytes(32),
    }
    body |= {int(key[1:]): value for key, value in fields.items()}
    return authority.issue(role, "bundle", body)


def parts(signed: bytes, content: bytes, start: int = 0, size: int = PART) -> list[bytes]:
    """The message, and the image from `start` on."""
    name = sha256(signed).digest()
    return [encode([name, None, signed])] + [
        encode([name, at, content[at : at + size]]) for at in range(start, len(content), size)
    ]
