"""Settings in a flash partition of their own, in two copies. No file system is needed for them.

The first two thirds of the partition are two sides, which hold the same; each is a log of records
at multiples of 64 bytes: magic, name length, value length, serial, CRC-32 of the value, CRC-32 of
these and the name; the name; the value. The header is written last and makes the record; of a name
the highest serial counts. A side that is full is written anew from the other.

A technician lays a setting down as a file. It is taken over when it is next read, and removed.
"""

import binascii
import os
import struct

from gateway.region import Region
from micropython import const

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
    """`faults` says in words what was found damaged at the start."""

    def __init__(self, device, folder: str) -> None:
        blocks = device.ioctl(4, 0) // 3
        self._sides = [Region(device, side * blocks, blocks) for side in range(2)]
        self.faults: list = []
        self._folder = folder
        self._bytes = blocks * self._sides[0].block_bytes
        self._settings: dict = {}
        self._serial = 0
        self._tails = [self._scan(side) for side in range(2)]
        for name, setting in list(self._settings.items()):
            if setting.at == [_NOWHERE, _NOWHERE]:
                self.faults.append("both copies of %s are damaged" % name)
                del self._settings[name]
            elif _NOWHERE in setting.at:
                self.faults.append("one copy of %s was damaged or missing: made anew" % name)
        for name, setting in self._settings.items():
            if _NOWHERE in setting.at:
                self._copy(name, setting, setting.at.index(_NOWHERE))

    def read(self, name: str):
        """The bytes of a setting, or None when there is none."""
        found = self.pieces(name)
        return found and bytes(found[1](0, found[0]))

    def pieces(self, name: str):
        """(size, read) of a setting, where `read(at, count)` gives bytes of it; None: none."""
        self._take_over(name)
        setting = self._settings.get(name)
        if setting is None:
            return None
        side = 1 if setting.at[0] == _NOWHERE else 0
        return setting.size, _pieces_of(self._sides[side], setting.at[side])

    def write(self, name: str, value) -> None:
        """Durable on return; cut before that, the old value may stand. Nothing: it is destroyed.

        Raises OSError when there is no room.
        """
        self.put(name, len(value), _pieces(value))

    def put(self, name: str, size: int, read) -> None:
        """As `write`, of a value that `read(at, count)` gives in pieces."""
        if self._holds(name, size, read):
            return
        if not size:
            if self._settings.pop(name, None):
                self.forget_old()
            return
        used = _room(name, size)
        for other, setting in self._settings.items():
            used += _room(other, setting.size) if other != name else 0
        if used > self._bytes:
            raise OSError("no room for " + name)
        old = self._settings.get(name)
        self._serial += 1
        new = _Setting(self._serial, size, _crc(read, size))
        for side in range(2):
            if self._tails[side] + _room(name, size) > self._bytes:
                self._write_anew(side, name)
            new.at[side] = self._append(side, name, new, read)
            self._settings[name] = new
        if new.at == [_NOWHERE, _NOWHERE]:
            self._settings.pop(name)
            if old is not None:
                self._settings[name] = old
            raise OSError("the flash of the settings is worn: %s was not kept" % name)

    def forget_old(self) -> None:
        """Leave nothing in flash of values that were replaced."""
        self._write_anew(0)
        self._write_anew(1)

    def _holds(self, name, size, read):
        setting = self._settings.get(name)
        if setting is None or setting.size != size or _NOWHERE in setting.at:
            return False
        kept = _pieces_of(self._sides[0], setting.at[0])
        for at in range(0, size, _CHUNK):
            count = min(_CHUNK, size - at)
            if kept(at, count) != read(at, count):
                return False
        return True

    def _take_over(self, name):
        path = self._folder + name
        try:
            file = open(path, "rb")
        except OSError:
            return
        with file:
            self.put(name, file.seek(0, 2), _pieces_in(file))
        os.remove(path)

    # ---- sides -----------------------------------------------------------------------------

    def _append(self, side, name, setting, read):
        """Where the value is now, and reads back as it should; else nowhere."""
        region, address = self._sides[side], self._tails[side]
        self._tails[side] += _room(name, setting.size)
        encoded = name.encode()
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
        if self._tails[side] + _room(name, setting.size) > self._bytes:
            self._write_anew(side)
        if setting.at[side] == _NOWHERE:
            read = _pieces_of(self._sides[1 - side], setting.at[1 - side])
            setting.at[side] = self._append(side, name, setting, read)

    def _write_anew(self, side, without=None):
        region = self._sides[side]
        only_here = {}
        for name, setting in self._settings.items():
            if setting.at[1 - side] == _NOWHERE:
                only_here[name] = region.read(setting.at[side], setting.size)
            setting.at[side] = _NOWHERE
        for block in range(region.blocks):
            region.erase(block * region.block_bytes)
        self._tails[side] = 0
        for name, setting in self._settings.items():
            if name == without:
                continue
            if name in only_here:
                setting.at[side] = self._append(side, name, setting, _pieces(only_here[name]))
            else:
                self._copy(name, setting, side)

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


def _pieces_in(file):
    def read(at, count):
        file.seek(at)
        return file.read(count)

    return read


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
