"""A run of blocks of a NOR flash device, addressed in bytes.

The device speaks as esp32.Partition: readblocks(block, buf, offset), writeblocks(block, buf,
offset) which programs without erasing, ioctl(4) blocks, ioctl(5) bytes a block, ioctl(6) erase.
"""

import binascii
import hashlib

from micropython import const

_CHUNK = const(256)
_BLANK = memoryview(b"\xff" * _CHUNK)
# Kept, and of all regions one: frames must reach flash also when the heap is all but full.
_PIECE = memoryview(bytearray(_CHUNK))


class Region:
    def __init__(self, device, first: int, blocks: int) -> None:
        self._device = device
        self._first = first
        self.blocks = blocks
        self.block_bytes = device.ioctl(5, 0)

    def read(self, address: int, count: int) -> bytearray:
        buf = bytearray(count)
        block, offset = divmod(address, self.block_bytes)
        if offset + count <= self.block_bytes:  # a start reads thousands of entries: this is quick
            self._device.readblocks(self._first + block, buf, offset)
        else:
            self._fill(address, memoryview(buf))
        return buf

    def write(self, address: int, data) -> bool:
        """Programs erased flash. False when it was not erased, or does not read back the same."""
        if not self.is_blank(address, len(data)):
            return False
        self.program(address, data)
        view = memoryview(data)
        done = 0
        for piece in self._pieces(address, len(data)):
            if piece != view[done : done + len(piece)]:
                return False
            done += len(piece)
        return True

    def program(self, address: int, data) -> None:
        """Clears bits; erased flash is all ones. Whether it did is to be read."""
        for block, offset, part in self._parts(address, memoryview(data)):
            try:
                self._device.writeblocks(block, part, offset)
            except OSError:
                return

    def erase(self, address: int) -> None:
        """The block that begins there. Whether it is erased is to be read."""
        try:
            self._device.ioctl(6, self._first + address // self.block_bytes)
        except OSError:
            pass

    def is_blank(self, address: int, count: int) -> bool:
        return all(piece == _BLANK[: len(piece)] for piece in self._pieces(address, count))

    def crc(self, address: int, count: int, seed: int) -> int:
        """CRC-32 of what is there."""
        for piece in self._pieces(address, count):
            seed = binascii.crc32(piece, seed)
        return seed

    def sha256(self, address: int, count: int) -> bytes:
        """Of what is there."""
        digest = hashlib.sha256()
        for piece in self._pieces(address, count):
            digest.update(piece)
        return digest.digest()

    def _pieces(self, address: int, count: int):
        """Yields what is there piece by piece, in the one buffer."""
        while count:
            piece = _PIECE[: min(count, _CHUNK)]
            self._fill(address, piece)
            yield piece
            address += len(piece)
            count -= len(piece)

    def _fill(self, address: int, view) -> None:
        for block, offset, part in self._parts(address, view):
            self._device.readblocks(block, part, offset)

    def _parts(self, address: int, view):
        start = 0
        while start < len(view):
            block, offset = divmod(address + start, self.block_bytes)
            end = min(len(view), start + self.block_bytes - offset)
            yield self._first + block, offset, view[start:end]
            start = end
