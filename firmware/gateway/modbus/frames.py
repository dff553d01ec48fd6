"""Modbus frames (Application Protocol V1.1b3, Serial Line V1.02): bytes in, bytes out."""

import struct
from array import array

from gateway.modbus import ModbusException

EXCEPTION_BYTES = 5


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
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def rtu_request(unit: int, function: int, address: int, count: int) -> bytes:
    body = struct.pack(">BBHH", unit, function, address, count)
    return body + struct.pack("<H", crc16(body))


def rtu_answer_bytes(count: int) -> int:
    return 5 + 2 * count


def find_rtu_answer(buf, unit: int, function: int, count: int):
    """The register bytes of the first answer to this request anywhere in `buf`, or None.

    Noise before the answer is skipped. Raises ModbusException for an exception answer.
    """
    length = rtu_answer_bytes(count)
    for at in range(len(buf) - EXCEPTION_BYTES + 1):
        if buf[at] != unit:
            continue
        if buf[at + 1] == function and buf[at + 2] == 2 * count:
            if at + length <= len(buf) and _crc_holds(buf, at, length):
                return bytes(buf[at + 3 : at + length - 2])
        elif buf[at + 1] == function | 0x80 and _crc_holds(buf, at, EXCEPTION_BYTES):
            raise ModbusException(buf[at + 2])
    return None


def _crc_holds(buf, at, length):
    end = at + length
    return crc16(buf[at : end - 2]) == buf[end - 2] | buf[end - 1] << 8


def tcp_request(transaction: int, unit: int, function: int, address: int, count: int) -> bytes:
    return struct.pack(">HHHBBHH", transaction, 0, 6, unit, function, address, count)


def tcp_answer(pdu, function: int, count: int):
    """The register bytes of an answer's PDU, or None when it answers something else."""
    if len(pdu) == 2 and pdu[0] == function | 0x80:
        raise ModbusException(pdu[1])
    if len(pdu) == 2 + 2 * count and pdu[0] == function and pdu[1] == 2 * count:
        return bytes(pdu[2:])
    return None
