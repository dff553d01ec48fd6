"""The partition table as ESP-IDF's bootloader reads it: entries of 32 bytes, then their MD5."""

import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass

TABLE_OFFSET = 0x8000
TABLE_BYTES = 0x1000
"""A sector, of which the bootloader reads 0xc00."""
_READ_BYTES = 0xC00
_ENTRY = "<2sBBII16sI"
_MAGIC = b"\xaa\x50"
_MD5_MAGIC = b"\xeb\xeb" + b"\xff" * 14
_TYPES = {"app": 0, "data": 1}
SUBTYPES = {
    "app": {"factory": 0x00, "ota_0": 0x10, "ota_1": 0x11},
    "data": {
        "ota": 0x00,
        "phy": 0x01,
        "nvs": 0x02,
        "fat": 0x81,
        "romfs": 0x8F,
        # ESP-IDF leaves 0x40 to 0xfe of a type to whoever needs one; the firmware goes by labels.
        "settings": 0x40,
        "journal": 0x41,
    },
}


_ENTRY_BYTES = 32


@dataclass(frozen=True)
class Partition:
    """`type` and `subtype` are keys of SUBTYPES; `offset` and `size` in bytes."""

    label: str
    type: str
    subtype: str
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size

    def entry(self) -> bytes:
        return struct.pack(
            _ENTRY,
            _MAGIC,
            _TYPES[self.type],
            SUBTYPES[self.type][self.subtype],
            self.offset,
            self.size,
            self.label.encode(),
            0,
        )


def encode(partitions: Iterable[Partition]) -> bytes:
    """The whole sector."""
    entries = b"".join(each.entry() for each in partitions)
    table = entries + _MD5_MAGIC + hashlib.md5(entries, usedforsecurity=False).digest()
    if len(table) > _READ_BYTES:
        raise ValueError(f"a partition table has at most {_READ_BYTES} bytes, not {len(table)}")
    return table.ljust(TABLE_BYTES, b"\xff")


def decode(table: bytes) -> list[Partition]:
    """The entries of a table that a board holds, whoever wrote it; none of what is no table.

    A subtype that has no name here is given by its number.
    """
    types = {number: name for name, number in _TYPES.items()}
    found = []
    for at in range(0, len(table) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        magic, kind, subtype, offset, size, label, _ = struct.unpack_from(_ENTRY, table, at)
        if magic != _MAGIC:
            break
        named = types.get(kind, str(kind))
        names = {number: name for name, number in SUBTYPES.get(named, {}).items()}
        text = label.rstrip(b"\0").decode("ascii", "replace")
        found.append(Partition(text, named, names.get(subtype, str(subtype)), offset, size))
    return found
