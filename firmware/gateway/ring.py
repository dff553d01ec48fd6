"""The frames of one stream in a ring of flash segments. Power may fail at any byte.

Segment: a header of 64 bytes (magic, serial, epoch, first seq; epoch, seq and hash of the frame
before it; CRC-32; a byte cleared when all its frames have a receipt), then entries.
Entry: a header of 12 bytes (length, a byte cleared by the receipt, seq, CRC-32), then the message,
padded to 4 bytes. The header is written last and makes the entry. The newest segment ends where
its entries do; if anything but erased flash follows, a write was cut, and the next frame goes
into a new segment. Within a segment seq rises by one and the epoch is the same.
"""

import binascii
import hashlib
import struct
from array import array

from micropython import const

_HEADER = "<4sIIIII32s"
_HEADER_BYTES = const(64)
_CHECKED_BYTES = const(56)
_RECEIPTED_AT = const(60)

_ENTRY = "<HBBII"
_ENTRY_BYTES = const(12)
_STATE_AT = const(2)
_PENDING = const(0xFF)
_CLEARED = b"\x00"

_CHUNK = const(256)


class JournalFull(Exception):
    """No room, and the oldest frames may not be dropped."""


class Ring:
    def __init__(self, region, segment_blocks: int, magic: bytes, drop=None) -> None:
        """`magic`: four bytes that no other ring's segments begin with.

        `drop(epoch, first, last)` is called before frames without receipt are erased for room.

        Without it they are kept, and `append` raises JournalFull.
        """
        self._region = region
        self._magic = magic
        self._segment_blocks = segment_blocks
        self._segment_bytes = segment_blocks * region.block_bytes
        self._segments = region.blocks // segment_blocks
        if self._segments < 3:
            raise ValueError("a ring needs three segments")
        self._drop = drop
        zeros = [0] * self._segments
        self._serial = array("I", zeros)  # 0: no frames of this ring in the segment
        self._epoch = array("I", zeros)
        self._first = array("I", zeros)
        self._count = array("H", zeros)
        self._pending = array("H", zeros)
        self._active = self._segments - 1
        self._tail = self._segment_bytes  # where the next entry goes in the active segment
        self.last: tuple | None = None  # (epoch, seq, SHA-256) of the newest frame
        self._mount()

    # ---- frames ----------------------------------------------------------------------------

    def append(self, epoch: int, seq: int, message: bytes) -> None:
        """Durable on return. Raises JournalFull, ValueError when this is not the next frame."""
        if not self._follows(epoch, seq):
            raise ValueError("not the next frame")
        size = _ENTRY_BYTES + (len(message) + 3 & ~3)
        if size > self._segment_bytes - _HEADER_BYTES:
            raise ValueError("frame longer than a segment")
        if self._tail + size > self._segment_bytes or self._epoch[self._active] != epoch:
            self._open(epoch, seq)
        address = self._active * self._segment_bytes + self._tail
        self._tail = self._segment_bytes  # closed, should a write fail
        self._region.program(address + _ENTRY_BYTES, message)
        crc = binascii.crc32(message, seq)
        header = struct.pack(_ENTRY, len(message), _PENDING, 0xFF, seq, crc)
        self._region.program(address, header)
        self._tail = address + size - self._active * self._segment_bytes
        self._count[self._active] += 1
        self._pending[self._active] += 1
        self.last = (epoch, seq, hashlib.sha256(message).digest())

    def receipt(self, epoch: int, upto: int, held) -> None:
        """Marks the frames 1…upto and those in the ranges `held` ((first, last), …)."""
        ranges = [(1, upto)] + [(first, last) for first, last in held]
        for segment in self._oldest_first():
            if self._pending[segment] and self._epoch[segment] == epoch:
                self._receipt_segment(segment, ranges)

    def pending(self) -> int:
        return sum(self._pending)

    def pending_epoch(self):
        """The epoch of the oldest frame without receipt, or None."""
        for segment in self._oldest_first():
            if self._pending[segment]:
                return self._epoch[segment]
        return None

    def next_pending(self, epoch: int, seq: int):
        """(seq, message) of the first frame after `seq` without receipt, or None."""
        for segment in self._oldest_first():
            if not self._pending[segment] or not self._reaches(segment, epoch, seq + 1):
                continue
            for entry_seq, address, pending in self._entries(segment):
                if pending and entry_seq > seq:
                    message = self._message(address)
                    if message is not None:
                        return entry_seq, message
                    self._give_up([address])
                    self._pending[segment] -= 1
        return None

    def find(self, epoch: int, seq: int):
        """The message, as long as it is still in flash, or None."""
        for segment in self._oldest_first():
            if self._reaches(segment, epoch, seq) and seq >= self._first[segment]:
                for entry_seq, address, _ in self._entries(segment):
                    if entry_seq == seq:
                        return self._message(address)
        return None

    def frames(self):
        """Yields (message, whether it has no receipt) of every frame in flash, oldest first."""
        for segment in self._oldest_first():
            for _, address, pending in self._entries(segment):
                message = self._message(address)
                if message is not None:
                    yield message, pending and self._pending[segment] > 0

    def laps(self) -> int:
        """How often the most erased segment was erased, since the first frame."""
        return -(-max(self._serial) // self._segments)

    # ---- segments --------------------------------------------------------------------------

    def _follows(self, epoch: int, seq: int) -> bool:
        if self.last is None or epoch > self.last[0]:
            return seq == 1
        return epoch == self.last[0] and seq == self.last[1] + 1

    def _reaches(self, segment: int, epoch: int, seq: int) -> bool:
        """Whether the segment has frames of the epoch from `seq` on."""
        return self._epoch[segment] == epoch and seq < self._first[segment] + self._count[segment]

    def _oldest_first(self):
        for distance in range(1, self._segments + 1):
            segment = (self._active + distance) % self._segments
            if self._serial[segment]:
                yield segment

    def _entries(self, segment: int):
        """(seq, address, pending) of each entry."""
        address = segment * self._segment_bytes + _HEADER_BYTES
        first = self._first[segment]
        for seq in range(first, first + self._count[segment]):
            length, state, _, entry_seq, _ = self._entry(address)
            if entry_seq != seq:  # flash gone bad: what follows cannot be found
                return
            yield seq, address, state == _PENDING
            address += _ENTRY_BYTES + (length + 3 & ~3)

    def _entry(self, address: int) -> tuple:
        return struct.unpack(_ENTRY, self._region.read(address, _ENTRY_BYTES))

    def _message(self, address: int):
        """A bytearray, or None when flash has gone bad: a copy as bytes would double the room."""
        length, _, _, seq, crc = self._entry(address)
        message = self._region.read(address + _ENTRY_BYTES, length)
        return message if binascii.crc32(message, seq) == crc else None

    def _receipt_segment(self, segment: int, ranges: list) -> None:
        base = segment * self._segment_bytes
        first = self._first[segment]
        last = first + self._count[segment] - 1
        if segment != self._active and any(a <= first and last <= b for a, b in ranges):
            self._region.program(base + _RECEIPTED_AT, _CLEARED)
            self._pending[segment] = 0
        elif any(a <= last and first <= b for a, b in ranges):
            for seq, address, pending in self._entries(segment):
                if pending and any(a <= seq <= b for a, b in ranges):
                    self._region.program(address + _STATE_AT, _CLEARED)
                    self._pending[segment] -= 1

    def _open(self, epoch: int, first: int) -> None:
        """Makes the next segment, erased, the active one. It names the last frame before it."""
        segment = (self._active + 1) % self._segments
        if self._serial[segment] and self._pending[segment]:
            if self._drop is None:
                raise JournalFull
            lost = [seq for seq, _, pending in self._entries(segment) if pending]
            if lost:
                self._drop(self._epoch[segment], lost[0], lost[-1])
        serial = self._serial[self._active] + 1
        self._serial[segment] = self._pending[segment] = self._count[segment] = 0
        for block in range(self._segment_blocks):
            self._region.erase(segment * self._segment_blocks + block)
        last_epoch, last_seq, last_hash = self.last or (0, 0, bytes(32))
        header = struct.pack(
            _HEADER, self._magic, serial, epoch, first, last_epoch, last_seq, last_hash
        )
        header += struct.pack("<I", binascii.crc32(header))
        self._region.program(segment * self._segment_bytes, header)
        self._serial[segment] = serial
        self._epoch[segment] = epoch
        self._first[segment] = first
        self._active = segment
        self._tail = _HEADER_BYTES

    # ---- mount -----------------------------------------------------------------------------

    def _mount(self) -> None:
        newest = None
        for segment in range(self._segments):
            header = self._header(segment)
            if header:
                _, serial, self._epoch[segment], self._first[segment], _, _, _ = header
                self._serial[segment] = serial
                if newest is None or serial > self._serial[newest]:
                    newest = segment
        if newest is None:
            return
        self._active = newest
        self._forget_strangers()
        _, _, _, _, epoch, seq, digest = self._header(newest)
        if epoch:
            self.last = (epoch, seq, bytes(digest))
        for segment in self._oldest_first():
            self._scan(segment)

    def _header(self, segment: int):
        raw = self._region.read(segment * self._segment_bytes, _HEADER_BYTES)
        crc = struct.unpack_from("<I", raw, _CHECKED_BYTES)[0]
        if raw[:4] != self._magic or binascii.crc32(raw[:_CHECKED_BYTES]) != crc:
            return None
        return struct.unpack_from(_HEADER, raw, 0)

    def _forget_strangers(self) -> None:
        """Leaves only the segments whose serials fall by one going back from the newest."""
        serial = self._serial[self._active]
        for distance in range(self._segments):
            segment = (self._active - distance) % self._segments
            if self._serial[segment] != serial - distance:
                self._serial[segment] = 0

    def _scan(self, segment: int) -> None:
        """Counts the intact entries; for the active segment also finds its end and last frame."""
        base = segment * self._segment_bytes
        receipted = self._region.read(base + _RECEIPTED_AT, 1)[0] != _PENDING
        offset = end = _HEADER_BYTES
        seq = self._first[segment]
        last = None
        spoilt: list = []
        while offset + _ENTRY_BYTES < self._segment_bytes:
            address = base + offset
            length, state, _, entry_seq, crc = self._entry(address)
            offset += _ENTRY_BYTES + (length + 3 & ~3)
            if entry_seq != seq or offset > self._segment_bytes:
                break
            if self._crc(address + _ENTRY_BYTES, length, seq) == crc:
                end = offset
                last = address
                self._count[segment] = seq + 1 - self._first[segment]
                if state == _PENDING and not receipted:
                    self._pending[segment] += 1
                self._give_up(spoilt)
            else:
                spoilt.append(address)
            seq += 1
        if segment == self._active:
            if self._region.is_blank(base + end, self._segment_bytes - end):
                self._tail = end
            if last is not None:
                seq = self._entry(last)[3]
                digest = hashlib.sha256(self._message(last)).digest()
                self.last = (self._epoch[segment], seq, digest)

    def _give_up(self, spoilt: list) -> None:
        """Entries in bad flash before an intact one: they can never be sent."""
        while spoilt:
            self._region.program(spoilt.pop() + _STATE_AT, _CLEARED)

    def _crc(self, address: int, length: int, seq: int) -> int:
        crc = seq
        while length:
            size = min(length, _CHUNK)
            crc = binascii.crc32(self._region.read(address, size), crc)
            address += size
            length -= size
        return crc
