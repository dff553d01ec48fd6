"""Two slots for the application's image, and the record of which one runs.

Frozen into the base image, beside what starts it, and in the application: it needs nothing else of
either. The flash partition is halved into two slots. Of each the last block holds a copy of the
record, as a log of entries of which the newest counts, and the block before it a bundle's message:
magic, number, length of image and message, CRC-32; a byte cleared when it was found good; from 64
on the message; in the second half a byte for each block of the image that is written.
"""

import binascii
import struct

from micropython import const

# The states of an update, as the table names them.
EMPTY = const(0)
RECEIVING = const(1)
WHOLE = const(2)
TRIAL = const(3)
GOOD = const(4)
BAD = const(5)

# What happens to it, a column each.
BEGUN = const(0)
VERIFIED = const(1)
SPOILT = const(2)
STARTED = const(3)
SPENT = const(4)
WELL = const(5)
FAILED = const(6)
_INPUTS = const(7)

_TABLE = (
    # BEGUN VERIFIED SPOILT STARTED SPENT WELL FAILED
    b"120...."  # RECEIVING, and one that begins anew
    b"...3..."  # WHOLE
    b"...3545"  # TRIAL
    b"1......"  # EMPTY, GOOD, BAD
)
_ROWS = b"\x03\x00\x01\x02\x03\x03"  # by state
_ZERO = const(0x30)

BY_BROKER = const(0)
BY_CABLE = const(1)
STARTS = 3  # of a trial, before it is given up

_ENTRY = "<2sIBBBBIIHH8s30s"
_ENTRY_BYTES = const(64)
_MAGIC = b"EU"
_WHY_BYTES = const(30)
_MESSAGE = "<4sIIHI"
_MESSAGE_MAGIC = b"EUM1"
_MESSAGE_HEADER_BYTES = const(18)
_GOOD_AT = const(63)
_MESSAGE_AT = const(64)
_MARKS_AT = const(2048)
_NOWHERE = const(-1)
_ROMFS = b"\xd2\xcd\x31"


class Slots:
    """`device` speaks as esp32.Partition. `runs` is the slot of the last image found good."""

    def __init__(self, device) -> None:
        self._device = device
        self.block_bytes = device.ioctl(5, 0)
        self.blocks = device.ioctl(4, 0) // 2
        self.room = (self.blocks - 2) * self.block_bytes
        self._seq = self.state = self.runs = self.starts = self.by = 0
        self.number = self.coming = 0  # of the release that runs, and of the update
        self.begun = 0  # updates so far, of which each erases a slot
        self.erasures = 0  # of the record's blocks
        self.bundle = bytes(8)  # the first bytes of the SHA-256 of its message
        self.why = ""
        self._tails = [self._scan(slot) for slot in range(2)]
        if not self._seq:
            self._guess()

    def choose(self, cause: str) -> int:
        """The slot to start; what is on trial is counted, durably. `cause` is that of the reset."""
        if self.state in (WHOLE, TRIAL):
            if self.starts and not self.why:
                self.why = "ended by " + cause
            if self.starts < STARTS:
                self.starts += 1
                if self.feed(STARTED, ""):
                    return 1 - self.runs
                self.why = "the flash is worn"
            self.feed(SPENT, self.why)
        return self.runs if self.image_bytes(self.runs) else 1 - self.runs

    def feed(self, what: int, why: str) -> bool:
        """Take one input. False when it is not one of this state, or was not kept."""
        after = _TABLE[_ROWS[self.state] * _INPUTS + what] - _ZERO
        if after < 0:
            return False
        self.state = after
        self.why = why
        if after == GOOD:
            self.runs = 1 - self.runs
            self.number = self.coming
            self._program(self.runs, self.blocks - 2, _GOOD_AT, b"\x00")
        return self._keep()

    def begin(self, number: int, bundle: bytes, by: int) -> bool:
        """An update begins to arrive in the slot that does not run."""
        if _TABLE[_ROWS[self.state] * _INPUTS + BEGUN] < _ZERO:
            return False
        self.coming, self.bundle, self.by = number, bundle[:8], by
        self.starts = 0
        self.begun = (self.begun + 1) & 0xFFFF
        return self.feed(BEGUN, "")

    def note(self, why: str) -> None:
        """Why this start ends, where it is one of a trial."""
        if self.state == TRIAL:
            self.why = why
            self._keep()

    def image_bytes(self, slot: int) -> int:
        """Of the ROMFS that lies in it; 0: none does."""
        head = self.read(slot, 0, 8)
        if bytes(head[:3]) != _ROMFS:
            return 0
        size = 0
        for at in range(3, 8):
            size = size << 7 | head[at] & 0x7F
            if not head[at] & 0x80:
                size += at + 1
                return size if size <= self.room else 0
        return 0

    def message(self, slot: int) -> bytes:
        """The bundle's message that lies beside the image; b"": none does."""
        return self._message(slot)[1]

    def put_message(self, slot: int, number: int, image_bytes: int, message: bytes) -> bool:
        block = self.blocks - 2
        self.erase(slot, block)
        header = struct.pack(_MESSAGE[:-1], _MESSAGE_MAGIC, number, image_bytes, len(message))
        crc = binascii.crc32(message, binascii.crc32(header))
        self._program(slot, block, _MESSAGE_AT, message)
        self._program(slot, block, 0, header + struct.pack("<I", crc))
        return self.message(slot) == message

    def mark(self, slot: int, block: int) -> None:
        """The block holds its part of the image."""
        self._program(slot, self.blocks - 2, _MARKS_AT + block, b"\x00")

    def marked(self, slot: int) -> int:
        """So many bytes of the image, from the first on, lie in blocks that are marked."""
        marks = self.read(slot, (self.blocks - 2) * self.block_bytes + _MARKS_AT, self.blocks)
        block = 0
        while not marks[block]:
            block += 1
        return block * self.block_bytes

    def read(self, slot: int, at: int, count: int) -> bytearray:
        """Of a slot, within a block or over several."""
        buf = bytearray(count)
        self.readinto(slot, at, memoryview(buf))
        return buf

    def readinto(self, slot: int, at: int, view) -> None:
        while view:
            block, offset = divmod(at, self.block_bytes)
            size = min(len(view), self.block_bytes - offset)
            self._device.readblocks(slot * self.blocks + block, view[:size], offset)
            view = view[size:]
            at += size

    def erase(self, slot: int, block: int) -> None:
        """Whether it is erased is to be read."""
        try:
            self._device.ioctl(6, slot * self.blocks + block)
        except OSError:
            pass

    def write(self, slot: int, at: int, data) -> None:
        """Into erased flash. Whether it is there is to be read."""
        view = memoryview(data)
        while view:
            block, offset = divmod(at, self.block_bytes)
            size = min(len(view), self.block_bytes - offset)
            self._program(slot, block, offset, view[:size])
            view = view[size:]
            at += size

    def _program(self, slot, block, offset, data):
        try:
            self._device.writeblocks(slot * self.blocks + block, data, offset)
        except OSError:
            pass

    def _message(self, slot):
        """(number, message)"""
        at = (self.blocks - 2) * self.block_bytes
        header = self.read(slot, at, _MESSAGE_HEADER_BYTES)
        magic, number, _, size, crc = struct.unpack(_MESSAGE, header)
        if magic == _MESSAGE_MAGIC and size <= _MARKS_AT - _MESSAGE_AT:
            message = bytes(self.read(slot, at + _MESSAGE_AT, size))
            if binascii.crc32(message, binascii.crc32(header[:-4])) == crc:
                return number, message
        return 0, b""

    def _guess(self):
        """Both copies of the record are gone, or there never was one: what was good says so."""
        for slot in range(2):
            number = self._message(slot)[0]
            at = (self.blocks - 2) * self.block_bytes + _GOOD_AT
            if number > self.number and not self.read(slot, at, 1)[0]:
                self.runs, self.number = slot, number

    def _scan(self, slot):
        """Take up the newest entry of a copy; where the next one goes."""
        tail = 0
        for at in range(0, self.block_bytes, _ENTRY_BYTES):
            raw = self.read(slot, (self.blocks - 1) * self.block_bytes + at, _ENTRY_BYTES)
            if raw != b"\xff" * _ENTRY_BYTES:
                tail = at + _ENTRY_BYTES
            found = struct.unpack(_ENTRY, raw)
            crc = int.from_bytes(raw[-4:], "little")
            if found[0] != _MAGIC or binascii.crc32(raw[:-4]) != crc or found[1] <= self._seq:
                continue
            self._seq, self.state, self.runs, self.starts, self.by = found[1:6]
            self.number, self.coming, self.begun, self.erasures, self.bundle = found[6:11]
            self.why = str(found[11].rstrip(b"\x00"), "utf-8")
        return tail

    def _keep(self):
        """Both copies, one after the other: whenever the power fails, one is whole."""
        self._seq += 1
        kept = [self._append(slot) for slot in range(2)]
        return any(kept)

    def _append(self, slot):
        block = self.blocks - 1
        for _ in range(2):
            while self._tails[slot] < self.block_bytes:
                at = self._tails[slot]
                self._tails[slot] = at + _ENTRY_BYTES
                entry = self._entry()
                self._program(slot, block, at, entry)
                if self.read(slot, block * self.block_bytes + at, _ENTRY_BYTES) == entry:
                    return True
            self.erasures = (self.erasures + 1) & 0xFFFF
            self.erase(slot, block)
            self._tails[slot] = 0
        return False

    def _entry(self):
        why = self.why.encode()[:_WHY_BYTES]
        try:
            str(why, "utf-8")
        except UnicodeError:
            why = b"?"
        entry = struct.pack(
            _ENTRY,
            _MAGIC,
            self._seq,
            self.state,
            self.runs,
            self.starts,
            self.by,
            self.number,
            self.coming,
            self.begun,
            self.erasures,
            self.bundle,
            why,
        )
        return entry + struct.pack("<I", binascii.crc32(entry))
