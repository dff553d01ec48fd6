"""Modbus RTU frames, as the simulated units make them. The firmware has code of its own."""

import struct

REQUEST_BYTES = 8
_EXCEPTION = 0x80


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return table


_TABLE = _crc_table()


def crc16(data: bytes) -> int:
    """Zero over a frame whose CRC holds."""
    crc = 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc


def sealed(body: bytes) -> bytes:
    """The body with its CRC."""
    return body + struct.pack("<H", crc16(body))


def request_frame(unit: int, function: int, address: int, count: int) -> bytes:
    return sealed(struct.pack(">BBHH", unit, function, address, count))


def parse_request(frame: bytes) -> tuple[int, int, int, int] | None:
    """Unit, function, address and number of registers; None when it is no whole request."""
    if len(frame) != REQUEST_BYTES or crc16(frame):
        return None
    unit, function, address, count = struct.unpack(">BBHH", frame[:-2])
    return unit, function, address, count


def answer_bytes(count: int) -> int:
    return 5 + 2 * count


def answer_frame(unit: int, function: int, registers: bytes) -> bytes:
    return sealed(bytes((unit, function, len(registers))) + registers)


def exception_frame(unit: int, function: int, code: int) -> bytes:
    return sealed(bytes((unit, function | _EXCEPTION, code)))


def telling_registers(unit: int, address: int, count: int, moment: int) -> bytes:
    """Registers that tell whose they are and of when: hardly two of them look alike."""
    words = [
        (unit * 0x9E37 ^ at * 0x85EB ^ moment * 0xC2B3) & 0xFFFF
        for at in range(address, address + count)
    ]
    return struct.pack(f">{count}H", *words)
