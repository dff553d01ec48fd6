"""Settings in a flash partition of their own, in two copies. No file system is needed for them.

The first two thirds of the partition are two sides, which hold the same; each is a log of records
at multiples of 64 bytes: magic, name length, value length, serial, CRC-32 of the value, CRC-32 of
these and the name; the name; the value. The header is written last and makes the record; of a name
the highest serial counts. A side that is full is written anew from the other, which must be proven
to hold everything: whenever the power fails, a copy is there.
"""

import binascii
import struct

from gateway.region import Region
from micropython import const

from board.laid import Laid

_MAGIC = b"ES"
_HEADER = "<2sBBIII"
_HEADER_BYTES = const(20)  # with the CRC of itself
_ALIGN = const(64)
_CHUNK = const(256)
_NOWHERE = const(-1)


class _Setting:
    def __init__(self, serial, size, crc):
        self.serial = serial
        self.size = size
        self.crc = crc
        self.at = [_NOWHERE, _NOWHERE]  # of the value on each side


class Settings:
    """`faults` says in words what was found damaged; the files in `laid` go before the copies."""

    def __init__(self, device, folder: str) -> None:
        blocks = device.ioctl(4, 0) // 3
        self._sides = [Region(device, side * blocks, blocks) for side in range(2)]
        self.faults: list = []
        self.laid = Laid(self, folder)
        self._bytes = blocks * self._sides[0].block_bytes
        self._settings: dict = {}
        self._serial = 0
        self._tails = [self._scan(side) for side in range(2)]
        for name, setting in list(self._settings.items()):
            if setting.at == [_NOWHERE, _NOWHERE]:
                self.faults.append("both copies of %s are damaged" % name)
                del self._settings[name]
        halved = [item for item in self._settings.items() if _NOWHERE in item[1].at]
        for name, setting in halved:
            if _NOWHERE in setting.at:  # still: one side may have been written anew
                side = setting.at.index(_NOWHERE)
                self._make_room(side, _room(name, setting.size))
                if setting.at[side] == _NOWHERE:
                    self._copy(name, setting, side)
            now = "the other is the only one" if _NOWHERE in setting.at else "made anew"
            self.faults.append("one copy of %s was damaged or missing: %s" % (name, now))

    def read(self, name: str):
        """The bytes of a setting, or None when there is none."""
        found = self.pieces(name)
        return found and bytes(found[1](0, found[0]))

    def pieces(self, name: str):
        """(size, read) of a setting, where `read(at, count)` gives bytes of it; None: none."""
        if self.laid.has(name):
            return self.laid.pieces(name)
        setting = self._settings.get(name)
        if setting is None:
            return None
        side = 1 if setting.at[0] == _NOWHERE else 0
        return setting.size, _pieces_of(self._sides[side], setting.at[side])

    def has_copy(self, name: str) -> bool:
        return name in self._settings

    def write(self, name: str, value) -> None:
        """Durable on return; cut before that, the old value may stand. Nothing: it is destroyed.

        Raises OSError when there is no room. A file of that name is older than this.
        """
        self.laid.drop(name)
        self.put(name, len(value), _pieces(value))

    def put(self, name: str, size: int, read) -> None:
        """As `write`, of a value that `read(at, count)` gives in pieces."""
        if self.holds(name, size, read):
            return
        if not size:
            del self._settings[name]
            if not self.forget_old():
                raise OSError("%s may still be in flash" % name)
            return
        room = used = _room(name, size)
        for other, setting in self._settings.items():
            used += _room(other, setting.size) if other != name else 0
        if used > self._bytes:
            raise OSError("no room for " + name)
        self._serial += 1
        new = _Setting(self._serial, size, _crc(read, size))
        for side in range(2):
            self._make_room(side, room, name)
            new.at[side] = self._append(side, name, new, read)
            if new.at[side] != _NOWHERE:
                self._settings[name] = new
        if self._settings.get(name) is not new:
            raise OSError("the flash of the settings is worn: %s was not kept" % name)

    def forget_old(self) -> bool:
        """Leave nothing in flash of values that were replaced. Whether nothing is left."""
        if self._write_anew(0) and self._write_anew(1):
            return True
        self.faults.append("what was replaced may still be in flash")
        return False

    def holds(self, name: str, size: int, read) -> bool:
        """Whether both copies are this value, or nothing is there of nothing."""
        setting = self._settings.get(name)
        if setting is None:
            return not size
        if setting.size != size or _NOWHERE in setting.at:
            return False
        kept = _pieces_of(self._sides[0], setting.at[0])
        for at in range(0, size, _CHUNK):
            count = min(_CHUNK, size - at)
            if kept(at, count) != read(at, count):
                return False
        return True

    # ---- sides -----------------------------------------------------------------------------

    def _append(self, side, name, setting, read):
        """Where the value is now, and reads back as it should; else nowhere."""
        room = _room(name, setting.size)
        while self._tails[side] + room <= self._bytes:
            address = self._tails[side]
            self._tails[side] += room
            value = self._record(self._sides[side], address, name.encode(), setting, read)
            if value != _NOWHERE:
                return value
        return _NOWHERE

    def _record(self, region, address, encoded, setting, read):
        value = address + _HEADER_BYTES + len(encoded)
        for at in range(0, setting.size, _CHUNK):
            if not region.write(value + at, read(at, min(_CHUNK, setting.size - at))):
                return _NOWHERE
        header = struct.pack(
            _HEADER, _MAGIC, len(encoded), 0xFF, setting.size, setting.serial, setting.crc
        )
        header += struct.pack("<I", binascii.crc32(header + encoded))
        return value if region.write(address, header + encoded) else _NOWHERE

    def _copy(self, name, setting, side):
        """To this side, from the other."""
        read = _pieces_of(self._sides[1 - side], setting.at[1 - side])
        setting.at[side] = self._append(side, name, setting, read)

    def _make_room(self, side, room, without=None):
        if self._tails[side] + room > self._bytes:
            self._write_anew(side, without)

    def _write_anew(self, side, without=None):
        """Whether the side was blank before. Nothing is done while anything is only there."""
        other, region = self._sides[1 - side], self._sides[side]
        for setting in self._settings.values():
            at = setting.at[1 - side]
            if at == _NOWHERE or other.crc(at, setting.size, 0) != setting.crc:
                return False
        for setting in self._settings.values():
            setting.at[side] = _NOWHERE
        for block in range(region.blocks):
            region.erase(block * region.block_bytes)
        is_blank = region.is_blank(0, self._bytes)
        self._tails[side] = 0
        for name, setting in self._settings.items():
            if name != without:
                self._copy(name, setting, side)
        return is_blank

    def _scan(self, side):
        """Takes up the records of a side; where the next one goes."""
        region = self._sides[side]
        at = tail = 0
        while at + _HEADER_BYTES <= self._bytes:
            at = _written(region, at, self._bytes)
            if at == _NOWHERE:
                break
            at += self._take_up(region, side, at) or _ALIGN
            tail = at
        return tail

    def _take_up(self, region, side, address):
        """The room that a record takes, 0 when none is there."""
        header = region.read(address, _HEADER_BYTES)
        magic, name_bytes, _, size, serial, crc = struct.unpack_from(_HEADER, header, 0)
        value = address + _HEADER_BYTES + name_bytes
        if magic != _MAGIC or value + size > self._bytes:
            return 0
        encoded = region.read(address + _HEADER_BYTES, name_bytes)
        if binascii.crc32(encoded, binascii.crc32(header[:-4])) != int.from_bytes(
            header[-4:], "little"
        ):
            return 0
        name = str(encoded, "utf-8")
        setting = self._settings.get(name)
        if setting is None or serial > setting.serial:
            setting = self._settings[name] = _Setting(serial, size, crc)
        read = _pieces_of(region, value)
        if serial == setting.serial and _crc(read, size) == crc:
            setting.at[side] = value
        self._serial = max(self._serial, serial)
        return _room(name, size)


def _pieces(value):
    view = memoryview(value)
    return lambda at, count: view[at : at + count]


def _pieces_of(region, start):
    return lambda at, count: region.read(start + at, count)


def _room(name, size):
    return _HEADER_BYTES + len(name.encode()) + size + _ALIGN - 1 & ~(_ALIGN - 1)


def _crc(read, size):
    crc = 0
    for at in range(0, size, _CHUNK):
        crc = binascii.crc32(read(at, min(_CHUNK, size - at)), crc)
    return crc


def _written(region, at, end):
    """The first multiple of 64 from `at` on where something is written, or NOWHERE."""
    while at < end:
        size = min(_CHUNK, end - at)
        if not region.is_blank(at, size):
            while region.is_blank(at, _ALIGN):
                at += _ALIGN
            return at
        at += size
    return _NOWHERE
