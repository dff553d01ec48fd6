"""Records that wait for their frame, packed: each by itself takes twice its bytes of the heap."""

from micropython import const

_PIECE_BYTES = const(256)
_LENGTH_BYTES = const(2)


class Held:
    """Encoded records, in the order in which they came: how many, and their bytes."""

    def __init__(self) -> None:
        self._pieces: list = []  # of records, each behind its length
        self._start = 0  # of the oldest, in the first piece
        self.count = 0
        self.bytes = 0

    def add(self, record: bytes) -> None:
        size = len(record)
        entry = size.to_bytes(_LENGTH_BYTES, "big") + record
        if self._pieces and len(self._pieces[-1]) + len(entry) <= _PIECE_BYTES:
            self._pieces[-1].extend(entry)
        else:
            self._pieces.append(bytearray(entry))
        self.count += 1
        self.bytes += size

    def drop(self) -> None:
        """The oldest."""
        for piece, start, end in self._places():
            self.count -= 1
            self.bytes -= end - start
            self._start = end
            if end == len(piece):
                self._pieces.pop(0)
                self._start = 0
            return

    def fitting(self, most: int, most_bytes: int) -> int:
        """How many of the oldest are no more than that: one at least, if there is any."""
        count = size = 0
        for _, start, end in self._places():
            size += end - start
            if count == most or (count and size > most_bytes):
                break
            count += 1
        return count

    def first(self, count: int) -> list:
        """So many of the oldest."""
        found: list = []
        for piece, start, end in self._places():
            if len(found) == count:
                break
            found.append(bytes(memoryview(piece)[start:end]))
        return found

    def _places(self):
        """(piece, start, end) of each record."""
        start = self._start
        for piece in self._pieces:
            while start < len(piece):
                size = piece[start] << 8 | piece[start + 1]
                start += _LENGTH_BYTES
                yield piece, start, start + size
                start += size
            start = 0
