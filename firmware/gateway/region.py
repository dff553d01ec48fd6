"""A run of blocks of a NOR flash device, addressed in bytes.

The device speaks as esp32.Partition: readblocks(block, buf, offset), writeblocks(block, buf,
offset) which programs without erasing, ioctl(4) blocks, ioctl(5) bytes a block, ioctl(6) erase.
"""

from micropython import const

_CHUNK = const(256)


class Region:
    def __init__(self, device, first_block: int, blocks: int) -> None:
        self._device = device
        self._first = first_block
        self.blocks = blocks
        self.block_bytes = device.ioctl(5, 0)

    def read(self, address: int, count: int) -> bytearray:
        buf = bytearray(count)
        for block, offset, part in self._parts(address, buf):
            self._device.readblocks(block, part, offset)
        return buf

    def program(self, address: int, data) -> None:
        """Clears bits; erased flash is all ones."""
        for block, offset, part in self._parts(address, data):
            self._device.writeblocks(block, part, offset)

    def erase(self, block: int) -> None:
        self._device.ioctl(6, self._first + block)

    def is_blank(self, address: int, count: int) -> bool:
        while count:
            size = min(count, _CHUNK)
            if self.read(address, size) != b"\xff" * size:
                return False
            address += size
            count -= size
        return True

    def _parts(self, address: int, buf):
        view = memoryview(buf)
        start = 0
        while start < len(view):
            block, offset = divmod(address + start, self.block_bytes)
            end = min(len(view), start + self.block_bytes - offset)
            yield self._first + block, offset, view[start:end]
            start = end
