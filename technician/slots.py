"""What lies beside the application's image in its two slots (docs/update.md)."""

import struct
import zlib

_BLOCK_BYTES = 0x1000
_BLANK = b"\xff" * _BLOCK_BYTES
_GOOD_AT, _MESSAGE_AT = 63, 64


def slot_blocks(
    both_bytes: int, number: int, image_bytes: int, message: bytes
) -> list[tuple[int, bytes]]:
    """(offset, block) of those at the end of each slot, such that the first one starts.

    It is as one that was found good; the record is empty, and the other slot is no release's.
    """
    header = struct.pack("<4sIIH", b"EUM1", number, image_bytes, len(message))
    header += struct.pack("<I", zlib.crc32(message, zlib.crc32(header)))
    block = header.ljust(_GOOD_AT, b"\xff") + b"\x00" + message
    first, second = both_bytes // 2, both_bytes
    return [
        (first - 2 * _BLOCK_BYTES, block.ljust(_BLOCK_BYTES, b"\xff")),
        (first - _BLOCK_BYTES, _BLANK),
        (second - 2 * _BLOCK_BYTES, _BLANK),
        (second - _BLOCK_BYTES, _BLANK),
    ]
