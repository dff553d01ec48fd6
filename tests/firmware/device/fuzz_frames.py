"""Throws bytes at the parsers of Modbus answers: what is believed, what escapes, what memory stays.

All random bytes come from a seed; a failure's report names the string.
"""

from serve import serve  # isort: skip

import gc
import random
import struct

from gateway.modbus import ModbusException
from gateway.modbus.frames import crc16, find_rtu_answer, tcp_answer

_POOL_BYTES = 4096
_FRESH_EVERY = 128  # strings cut from one pool
_LONGEST = 300

pool = bytearray(_POOL_BYTES)
getrandbits = random.getrandbits


def refill():
    for at in range(0, _POOL_BYTES, 4):
        struct.pack_into("<I", pool, at, getrandbits(32))


def exactly(length):
    at = getrandbits(12) % (_POOL_BYTES - _LONGEST)
    return bytes(memoryview(pool)[at : at + length])


def up_to(longest):
    return exactly(getrandbits(9) % (longest + 1))


class Pure:
    """Nothing but random bytes."""

    def one(self):
        return up_to(_LONGEST), getrandbits(8), 3 + getrandbits(1), 1 + getrandbits(7) % 125, None


class Headed:
    """An answer's first bytes, right, and random bytes after them: only the CRC can refuse it."""

    def one(self):
        count = 1 + getrandbits(4)
        unit = getrandbits(8)
        body = exactly(2 * count + 2 + getrandbits(3))
        return bytes((unit, 3, 2 * count)) + body, unit, 3, count, None


class Mutated:
    """Real frames with bytes changed, lost and put in."""

    def one(self):
        count = 1 + getrandbits(4)
        unit = getrandbits(8)
        body = bytes((unit, 3, 2 * count)) + exactly(2 * count)
        frame = bytearray(body)
        frame.extend(struct.pack("<H", crc16(body)))
        for _ in range(1 + getrandbits(2)):
            at = getrandbits(8) % len(frame)
            kind = getrandbits(2)
            if kind == 0:
                frame = frame[:at] + frame[at + 1 :]
            elif kind == 1:
                frame = frame[:at] + bytes((getrandbits(8),)) + frame[at:]
            else:
                frame[at] ^= 1 + getrandbits(8) % 255
        return bytes(frame), unit, 3, count, body[3:]


class Tcp:
    """PDUs, half of them with the right first bytes: there is no CRC, only the shape can refuse."""

    def one(self):
        count = 1 + getrandbits(4)
        if getrandbits(1):
            pdu = bytes((3, 2 * count)) + exactly(2 * count + getrandbits(1))
        else:
            pdu = up_to(40)
        return pdu, 0, 3, count, None


_KINDS = {"pure": Pure, "headed": Headed, "mutated": Mutated, "tcp": Tcp}


def fuzz(kind, strings, seed):
    random.seed(seed)
    make = _KINDS[kind]().one
    told = {"strings": strings, "exceptions": 0, "accepted": 0, "wrong": 0, "escaped": []}
    gc.collect()
    before = gc.mem_alloc()
    for number in range(strings):
        if not number % _FRESH_EVERY:
            refill()
        data, unit, function, count, right = make()
        try:
            if kind == "tcp":
                registers = tcp_answer(data, function, count)
            else:
                registers = find_rtu_answer(data, unit, function, count)
        except ModbusException:
            told["exceptions"] += 1
            continue
        except Exception as error:
            if len(told["escaped"]) < 3:
                told["escaped"].append((repr(error), data.hex(), unit, function, count))
            continue
        if registers is not None:
            told["accepted"] += 1
            if len(registers) != 2 * count or (kind != "tcp" and registers != right):
                told["wrong"] += 1
    data = registers = right = None
    gc.collect()
    told["kept_bytes"] = gc.mem_alloc() - before
    return told


serve(fuzz=fuzz)
