"""The segments of a ring: which hold frames, in what order they are written, which are worn out.

Segment: a header of 64 bytes (magic, serial, epoch, first seq; epoch, seq and hash of the frame
before it; CRC-32; a byte cleared when all its frames have a receipt; `BAD` when it is not to be
written again), then entries. A segment's serial is one above that of the segment that lies before
it, also where that one was left out because it is bad.
"""

import binascii
import struct
from array import array

from micropython import const

HEADER_BYTES = const(64)

_HEADER = "<4sIIIII32s"
_CHECKED_BYTES = const(56)
_RECEIPTED_AT = const(60)
_BAD_AT = const(61)
_BAD_MARK = b"BAD"

_USED = const(1)
_BAD = const(2)


def is_cleared(value: int, size: int) -> bool:
    """Whether a mark was made: in most of its bits, for one that is stuck is no mark."""
    if value == (1 << size) - 1:
        return False
    ones = 0
    while value:
        ones += value & 1
        value >>= 1
    return 2 * ones < size


class Segments:
    def __init__(self, region, blocks: int, magic: bytes) -> None:
        self._region = region
        self._magic = magic
        self.bytes = blocks * region.block_bytes
        self.number = region.blocks // blocks
        if self.number < 3:
            raise ValueError("a ring needs three segments")
        zeros = [0] * self.number
        self._state = bytearray(self.number)
        self.epoch = array("I", zeros)
        self.first = array("I", zeros)
        self.count = array("H", zeros)  # frames, and those of them without receipt
        self.pending = array("H", zeros)
        self.active = self.number - 1
        self.serial = 0  # of the active segment; 0: there is none
        self._mount()

    def base(self, segment: int) -> int:
        return segment * self.bytes

    def oldest_first(self):
        for distance in range(1, self.number + 1):
            segment = self.after_active(distance)
            if self._state[segment] & _USED:
                yield segment

    def after_active(self, distance: int) -> int:
        return (self.active + distance) % self.number

    def is_bad(self, distance: int) -> bool:
        return self._state[self.after_active(distance)] & _BAD != 0

    def forget(self, segment: int) -> None:
        """What it holds. An erase cut short might leave the header, and spoil the frames."""
        if self._state[segment] & _USED:
            self._region.program(self.base(segment), bytes(4))
        self._state[segment] &= _BAD
        self.count[segment] = self.pending[segment] = 0

    def open(self, distance: int, epoch: int, first: int, last) -> bool:
        """Makes the segment `distance` after the active one, which was forgotten, the active one.

        Its other blocks are to be erased as they are reached. `last`: (epoch, seq, hash) of the
        frame before, or None. False when the segment turns out bad.
        """
        segment = self.after_active(distance)
        base = self.base(segment)
        serial = self.serial + distance
        header = struct.pack(
            _HEADER, self._magic, serial, epoch, first, *(last or (0, 0, bytes(32)))
        )
        header += struct.pack("<II", binascii.crc32(header), 0xFFFFFFFF)
        self._region.erase(base)
        if not self._region.write(base, header):
            self.give_up(segment)
            return False
        self._state[segment] = _USED
        self.epoch[segment] = epoch
        self.first[segment] = first
        self.active = segment
        self.serial = serial
        return True

    def disown(self, segment: int) -> None:
        """Its header is spoilt: what it held is told, and not to be told again."""
        self._region.program(self.base(segment), bytes(4))

    def give_up(self, segment: int) -> None:
        """Never to be written again. Where the mark does not take, it will be found out again."""
        self._state[segment] |= _BAD
        self._region.program(self.base(segment) + _BAD_AT, _BAD_MARK)

    def receipt(self, segment: int) -> None:
        """All its frames have a receipt. Should the mark not take, they are sent once more."""
        self._region.program(self.base(segment) + _RECEIPTED_AT, b"\x00")
        self.pending[segment] = 0

    def receipted(self, segment: int) -> bool:
        return is_cleared(self._region.read(self.base(segment) + _RECEIPTED_AT, 1)[0], 8)

    def seed(self, segment: int) -> int:
        """No entry of another segment, nor of an earlier round, has a CRC that begins with this."""
        raw = self._region.read(self.base(segment) + _CHECKED_BYTES, 4)
        return struct.unpack("<I", raw)[0]

    def before(self, segment: int):
        """(epoch, seq, hash) of the frame before the segment's first, or None."""
        last = self._header(segment)[4:]
        return last if last[0] else None

    def room(self) -> int:
        """Bytes of the segments that can be opened before one with a frame without receipt."""
        free = 0
        for distance in range(1, self.number):
            segment = self.after_active(distance)
            if self.pending[segment]:
                break
            if not self._state[segment] & _BAD:
                free += self.bytes - HEADER_BYTES
        return free

    def fullness(self) -> tuple:
        """(segments with frames without receipt, segments that are not bad)."""
        full = good = 0
        for segment in range(self.number):
            full += self.pending[segment] > 0
            good += not self._state[segment] & _BAD
        return full, max(good, 1)

    def erasures(self) -> int:
        return -(-self.serial // self.number)

    # ---- mount -----------------------------------------------------------------------------

    def spoilt_after_active(self):
        """The segment that would be opened next, if it was opened once and its header is spoilt.

        Where that cannot be told from one that was the oldest, it is said too.
        """
        for distance in range(1, self.number):
            segment = self.after_active(distance)
            if self.is_bad(distance):
                continue
            magic, serial = struct.unpack("<4sI", self._region.read(self.base(segment), 8))
            newer = self.serial + distance
            if self._header(segment) or serial == newer - self.number:
                return None
            return segment if magic == self._magic or serial == newer else None
        return None

    def spoilt_between(self, segment: int, following: int) -> list:
        """Those between the two whose header is spoilt: not those that were left out as bad."""
        found = []
        while (segment + 1) % self.number != following:
            segment = (segment + 1) % self.number
            if not self._state[segment] & _BAD:
                found.append(segment)
        return found

    def is_disowned(self, segment: int) -> bool:
        return self._region.read(self.base(segment), 4) == bytes(4)

    def _mount(self) -> None:
        serials = array("I", [0] * self.number)
        for segment in range(self.number):
            header = self._header(segment)
            if header:
                _, serials[segment], self.epoch[segment], self.first[segment] = header[:4]
            if self._region.read(self.base(segment) + _BAD_AT, 3) == _BAD_MARK:
                self._state[segment] = _BAD
        self.serial = max(serials)
        if not self.serial:
            return
        for segment in range(self.number):
            if serials[segment] == self.serial:
                self.active = segment
        # What another layout left behind has no serial that fits its place.
        for distance in range(self.number):
            segment = self.after_active(-distance)
            if serials[segment] and serials[segment] == self.serial - distance:
                self._state[segment] |= _USED

    def _header(self, segment: int):
        raw = self._region.read(self.base(segment), HEADER_BYTES)
        crc = struct.unpack_from("<I", raw, _CHECKED_BYTES)[0]
        if raw[:4] != self._magic or binascii.crc32(raw[:_CHECKED_BYTES]) != crc:
            return None
        magic, serial, epoch, first, last_epoch, last_seq, digest = struct.unpack_from(
            _HEADER, raw, 0
        )
        return magic, serial, epoch, first, last_epoch, last_seq, bytes(digest)
