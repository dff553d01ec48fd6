"""Meter profiles: what the bytes of a reading mean (hardware/meters/README.md)."""

import hashlib
import struct
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from collector.model.energy import Quantity

_FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
}
_ENERGY_UNITS = {"Wh", "varh", "VAh"}
_POWER_UNITS = {"W", "var", "VA"}
_NO_BYTES = (2, 3)  # qualities without bytes: no answer, exception


class ReadingError(ValueError):
    """A reading's bytes do not fit its profile."""


@dataclass(frozen=True)
class Register:
    """One quantity of an instrument, at its address on the wire."""

    name: str
    address: int
    type: str
    low_word_first: bool
    unit: str
    scale: Fraction
    secondary: bool
    interval: bool
    quantum: Fraction

    @property
    def registers(self) -> int:
        return struct.calcsize(_FORMATS[self.type]) // 2

    def ratio(self, ct: Fraction, vt: Fraction) -> Fraction:
        """What the reader multiplies with, once; 1 when the instrument has done it."""
        if not self.secondary:
            return Fraction(1)
        if self.unit in _ENERGY_UNITS | _POWER_UNITS:
            return ct * vt
        return {"A": ct, "V": vt}.get(self.unit, Fraction(1))

    def decode(self, raw: bytes, ct: Fraction, vt: Fraction) -> Quantity | None:
        """The exact value; None for a float that is no number."""
        if self.low_word_first:
            raw = b"".join(raw[i : i + 2] for i in range(len(raw) - 2, -1, -2))
        (number,) = struct.unpack(_FORMATS[self.type], raw)
        ratio = self.ratio(ct, vt)
        if self.type != "float32":
            return Quantity(number, self.scale * ratio)
        if number != number or number in (float("inf"), float("-inf")):
            return None
        exact = Fraction(number) * self.scale
        step = max(self.quantum, _float32_step(raw) * self.scale)
        return Quantity(round(exact / step), step * ratio)


def _float32_step(raw: bytes) -> Fraction:
    """The distance to the next float32: what a register of this size can still show."""
    exponent = max((int.from_bytes(raw) >> 23) & 0xFF, 1)
    return Fraction(2) ** (exponent - 127 - 23)


@dataclass(frozen=True)
class Profile:
    name: str
    sha256: bytes
    vendor: str
    model: str
    confirmed: bool
    function: int
    max_registers: int
    timeout_ms: int
    gap_ms: int
    registers: tuple[Register, ...]

    @classmethod
    def parse(cls, file: bytes) -> "Profile":
        """Read a profile file that its schema has judged."""
        document: dict[str, Any] = tomllib.loads(file.decode())
        request = document["request"]
        return cls(
            document["name"],
            hashlib.sha256(file).digest(),
            document["vendor"],
            document["model"],
            document["status"] == "confirmed",
            request["function"],
            request["max_registers"],
            request["timeout_ms"],
            request["gap_ms"],
            tuple(_register(entry, request["address_base"]) for entry in document["quantity"]),
        )

    def decode(
        self, raw: bytes, quality: bytes | None, *, interval: bool, ct: Fraction, vt: Fraction
    ) -> dict[str, Quantity]:
        """The good values of a reading by name; raises ReadingError when bytes do not fit.

        Only quality 0 is decoded: what is stale or out of range is evidence, not a value.
        """
        values: dict[str, Quantity] = {}
        for register, code, part in self._parts(raw, quality, interval=interval):
            if code == 0 and (value := register.decode(part, ct, vt)) is not None:
                values[register.name] = value
        return values

    def _parts(
        self, raw: bytes, quality: bytes | None, *, interval: bool
    ) -> Iterator[tuple[Register, int, bytes]]:
        registers = [entry for entry in self.registers if entry.interval or not interval]
        codes = quality or bytes(len(registers))
        sizes = [
            0 if code in _NO_BYTES else 2 * register.registers
            for register, code in zip(registers, codes, strict=False)
        ]
        if len(codes) != len(registers) or sum(sizes) != len(raw):
            raise ReadingError(
                f"{len(raw)} bytes and {len(codes)} qualities do not fit {self.name}"
            )
        start = 0
        for register, code, size in zip(registers, codes, sizes, strict=True):
            yield register, code, raw[start : start + size]
            start += size


def _register(entry: dict[str, Any], address_base: int) -> Register:
    scale = Fraction(entry["scale"])
    return Register(
        entry["name"],
        entry["address"] - address_base,
        entry["type"],
        entry["word_order"] == "low_first",
        entry["unit"],
        scale,
        entry["side"] == "secondary",
        entry["interval"],
        Fraction(entry["quantum"]),
    )
