"""A NOR flash device in a file: erase sets bits, program only clears them. Speaks as
esp32.Partition. What can go wrong with it is in bad_nor.py."""

_ERASED = b"\xff" * 256


class Nor:
    def __init__(self, path, blocks, block_bytes=4096):
        """The file is made erased when it does not exist."""
        self.blocks = blocks
        self.block_bytes = block_bytes
        try:
            self._file = open(path, "r+b")
        except OSError:
            self._file = open(path, "w+b")
            self.wipe(0, blocks)

    def wipe(self, first, count):
        self._seek(first, 0, 0)
        for _ in range(count * self.block_bytes // len(_ERASED)):
            self._file.write(_ERASED)

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return self.block_bytes
        if op == 6:
            self._change(arg, None, 0, self.block_bytes)

    def readblocks(self, block, buf, offset):
        self._seek(block, offset, len(buf))
        assert self._file.readinto(buf) == len(buf)

    def writeblocks(self, block, buf, offset):
        self._change(block, buf, offset, len(buf))

    def _seek(self, block, offset, size):
        assert block * self.block_bytes + offset + size <= self.blocks * self.block_bytes
        self._file.seek(block * self.block_bytes + offset)

    def _change(self, block, data, offset, size):
        """Programs `data`, or erases when it is None."""
        assert offset + size <= self.block_bytes
        for at in range(0, size, len(_ERASED)):
            count = min(size - at, len(_ERASED))
            self._seek(block, offset + at, count)
            new = _ERASED[:count]
            if data is not None:
                new = bytes(a & b for a, b in zip(self._file.read(count), data[at : at + count]))
                self._seek(block, offset + at, count)
            self._file.write(new)
