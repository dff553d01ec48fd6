"""Where an object is put together in flash, and waits for the start that judges it.

64 bytes first: magic, length, SHA-256, CRC-32 of these, written when all is there; in the last
three a byte is cleared by each start that tries it.
"""

import binascii
import struct

from gateway.region import Region
from micropython import const

_MAGIC = b"ESO1"
_HEADER = "<4sI32s"
_CHECKED_BYTES = const(40)
_TRIES_AT = const(61)
_TRIES = const(3)
_DATA_AT = const(64)


class Staging:
    def __init__(self, device) -> None:
        """`device` is the partition of the settings, of which this is the last third."""
        blocks = device.ioctl(4, 0) // 3
        self._region = region = Region(device, 2 * blocks, blocks)
        self._erased = 0  # blocks
        self.room_bytes = region.blocks * region.block_bytes - _DATA_AT

    def begin(self) -> None:
        """Forget what is there."""
        self._region.erase(0)
        self._erased = 1

    def write(self, offset: int, data) -> None:
        """Once for each byte, and from the first on: blocks are erased as they are reached."""
        end = _DATA_AT + offset + len(data)
        while self._erased * self._region.block_bytes < end:
            self._region.erase(self._erased * self._region.block_bytes)
            self._erased += 1
        self._region.program(_DATA_AT + offset, data)

    def read(self, offset: int, count: int) -> bytearray:
        return self._region.read(_DATA_AT + offset, count)

    def seal(self, size: int, digest: bytes) -> None:
        """All is there: the next start finds it."""
        header = struct.pack(_HEADER, _MAGIC, size, digest)
        self._region.program(0, header + struct.pack("<I", binascii.crc32(header)))

    def waiting(self):
        """(size, SHA-256) of what was sealed, or None."""
        raw = self._region.read(0, _CHECKED_BYTES + 4)
        magic, size, digest = struct.unpack_from(_HEADER, raw, 0)
        crc = struct.unpack_from("<I", raw, _CHECKED_BYTES)[0]
        if magic != _MAGIC or binascii.crc32(raw[:_CHECKED_BYTES]) != crc:
            return None
        return size, digest

    def may_try(self) -> bool:
        """Counts a start that tries it; False when it was tried too often."""
        tries = self._region.read(_TRIES_AT, _TRIES)
        for at in range(_TRIES):
            if tries[at]:
                self._region.program(_TRIES_AT + at, b"\x00")
                return True
        return False

    def clear(self) -> None:
        self._region.erase(0)
