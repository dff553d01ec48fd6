"""A NOR flash device in a file: erase sets bits, program only clears them, and the power can be
cut in the middle of any operation. Speaks as esp32.Partition."""

_ERASED = b"\xff" * 256


class PowerCut(Exception):
    pass


class Nor:
    def __init__(self, path, blocks, block_bytes=4096):
        """The file is made erased when it does not exist."""
        self.blocks = blocks
        self.block_bytes = block_bytes
        self.operations = 0  # programs and erases begun
        self._cut_at = None
        self._kept = 0
        try:
            self._file = open(path, "r+b")
        except OSError:
            self._file = open(path, "w+b")
            self.wipe(0, blocks)

    def wipe(self, first, count):
        self._file.seek(first * self.block_bytes)
        self._erase(count * self.block_bytes)

    def cut(self, operation, kept):
        """The operation of this number, from 0, stops after `kept` thousandths of its bytes."""
        self.operations = 0
        self._cut_at = operation
        self._kept = kept

    def is_cut(self):
        """Whether the operation to be cut was reached."""
        return self._cut_at is not None and self.operations > self._cut_at

    def restore_power(self):
        self._cut_at = None

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
        assert block < self.blocks and offset + size <= self.block_bytes
        self._file.seek(block * self.block_bytes + offset)

    def _change(self, block, data, offset, size):
        """Programs the data; without any, erases."""
        cut = self._cut_at is not None and self.operations >= self._cut_at
        if cut:
            size = size * self._kept // 1000 if self.operations == self._cut_at else 0
        self.operations += 1
        self._seek(block, offset, size)
        if data is None:
            self._erase(size)
        else:
            data = bytes(a & b for a, b in zip(self._file.read(size), data))
            self._seek(block, offset, size)
            self._file.write(data[:size])
        if cut:
            raise PowerCut

    def _erase(self, size):
        """In pieces: the heap of a device under test has none as long as a block to spare."""
        while size:
            size -= self._file.write(_ERASED[: min(size, len(_ERASED))])
