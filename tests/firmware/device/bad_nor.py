"""A NOR flash device whose power can be cut in the middle of any operation, and whose bits can be
stuck."""

import random

from nor import Nor


class PowerCut(Exception):
    pass


class BadNor(Nor):
    def __init__(self, *args):
        self.operations = 0  # programs and erases begun
        self._cut_at = None
        self._kept = 0
        self._scattered = False
        self._stuck = {}  # block: [(offset, mask, bits), …]
        self._worn = set()
        super().__init__(*args)

    def stick(self, block, offset, mask, value):
        """From the next erase or program of the byte on, these bits of it stay at `value`."""
        self._stuck.setdefault(block, []).append((offset, mask, mask if value else 0))

    def wear_out(self, block):
        """From now on erasing it does nothing."""
        self._worn.add(block)

    def heal(self):
        self._stuck.clear()
        self._worn.clear()

    def cut(self, operation, kept, scattered=False):
        """The operation of this number, from 0, is torn, and none after it happens.

        Done are the first `kept` thousandths of its bytes, or the last where it is negative;
        scattered: of all its bytes some bits.
        """
        self.operations = 0
        self._cut_at = operation
        self._kept = kept
        self._scattered = scattered

    def is_cut(self):
        """Whether the operation to be cut was reached."""
        return self._cut_at is not None and self.operations > self._cut_at

    def restore_power(self):
        self._cut_at = None

    def _change(self, block, data, offset, size):
        number = self.operations
        self.operations += 1
        if self._cut_at is None or number < self._cut_at:
            self._do(block, data, offset, size, False)
            return
        if number == self._cut_at:
            done = size if self._scattered else size * abs(self._kept) // 1000
            skipped = size - done if self._kept < 0 else 0
            if data is not None:
                data = data[skipped:]
            self._do(block, data, offset + skipped, done, self._scattered)
        raise PowerCut

    def _do(self, block, data, offset, size, torn):
        if data is None and block in self._worn:
            return
        for at in range(0, size, 256):
            count = min(size - at, 256)
            self._seek(block, offset + at, count)
            old = self._file.read(count)
            if data is None:
                new = bytearray(b"\xff" * count)
            else:
                new = bytearray(a & b for a, b in zip(old, data[at : at + count]))
            if torn:
                self._tear(old, new)
            for place, mask, bits in self._stuck.get(block, ()):
                i = place - offset - at
                if 0 <= i < count:
                    new[i] = new[i] & ~mask | bits
            self._seek(block, offset + at, count)
            self._file.write(new)

    def _tear(self, old, new):
        """Of the bits that change, some have."""
        for i, before in enumerate(old):
            if before != new[i]:
                changed = random.getrandbits(8)
                if random.randrange(1000) < self._kept:
                    changed |= random.getrandbits(8)
                new[i] = before & ~changed | new[i] & changed
