"""A NOR flash device for MicroPython tests: erase sets bits, program only clears them, and the
power can be cut in the middle of any operation. Speaks as esp32.Partition."""


class PowerCut(Exception):
    pass


class Nor:
    """Kept in the file `path`, which is made erased when it does not exist."""

    def __init__(self, path: str, blocks: int, block_bytes: int = 4096) -> None:
        self.blocks = blocks
        self.block_bytes = block_bytes
        self.erases = 0
        self.operations = 0  # programs and erases begun
        self._cut_at = None
        self._kept = 0
        try:
            self._file = open(path, "r+b")
        except OSError:
            with open(path, "wb") as file:
                for _ in range(blocks):
                    file.write(b"\xff" * block_bytes)
            self._file = open(path, "r+b")

    def cut(self, operation: int, kept: int) -> None:
        """Fails the operation of this number after `kept` thousandths of its bytes."""
        self._cut_at = operation
        self._kept = kept

    def restore_power(self) -> None:
        self._cut_at = None
        self.operations = 0

    def ioctl(self, op: int, arg: int):
        if op == 4:
            return self.blocks
        if op == 5:
            return self.block_bytes
        if op == 6:
            self.erases += 1
            self._change(arg * self.block_bytes, b"\xff" * self.block_bytes, True)
        return None

    def readblocks(self, block: int, buf, offset: int) -> None:
        address = block * self.block_bytes + offset
        assert address + len(buf) <= self.blocks * self.block_bytes
        self._file.seek(address)
        assert self._file.readinto(buf) == len(buf)

    def writeblocks(self, block: int, buf, offset: int) -> None:
        assert offset + len(buf) <= self.block_bytes
        self._change(block * self.block_bytes + offset, buf, False)

    def _change(self, address: int, data, erase: bool) -> None:
        if self._cut_at is not None and self.operations > self._cut_at:
            raise PowerCut
        size = len(data)
        cut = self.operations == self._cut_at
        self.operations += 1
        if cut:
            size = size * self._kept // 1000
        self._file.seek(address)
        old = self._file.read(size)
        new = bytes(data[:size]) if erase else bytes(a & b for a, b in zip(old, data))
        assert address + len(data) <= self.blocks * self.block_bytes
        self._file.seek(address)
        self._file.write(new)
        self._file.flush()
        if cut:
            raise PowerCut
