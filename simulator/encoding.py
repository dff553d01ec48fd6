"""The registers of one value, by the types and orders of `hardware/meters/README.md`."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction

NUMBER_REGISTERS = {
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "int64": 4,
    "uint64": 4,
    "float32": 2,
    "float64": 4,
    "bcd16": 1,
    "bcd32": 2,
    "bcd64": 4,
}
FLOAT_FORMATS = {"float32": ">f", "float64": ">d"}
MANTISSA_BITS = {"float32": 23, "float64": 52}
LEAST_EXPONENT = {"float32": -126, "float64": -1022}


class DoesNotFitError(ValueError):
    """The register cannot hold the value; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of a value lie in its registers."""

    kind: str
    registers: int
    high_word_first: bool
    high_byte_first: bool

    @property
    def is_float(self) -> bool:
        return self.kind in FLOAT_FORMATS

    @property
    def greatest(self) -> int:
        """The greatest whole number, of a float the last before it skips some."""
        if self.is_float:
            return int(2 ** (MANTISSA_BITS[self.kind] + 1))
        bits = 16 * self.registers
        if self.kind.startswith("bcd"):
            return int(10 ** (bits // 4)) - 1
        return int(2 ** (bits - self.kind.startswith("int"))) - 1

    def number(self, count: Fraction) -> list[int]:
        """The registers of a count; only a float holds one that is not whole."""
        if self.is_float:
            return self._words(struct.pack(FLOAT_FORMATS[self.kind], float(count)))
        if count.denominator != 1:
            raise DoesNotFitError(f"{count} is not whole, {self.kind} holds nothing else")
        least = -self.greatest - 1 if self.kind.startswith("int") else 0
        if not least <= count <= self.greatest:
            raise DoesNotFitError(f"{self.kind} holds {least} to {self.greatest}")
        if self.kind.startswith("bcd"):
            return self._words(bytes.fromhex(f"{int(count):0{4 * self.registers}d}"))
        return self._words(int(count).to_bytes(2 * self.registers, "big", signed=least < 0))

    def text(self, text: str) -> list[int]:
        """The registers of a text, padded with zero bytes. It reads in order of address."""
        if not text.isascii() or len(text) > 2 * self.registers:
            raise DoesNotFitError(f"{text!r} is not {2 * self.registers} characters of ASCII")
        raw = text.encode().ljust(2 * self.registers, b"\0")
        return self._swapped(raw)

    def code(self, code: str) -> list[int]:
        """The registers of hexadecimal digits, given with the high word first."""
        return self._words(bytes.fromhex(code))

    def spacing(self, value: Fraction) -> Fraction:
        """The distance from `value` to the next float above it in magnitude."""
        _, exponent = math.frexp(float(value))
        least = LEAST_EXPONENT[self.kind]
        return Fraction(2) ** (max(exponent - 1, least) - MANTISSA_BITS[self.kind])

    def _words(self, raw: bytes) -> list[int]:
        words = self._swapped(raw)
        return words if self.high_word_first else words[::-1]

    def _swapped(self, raw: bytes) -> list[int]:
        pairs = [raw[i : i + 2] for i in range(0, len(raw), 2)]
        return [int.from_bytes(each if self.high_byte_first else each[::-1]) for each in pairs]
