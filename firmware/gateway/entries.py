"""The entries of a ring's segments: frames as they lie in flash.

Entry: a header of 12 bytes (length, a byte cleared when all of it is written, one cleared by the
receipt, seq, CRC-32), then the message, padded to 4 bytes. The header is written after the message,
the byte last: then the entry is finished, and no frame is seen outside before. Within a segment seq
rises by one; what an earlier round left beyond has other CRCs.
"""

import binascii
import struct

from micropython import const

from gateway.segments import HEADER_BYTES, is_cleared

ENTRY_BYTES = const(12)

_ENTRY = "<HBBII"
_FINISHED_AT = const(2)
_RECEIPT_AT = const(3)
_LONGEST = const(4096)  # message; a length beyond is none


class Entries:
    def __init__(self, region, segments) -> None:
        self._region = region
        self._segments = segments

    def size(self, message) -> int:
        """Bytes that it takes. Raises ValueError when it is too long."""
        if len(message) > _LONGEST:
            raise ValueError("frame too long")
        return ENTRY_BYTES + (len(message) + 3 & ~3)

    def write(self, segment: int, address: int, seq: int, message: bytes) -> bool:
        """Into erased flash. False when it does not take it."""
        region = self._region
        crc = binascii.crc32(message, self._segments.seed(segment) ^ seq)
        header = struct.pack(_ENTRY, len(message), 0xFF, 0xFF, seq, crc)
        return (
            region.write(address + ENTRY_BYTES, message)
            and region.write(address, header)
            and self.finish(address)
        )

    def finish(self, address: int) -> bool:
        return self._mark(address + _FINISHED_AT)

    def is_finished(self, address: int) -> bool:
        return is_cleared(self._region.read(address + _FINISHED_AT, 1)[0], 8)

    def settle(self, address: int) -> bool:
        """Mark an entry as one that is not to be sent again. Whether the flash took the mark."""
        return self._mark(address + _RECEIPT_AT)

    def message(self, segment: int, address: int):
        """A bytearray, or None when flash has gone bad: a copy as bytes would double the room."""
        length, _, _, seq, crc = self._header(address)
        if length > _LONGEST:
            return None
        message = self._region.read(address + ENTRY_BYTES, length)
        return (
            message if binascii.crc32(message, self._segments.seed(segment) ^ seq) == crc else None
        )

    def is_intact(self, segment: int, address: int) -> bool:
        length, _, _, seq, crc = self._header(address)
        seed = self._segments.seed(segment) ^ seq
        return self._region.crc(address + ENTRY_BYTES, length, seed) == crc

    def sha256(self, address: int) -> bytes:
        return self._region.sha256(address + ENTRY_BYTES, self._header(address)[0])

    def step(self, address: int, seq: int):
        """(whether the entry of this seq has no receipt, where the next one lies), or None."""
        length, _, receipt, found, _ = self._header(address)
        if found != seq:
            return None
        return not is_cleared(receipt, 8), address + ENTRY_BYTES + (length + 3 & ~3)

    def walk(self, segment: int, until: int) -> tuple:
        """(entries that seem to follow each other, those without receipt, address of the last, and
        of what comes after it), not beyond seq `until`.
        """
        table = self._segments
        seq = first = table.first[segment]
        address = table.base(segment) + HEADER_BYTES
        end = table.base(segment) + table.bytes
        last = None
        pending = 0
        while seq <= until and address + ENTRY_BYTES < end:
            length, _, receipt, found, _ = self._header(address)
            after = address + ENTRY_BYTES + (length + 3 & ~3)
            if found != seq or length > _LONGEST or after > end:
                break
            last = address
            address = after
            pending += not is_cleared(receipt, 8)
            seq += 1
        return seq - first, pending, last, address

    def _header(self, address: int) -> tuple:
        return struct.unpack(_ENTRY, self._region.read(address, ENTRY_BYTES))

    def _mark(self, address: int) -> bool:
        self._region.program(address, b"\x00")
        return is_cleared(self._region.read(address, 1)[0], 8)
