"""Modbus frames (Application Protocol V1.1b3, Serial Line V1.02): bytes in, bytes out."""

import struct
from array import array

from gateway.modbus import ModbusException

REQUEST_BYTES = 8
EXCEPTION_BYTES = 5
_EXCEPTION = 0x80


def _crc_table():
    table = array("H", bytes(512))
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table[byte] = crc
    return table


_TABLE = _crc_table()


def crc16(data) -> int:
    crc = 0xFFFF
    table = _TABLE
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def rtu_request(unit: int, function: int, address: int, count: int) -> bytes:
    body = struct.pack(">BBHH", unit, function, address, count)
    return body + struct.pack("<H", crc16(body))


def rtu_answer_bytes(count: int) -> int:
    return 5 + 2 * count


def locate_rtu_answer(buf: bytes, unit: int, function: int, count: int):
    """(start, end) of the first answer to this request anywhere in `buf`, or None.

    Noise before the answer is skipped; an exception is an answer too.
    """
    length = rtu_answer_bytes(count)
    mark = bytes((unit,))
    at = buf.find(mark)
    while 0 <= at <= len(buf) - EXCEPTION_BYTES:
        second = buf[at + 1]
        if second == function:
            if buf[at + 2] == 2 * count and _crc_holds(buf, at, at + length):
                return at, at + length
        elif second == function | _EXCEPTION and _crc_holds(buf, at, at + EXCEPTION_BYTES):
            return at, at + EXCEPTION_BYTES
        at = buf.find(mark, at + 1)
    return None


def rtu_registers(answer: bytes) -> bytes:
    """The register bytes of a located answer. Raises ModbusException for an exception."""
    if answer[1] & _EXCEPTION:
        raise ModbusException(answer[2])
    return answer[3:-2]


def find_rtu_answer(buf: bytes, unit: int, function: int, count: int):
    """The register bytes of the first answer in `buf`, or None. Raises ModbusException."""
    place = locate_rtu_answer(buf, unit, function, count)
    return None if place is None else rtu_registers(buf[place[0] : place[1]])


def _crc_holds(buf, start, end):
    return end <= len(buf) and crc16(buf[start : end - 2]) == buf[end - 2] | buf[end - 1] << 8


def tcp_request(transaction: int, unit: int, function: int, address: int, count: int) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)


def tcp_answer(pdu, function: int, count: int):
    """The register bytes of an answer's PDU, or None when it answers something else."""
    if len(pdu) == 2 and pdu[0] == function | _EXCEPTION:
        raise ModbusException(pdu[1])
    if len(pdu) == 2 + 2 * count and pdu[0] == function and pdu[1] == 2 * count:
        return bytes(pdu[2:])
    return None
