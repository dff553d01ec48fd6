"""The slots of a board made of files: `slots` in its JSON, of `slot_blocks` blocks each."""

import json
import os
import sys

_BLOCK_BYTES = 4096
_COUNTED = "start"  # no other module's start is one of a trial


class Flash:
    """NOR flash in a file, as esp32.Partition speaks."""

    def __init__(self, path, blocks):
        try:
            self._file = open(path, "r+b")
        except OSError:
            self._file = open(path, "w+b")
            for block in range(blocks):
                self._erase(block)
        self._blocks = blocks

    def readblocks(self, block, buf, offset):
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.readinto(buf)

    def writeblocks(self, block, data, offset):
        new = bytearray(len(data))
        self.readblocks(block, new, offset)
        for i, byte in enumerate(data):
            new[i] &= byte
        self._file.seek(block * _BLOCK_BYTES + offset)
        self._file.write(new)
        self._file.flush()

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 6:
            self._erase(arg)
        return _BLOCK_BYTES

    def _erase(self, block):
        self._file.seek(block * _BLOCK_BYTES)
        self._file.write(b"\xff" * _BLOCK_BYTES)
        self._file.flush()


def take(image, path, module):
    """Put the image of the slot whose turn it is into the buffer."""
    board, slots = _open()
    if not (slots.image_bytes(0) or slots.image_bytes(1)):
        with open(path, "rb") as file:
            for at in range(0, os.stat(path)[6], _BLOCK_BYTES):
                slots.write(0, at, file.read(_BLOCK_BYTES))
    slot = slots.choose(_reset_cause(board)) if module == _COUNTED else slots.runs
    slots.readinto(slot, 0, image[: slots.image_bytes(slot)])


def note(error):
    """Why a start ends, where it is one of a trial."""
    _open()[1].note("%s: %s" % (type(error).__name__, error))


def _open():
    with open(os.getenv("ESEP_BOARD") or "") as file:
        board = json.load(file)
    sys.path[0] = sys.path[0].rsplit("/", 1)[0]
    from slots import Slots

    del sys.modules["slots"]
    return board, Slots(Flash(board["slots"], 2 * board["slot_blocks"]))


def _reset_cause(board):
    try:
        with open(board["dir"] + "/reset") as file:
            return file.read()
    except OSError:
        return "power"
