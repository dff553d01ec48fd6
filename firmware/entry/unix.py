"""Run a module of an application's image on the unix port, mounted at /rom as an ESP32 mounts it.

Arguments: the image, the module, and what its `main` takes. A board whose JSON names a file of
`slots` has two (unix_slots.py), and the image is what is put into the first one when both are
empty. An image takes its size of the heap here; in an ESP32 it stays in flash.
"""

import os
import sys

import vfs

_HERE = sys.path[0]
_MORE_BYTES = 4096  # that an image in a slot may have than the one that is given

# First of all: the heap is still in one piece.
image = bytearray(os.stat(sys.argv[1])[6] + _MORE_BYTES)


def _is_slotted():
    with open(os.getenv("ESEP_BOARD") or "/dev/null") as file:
        return '"slots"' in file.read()


def _slots():
    """The module, which is forgotten when it has done its work: the heap is the application's."""
    sys.path[0] = _HERE
    import unix_slots

    del sys.modules["unix_slots"]
    return unix_slots


if _is_slotted():
    _slots().take(memoryview(image), sys.argv[1], sys.argv[2])
else:
    with open(sys.argv[1], "rb") as file:
        file.readinto(image)
vfs.mount(vfs.VfsRom(image), "/rom")  # type: ignore[attr-defined]  # in no stub yet
sys.path[0] = "/rom"
try:
    code = __import__(sys.argv[2]).main(*sys.argv[3:])
except Exception as error:
    if not _is_slotted():
        raise
    sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
    _slots().note(error)
    code = 3
sys.exit(code)
