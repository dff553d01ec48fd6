"""The command that runs a gateway's firmware in the real MicroPython, with an ESP32's heap."""

import struct
import sys
from pathlib import Path

HEAP_KIB = 100
"""Less than an ESP32 without PSRAM has once its heap of 56 has grown to 112: docs/memory.md."""

RESTART = 3
"""A gateway ends with this exit code to be started again."""

_ENTRY = Path(__file__).resolve().parents[1] / "firmware" / "entry" / "unix.py"
_ESP32_WORD_BYTES = 4
_MORE_BYTES = 4096
"""As the entry has it, for an image in a slot that is longer than this one."""


_FROZEN_NAMES_BYTES = 8192
"""A pool of names more, for those of the entry and of `slots`: on an ESP32 they are in flash."""


def command(image: Path, module: str, *args: str) -> list[str]:
    """Runs a module of an application's image; ESEP_BOARD names the board.

    A word is twice as long here as there, so the heap is too; and the image lies in it.
    """
    words = HEAP_KIB * 1024 // _ESP32_WORD_BYTES
    heap_bytes = words * struct.calcsize("P") + image.stat().st_size + _MORE_BYTES
    heap_bytes += _FROZEN_NAMES_BYTES
    interpreter = Path(sys.executable).with_name("micropython")
    heap = f"heapsize={heap_bytes}"
    return [str(interpreter), "-X", heap, str(_ENTRY), str(image), module, *args]
