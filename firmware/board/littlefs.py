"""What was deleted from a littlefs stays in its flash until the room is used again: use it."""

import os

from micropython import const

_FILE = "erase.new"
_BLOCK_BYTES = const(4096)
# A small file lies in the log of its directory, two blocks that are rewritten in turn when full.
_LOG_ENTRIES = const(2 * 2 * _BLOCK_BYTES // 64)


def erase_free() -> None:
    """Write over all room that no file has, and twice over the log of this directory."""
    for _ in range(_LOG_ENTRIES):
        with open(_FILE, "wb") as file:
            file.write(bytes(64))
    try:
        with open(_FILE, "wb") as file:
            while True:
                file.write(bytes(512))
    except OSError:
        pass  # it is full
    os.remove(_FILE)
