"""The frames of one stream in a ring of flash segments. Power may fail at any byte.

Entry: a header of 12 bytes (length, two bytes cleared by the receipt, seq, CRC-32), then the
message, padded to 4 bytes. The header is written last and makes the entry. Within a segment seq
rises by one and the epoch is the same; blocks are erased as they are reached, and what an earlier
round left beyond has other CRCs. The newest segment ends where its entries do; if anything but
erased flash follows in that block, a write was cut, and the next frame goes into a new segment.
What does not read back as it was written is written into the next good segment.
"""

import binascii
import hashlib
import struct

from micropython import const

from gateway.segments import HEADER_BYTES, Segments, is_cleared

_ENTRY = "<HHII"
_ENTRY_BYTES = const(12)
_STATE_AT = const(2)
_PENDING = const(0xFFFF)

_LONGEST = const(4096)  # message; a length beyond is none


class JournalFull(Exception):
    """No room, and the oldest frames may not be dropped."""


class Ring:
    def __init__(self, region, blocks: int, magic: bytes, drop=None) -> None:
        """`magic`: four bytes that no other ring's segments begin with.

        `drop(epoch, first, last)` is called before frames without receipt are erased for room.
        Without it they are kept, and `append` raises JournalFull.
        """
        self._region = region
        self.segments = Segments(region, blocks, magic)
        self._drop = drop
        self._tail = self.segments.bytes  # where the next entry goes in the active segment
        self._near = (0, 0, 0)  # segment, seq and address of the entry that was found last
        self.last: tuple | None = None  # (epoch, seq, SHA-256) of the newest frame
        self._mount()

    # ---- frames ----------------------------------------------------------------------------

    def append(self, epoch: int, seq: int, message: bytes) -> int:
        """Durable on return: bytes taken. Raises JournalFull, ValueError when not the next."""
        table = self.segments
        if not self._follows(epoch, seq):
            raise ValueError("not the next frame")
        size = _ENTRY_BYTES + (len(message) + 3 & ~3)
        if len(message) > _LONGEST:
            raise ValueError("frame too long")
        if self._tail + size > table.bytes or table.epoch[table.active] != epoch:
            self._open(epoch, seq)
        while not self._write(seq, message, size):
            table.give_up(table.active)
            self._open(epoch, seq)
        table.count[table.active] += 1
        table.pending[table.active] += 1
        self.last = (epoch, seq, hashlib.sha256(message).digest())
        return size

    def receipt(self, epoch: int, upto: int, held) -> None:
        """Marks the frames 1…upto and those in the ranges `held` ((first, last), …)."""
        table = self.segments
        ranges = [(1, upto)] + [(first, last) for first, last in held]
        for segment in table.oldest_first():
            if table.pending[segment] and table.epoch[segment] == epoch:
                self._receipt_segment(segment, ranges)

    def pending(self) -> int:
        return sum(self.segments.pending)

    def pending_epoch(self):
        """The epoch of the oldest frame without receipt, or None."""
        for segment in self.segments.oldest_first():
            if self.segments.pending[segment]:
                return self.segments.epoch[segment]
        return None

    def next_pending(self, epoch: int, seq: int):
        """(seq, message) of the first frame after `seq` without receipt, or None."""
        pending = self.segments.pending
        for segment in self.segments.oldest_first():
            if not pending[segment] or not self._reaches(segment, epoch, seq + 1):
                continue
            for entry_seq, address, waiting in self._entries(segment, seq + 1):
                if waiting:
                    message = self._message(segment, address)
                    if message is not None:
                        self._near = (segment, entry_seq, address)
                        return entry_seq, message
                    # Flash has gone bad: it can never be sent.
                    pending[segment] -= self._settle(address)
        return None

    def find(self, epoch: int, seq: int):
        """The message, as long as it is still in flash, or None."""
        for segment in self.segments.oldest_first():
            if self._reaches(segment, epoch, seq) and seq >= self.segments.first[segment]:
                address = self._address(segment, seq)
                if address is not None:
                    self._near = (segment, seq, address)
                    return self._message(segment, address)
        return None

    def frames(self):
        """Yields (message, whether it has no receipt) of every frame in flash, oldest first."""
        table = self.segments
        for segment in table.oldest_first():
            for _, address, waiting in self._entries(segment):
                message = self._message(segment, address)
                if message is not None:
                    yield message, waiting and table.pending[segment] > 0

    def room(self) -> int:
        """Bytes that can be appended before a frame without receipt is in the way."""
        return self.segments.bytes - self._tail + self.segments.room()

    # ---- entries ---------------------------------------------------------------------------

    def _follows(self, epoch: int, seq: int) -> bool:
        if self.last is None or epoch > self.last[0]:
            return seq == 1
        return epoch == self.last[0] and seq == self.last[1] + 1

    def _open(self, epoch: int, first: int) -> None:
        """Makes the next good segment the active one, and forgets what lies before its end."""
        table = self.segments
        passed = 1
        for distance in range(1, table.number):
            if table.is_bad(distance):
                continue
            while passed <= distance:
                self._forget(table.after_active(passed))
                passed += 1
            if table.open(distance, epoch, first, self.last):
                self._tail = HEADER_BYTES
                return
        raise JournalFull

    def _forget(self, segment: int) -> None:
        """Its frames, if they have a receipt or may be dropped."""
        table = self.segments
        if table.pending[segment]:
            if self._drop is None:
                raise JournalFull
            lost = [seq for seq, _, waiting in self._entries(segment) if waiting]
            if lost:
                self._drop(table.epoch[segment], lost[0], lost[-1])
        if self._near[0] == segment:
            self._near = (0, 0, 0)
        table.forget(segment)

    def _write(self, seq: int, message: bytes, size: int) -> bool:
        """An entry at the tail. False when the flash does not take it."""
        region, table = self._region, self.segments
        base = table.base(table.active)
        address = base + self._tail
        self._tail = table.bytes  # closed, should a write fail
        block = address + -address % region.block_bytes
        while block < address + size:
            region.erase(block)
            block += region.block_bytes
        crc = binascii.crc32(message, table.seed(table.active) ^ seq)
        header = struct.pack(_ENTRY, len(message), _PENDING, seq, crc)
        if not region.write(address + _ENTRY_BYTES, message) or not region.write(address, header):
            return False
        self._tail = address + size - base
        return True

    def _reaches(self, segment: int, epoch: int, seq: int) -> bool:
        """Whether the segment has frames of the epoch from `seq` on."""
        table = self.segments
        return table.epoch[segment] == epoch and seq < table.first[segment] + table.count[segment]

    def _entries(self, segment: int, seq: int = 0):
        """(seq, address, pending) of each entry from `seq` on."""
        table = self.segments
        at = table.first[segment]
        end = at + table.count[segment]
        address = table.base(segment) + HEADER_BYTES
        if self._near[0] == segment and at <= self._near[1] <= seq:
            _, at, address = self._near
        while at < end:
            length, state, entry_seq, _ = self._entry(address)
            if entry_seq != at:  # flash gone bad: what follows cannot be found
                return
            if at >= seq:
                yield at, address, not is_cleared(state, 16)
            address += _ENTRY_BYTES + (length + 3 & ~3)
            at += 1

    def _address(self, segment: int, seq: int):
        for _, address, _ in self._entries(segment, seq):
            return address
        return None

    def _entry(self, address: int) -> tuple:
        return struct.unpack(_ENTRY, self._region.read(address, _ENTRY_BYTES))

    def _message(self, segment: int, address: int):
        """A bytearray, or None when flash has gone bad: a copy as bytes would double the room."""
        length, _, seq, crc = self._entry(address)
        if length > _LONGEST:
            return None
        message = self._region.read(address + _ENTRY_BYTES, length)
        return (
            message if binascii.crc32(message, self.segments.seed(segment) ^ seq) == crc else None
        )

    def _receipt_segment(self, segment: int, ranges: list) -> None:
        table = self.segments
        first = table.first[segment]
        last = first + table.count[segment] - 1
        if segment != table.active and any(a <= first and last <= b for a, b in ranges):
            table.receipt(segment)
        elif any(a <= last and first <= b for a, b in ranges):
            for seq, address, waiting in self._entries(segment):
                if waiting and any(a <= seq <= b for a, b in ranges):
                    table.pending[segment] -= self._settle(address)

    def _settle(self, address: int) -> bool:
        """Mark an entry as one that is not to be sent again. Whether the flash took the mark."""
        self._region.program(address + _STATE_AT, b"\x00\x00")
        return is_cleared(self._entry(address)[1], 16)

    # ---- mount -----------------------------------------------------------------------------

    def _mount(self) -> None:
        table = self.segments
        if not table.serial:
            return
        self.last = table.before(table.active)
        following = None
        for segment in reversed(list(table.oldest_first())):
            before = None
            if (
                following is not None
                and following == (segment + 1) % table.number
                and table.receipted(segment)
            ):
                before = table.before(following)
            if before and before[0] == table.epoch[segment]:  # it needs no reading
                table.count[segment] = before[1] + 1 - table.first[segment]
            else:
                self._scan(segment, following)
            following = segment

    def _scan(self, segment: int, following) -> None:
        """Counts the entries; for the active segment also finds its end and last frame.

        Only the last entry can have been cut short: the others are proven when they are read.
        """
        table = self.segments
        count, pending, last = self._walk(segment, following)
        table.count[segment] = count
        whole = True
        while last is not None and not self._is_intact(segment, last):
            whole = False
            count -= 1
            pending -= not is_cleared(self._entry(last)[1], 16)
            table.count[segment] = count
            last = self._address(segment, table.first[segment] + count - 1) if count else None
        if not table.receipted(segment):
            table.pending[segment] = pending
        if segment != table.active:
            return
        end = table.base(segment) + HEADER_BYTES
        if last is not None:
            length, _, seq, _ = self._entry(last)
            end = last + _ENTRY_BYTES + (length + 3 & ~3)
            digest = hashlib.sha256(self._region.read(last + _ENTRY_BYTES, length)).digest()
            self.last = (table.epoch[segment], seq, digest)
        if whole and self._region.is_blank(end, -end % self._region.block_bytes):
            self._tail = end - table.base(segment)

    def _walk(self, segment: int, following) -> tuple:
        """(entries that seem to follow each other, those without receipt, address of the last).

        What flash did not take well is also in the segment that follows, and counts there.
        """
        table = self.segments
        until = 0xFFFFFFFF
        if following is not None and table.epoch[following] == table.epoch[segment]:
            until = table.first[following]
        seq = first = table.first[segment]
        address = table.base(segment) + HEADER_BYTES
        end = table.base(segment) + table.bytes
        last = None
        pending = 0
        while address + _ENTRY_BYTES < end:
            length, state, entry_seq, _ = self._entry(address)
            after = address + _ENTRY_BYTES + (length + 3 & ~3)
            if entry_seq != seq or seq >= until or length > _LONGEST or after > end:
                break
            last = address
            address = after
            pending += not is_cleared(state, 16)
            seq += 1
        return seq - first, pending, last

    def _is_intact(self, segment: int, address: int) -> bool:
        length, _, seq, crc = self._entry(address)
        seed = self.segments.seed(segment) ^ seq
        return self._region.crc(address + _ENTRY_BYTES, length, seed) == crc
