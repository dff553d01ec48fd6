"""The frames in a journal's flash, read without the gateway (docs/journal.md, "On flash").

Written for a board of which nothing else works: a segment is found by its header wherever it lies.
"""

import binascii
import struct
from collections.abc import Iterator

from collector.evidence.cose import MAX_MESSAGE

_BLOCK_BYTES = 4096
_MAGICS = (b"ESB1", b"EST1")
_SEGMENT = struct.Struct("<4sIIIII32sIB3s")
_CHECKED_BYTES = 56
_ENTRY = struct.Struct("<HBBII")


def frames(flash: bytes) -> Iterator[tuple[bytes, bool]]:
    """Each whole frame, and whether it has no receipt; in the order of the flash."""
    for start in range(0, len(flash) - _SEGMENT.size + 1, _BLOCK_BYTES):
        magic, _, _, first, _, _, _, crc, receipted, _ = _SEGMENT.unpack_from(flash, start)
        if magic in _MAGICS and binascii.crc32(flash[start : start + _CHECKED_BYTES]) == crc:
            for message, pending in _entries(flash, start + _SEGMENT.size, first, crc):
                yield message, pending and not _is_cleared(receipted)


def _entries(flash: bytes, at: int, seq: int, seed: int) -> Iterator[tuple[bytes, bool]]:
    """One that is spoilt is passed over, as long as its header says where the next one lies."""
    while at + _ENTRY.size <= len(flash):
        length, finished, receipt, found, crc = _ENTRY.unpack_from(flash, at)
        if found != seq or length > MAX_MESSAGE:
            return
        message = flash[at + _ENTRY.size : at + _ENTRY.size + length]
        if _is_cleared(finished) and binascii.crc32(message, seed ^ seq) == crc:
            yield message, not _is_cleared(receipt)
        at += _ENTRY.size + (length + 3 & ~3)
        seq += 1


def _is_cleared(mark: int) -> bool:
    """In most of its bits: one that is stuck is no mark."""
    return 2 * mark.bit_count() < 8
