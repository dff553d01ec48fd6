"""Frames of a gateway's journal, over its console: each is checked as it comes."""

import base64
import binascii
import json
from collections.abc import Callable

from technician.console import Console
from technician.faults import BagError, Code

Kept = Callable[[bytes], None]


def pull(console: Console, call: str, keep: Kept) -> int:
    """How many frames came, each of them kept before the next. Raises BagError."""
    came, said = 0, None

    def hear(line: bytes) -> None:
        nonlocal came, said
        if line.startswith(b"{"):
            said = json.loads(line)["frames"]
        elif line and not line.startswith(b"esep: "):
            keep(_frame(line))
            came += 1

    console.stream(call, hear)
    if said != came:
        raise BagError(Code.CABLE, f"{came} frames were heard, {said} were told")
    return came


def newest(console: Console, count: int) -> list[bytes]:
    """The newest frames of billing, oldest first."""
    frames: list[bytes] = []
    pull(console, f"dump.newest({count})", frames.append)
    return frames


def _frame(line: bytes) -> bytes:
    try:
        text, crc = line.split(b" ")
        frame = base64.b64decode(text, validate=True)
        if binascii.crc32(frame) == int(crc, 16):
            return frame
    except ValueError:
        pass
    raise BagError(Code.CABLE, f"a frame came spoilt: {line[:40].decode(errors='replace')}…")
