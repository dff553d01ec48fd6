"""The board, as commissioning asks it: each question interrupts what runs, and lets go of it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

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
        found += bytes.fromhex(said["part"])
        if len(found) >= said["bytes"]:
            return found
        if not said["part"]:
            raise BagError(Code.CABLE, "its configuration was heard in part")
