"""Energy registers as numbers that can be compared, without a float.

A configuration says of each what form it has: bits 0 to 2 its kind, bit 3 low word first, bit 4 low
byte first; and by how much it can rise in a second at most.
"""

from micropython import const

OPAQUE = const(0)  # not a number by itself: two readings must be the same bytes
_KIND = const(7)
_SIGNED = const(2)
_FLOAT = const(3)
_BCD = const(4)
_LOW_WORD_FIRST = const(8)
_LOW_BYTE_FIRST = const(16)
_FLOAT_FRACTION_BITS = const(10)
_UPDATE_MS = const(1_000)


def number(raw: bytes, form: int):
    """The count that the registers hold, a float's in 1/1024 of its unit; None for no number."""
    if form & _LOW_BYTE_FIRST:
        raw = b"".join([raw[i + 1 : i + 2] + raw[i : i + 1] for i in range(0, len(raw), 2)])
    if form & _LOW_WORD_FIRST:
        raw = b"".join([raw[i : i + 2] for i in range(len(raw) - 2, -1, -2)])
    kind = form & _KIND
    if kind == _BCD:
        digits = raw.hex()
        return int(digits) if digits.isdigit() else None
    value = int.from_bytes(raw, "big")
    bits = 8 * len(raw)
    if kind == _SIGNED:
        return value - (value >> bits - 1 << bits)
    if kind == _FLOAT:
        return _float(value, bits)
    return value


def _float(value, bits):
    """IEEE 754 binary32 and binary64."""
    mantissa_bits, most = (23, 0xFF) if bits == 32 else (52, 0x7FF)
    exponent = value >> mantissa_bits & most
    if exponent == most:
        return None
    mantissa = value & (1 << mantissa_bits) - 1
    if exponent:
        mantissa |= 1 << mantissa_bits
    shift = max(exponent, 1) - most // 2 - mantissa_bits + _FLOAT_FRACTION_BITS
    magnitude = mantissa << shift if shift >= 0 else mantissa >> -shift
    return -magnitude if value >> bits - 1 else magnitude


def follows(earlier, later, most_a_second: int, elapsed_ms: int) -> bool:
    """Whether a register can have gone from one number to the other in that time."""
    if earlier is None or later is None:
        return False
    most = most_a_second * (elapsed_ms + _UPDATE_MS) // 1000
    return earlier <= later <= earlier + most
