"""The board, as commissioning asks it: each question interrupts what runs, and lets go of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Frame, Stream, read_frame
from collector.evidence.keys import PublicKey
from technician.console import Console
from technician.faults import BagError, Code

Open = Callable[[], AbstractContextManager[Console]]
_PROGRAM = "commission"


def asked(console: Console, *words: object) -> Any:
    return console.run(_PROGRAM, *words)


def configuration(console: Console) -> bytes:
    """The message in force, part by part."""
    found = b""
    while True:
        said = asked(console, "configuration", len(found))
        found += bytes.fromhex(said["piece"])
        if len(found) >= said["bytes"]:
            return found
        if not said["piece"]:
            raise BagError(Code.CABLE, "its configuration was heard in part")


def frames_since(
    console: Console, stream: Stream, epoch: int, seq: int, key: PublicKey
) -> tuple[list[Frame], int]:
    """The stream's frames after this one, each by the gateway's key; and how many of all have no
    receipt.
    """
    found: list[Frame] = []
    while True:
        said = asked(console, "since", int(stream), epoch, seq + len(found))
        if not said["frames"]:
            return found, said["pending"]
        for encoded in said["frames"]:
            try:
                parsed, frame = read_frame(bytes.fromhex(encoded))
                parsed.verify(key)
            except EvidenceError as error:
                raise BagError(Code.BOARD_REFUSED, f"a frame of it: {error}") from None
            found.append(frame)
