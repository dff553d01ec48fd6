"""Small named values that survive a power failure at any byte: a log that goes from block to block.

Block: a header of 12 bytes (magic, serial, CRC-32 of both), then records, each padded to 4 bytes:
name length, value length, CRC-32 of name and value, name, value. A full block is copied, live
values only, into the next that takes it; the header is written last and makes it the valid one.
"""

import binascii
import struct

from micropython import const

_MAGIC = b"ESC1"
_HEADER_BYTES = const(12)
_RECORD = "<HHI"
_RECORD_BYTES = const(8)


class Cells:
    def __init__(self, region) -> None:
        self._region = region
        self._values: dict = {}
        self._block = 0
        self._serial = 0
        self._tail = region.block_bytes
        for block in range(region.blocks):
            serial = self._read_header(block)
            if serial > self._serial:
                self._serial = serial
                self._block = block
        if self._serial:
            self._load()

    def get(self, name: str):
        """The value as bytes, or None."""
        return self._values.get(name)

    def put(self, name: str, value: bytes) -> None:
        """Durable on return; cut before that, the old value stands.

        Raises ValueError if full, OSError when no block takes it.
        """
        if self._values.get(name) == value:
            return
        if not self._append(_record(name, value)):
            self._move(name, value)
        self._values[name] = bytes(value)

    def erasures(self) -> int:
        """How often a block was erased, the most of any."""
        return -(-self._serial // self._region.blocks)

    def _append(self, record: bytes) -> bool:
        tail = self._tail
        if tail + len(record) > self._region.block_bytes:
            return False
        self._tail = self._region.block_bytes  # to be moved, should the write fail
        if not self._region.write(self._block * self._region.block_bytes + tail, record):
            return False
        self._tail = tail + len(record)
        return True

    def _move(self, name: str, value: bytes) -> None:
        values = dict(self._values)
        values[name] = value
        records = b"".join(_record(*item) for item in values.items())
        if _HEADER_BYTES + len(records) > self._region.block_bytes:
            raise ValueError("the cells are full")
        for distance in range(1, self._region.blocks):
            block = (self._block + distance) % self._region.blocks
            serial = self._serial + distance
            base = block * self._region.block_bytes
            header = _MAGIC + struct.pack("<I", serial)
            header += struct.pack("<I", binascii.crc32(header))
            self._region.erase(base)
            if self._region.write(base + _HEADER_BYTES, records) and self._region.write(
                base, header
            ):
                self._block = block
                self._serial = serial
                self._tail = _HEADER_BYTES + len(records)
                return
        raise OSError("no block of the cells can be written")

    def _read_header(self, block: int) -> int:
        """The block's serial, 0 when it is not valid."""
        raw = self._region.read(block * self._region.block_bytes, _HEADER_BYTES)
        serial, crc = struct.unpack_from("<II", raw, 4)
        return serial if raw[:4] == _MAGIC and binascii.crc32(raw[:8]) == crc else 0

    def _load(self) -> None:
        base = self._block * self._region.block_bytes
        offset = _HEADER_BYTES
        while offset + _RECORD_BYTES <= self._region.block_bytes:
            raw = self._region.read(base + offset, _RECORD_BYTES)
            name_bytes, value_bytes, crc = struct.unpack(_RECORD, raw)
            size = _RECORD_BYTES + (name_bytes + value_bytes + 3 & ~3)
            if offset + size > self._region.block_bytes:
                break
            body = bytes(self._region.read(base + offset + _RECORD_BYTES, name_bytes + value_bytes))
            if binascii.crc32(body) == crc:  # else cut short, or gone bad: what follows stands
                self._values[str(body[:name_bytes], "utf-8")] = body[name_bytes:]
            offset += size
        self._tail = offset  # if a write was cut there, the next one finds it not erased, and moves


def _record(name: str, value: bytes) -> bytes:
    encoded = name.encode()
    body = encoded + value
    header = struct.pack(_RECORD, len(encoded), len(value), binascii.crc32(body))
    return header + body + b"\xff" * (-len(body) % 4)
