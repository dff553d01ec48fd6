"""Reads registers with the profile alone: written from the meters' README, not from the simulator.

Nothing here is shared with the programs, or the tests would agree with whatever these do.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

METERS = Path(__file__).resolve().parents[2] / "hardware" / "meters"
PROFILES = sorted(path.stem for path in METERS.glob("*.toml"))


@dataclass(frozen=True)
class Entry:
    """A quantity or identity of a profile, with its defaults; `address` is the wire's.

    Address and registers are what is asked for: of the block, where there is one.
    """

    field: Mapping[str, Any]
    address: int
    function: int

    @property
    def name(self) -> str:
        return str(self.field["name"])

    @property
    def registers(self) -> int:
        return int(self.field["block"][1]) if "block" in self.field else self._own

    @property
    def _own(self) -> int:
        if self.field["type"] == "ascii":
            return int(self.field["registers"])
        return int(self.field["type"][-2:]) // 16

    @property
    def is_float(self) -> bool:
        return str(self.field["type"]).startswith("float")

    def ratio(self, ct: Fraction, vt: Fraction) -> Fraction:
        """By what a reader multiplies; nothing, of an identity."""
        if self.field.get("side", "primary") == "primary":
            return Fraction(1)
        return {"A": ct, "V": vt, "Hz": Fraction(1), "1": Fraction(1)}.get(
            self.field["unit"], ct * vt
        )

    def count(self, words: Sequence[int]) -> Fraction | str | None:
        """The count of a number, the text of `ascii`; None for what is no value."""
        if "block" in self.field:
            first = self.field["address"] - self.field["block"][0]
            words = words[first : first + self._own]
        if self.field.get("byte_order") == "low_first":
            words = [(word & 0xFF) << 8 | word >> 8 for word in words]
        if self.field["type"] == "ascii":
            octets = [octet for word in words for octet in (word >> 8, word & 0xFF)]
            return "".join(map(chr, octets)).rstrip("\0")
        if self.field["word_order"] == "low_first":
            words = words[::-1]
        raw = 0
        for word in words:
            raw = raw << 16 | word
        bits = 16 * len(words)
        if f"{raw:0{bits // 4}x}" in self.field.get("no_value", ()):
            return None
        return _count(str(self.field["type"]), raw, bits)


def _count(kind: str, raw: int, bits: int) -> Fraction | None:
    if kind.startswith("float"):
        return _float(raw, bits, {32: 23, 64: 52}[bits])
    if kind.startswith("bcd"):
        return Fraction(f"{raw:x}")
    negative = kind.startswith("int") and raw >> (bits - 1)
    return Fraction(raw - (1 << bits) if negative else raw)


def _float(raw: int, bits: int, fraction_bits: int) -> Fraction | None:
    """IEEE 754, put together by hand; None for what is no number."""
    exponent_bits = bits - 1 - fraction_bits
    exponent = raw >> fraction_bits & ((1 << exponent_bits) - 1)
    mantissa = raw & ((1 << fraction_bits) - 1)
    if exponent == (1 << exponent_bits) - 1:
        return None
    if exponent:
        mantissa |= 1 << fraction_bits
    power = max(exponent, 1) - ((1 << (exponent_bits - 1)) - 1) - fraction_bits
    magnitude = mantissa * Fraction(2) ** power
    return -magnitude if raw >> (bits - 1) else magnitude


def document(profile: str) -> dict[str, Any]:
    return tomllib.loads((METERS / f"{profile}.toml").read_text(encoding="utf-8"))


def quantities(profile: str) -> list[Entry]:
    return _entries(profile, "quantity")


def identity(profile: str) -> list[Entry]:
    return _entries(profile, "identity")


def _entries(profile: str, kind: str) -> list[Entry]:
    described = document(profile)
    request, registers = described["request"], described["registers"]
    default = dict(registers.get("default", {}))
    if kind == "identity":
        default.pop("side", None)
    merged = [default | entry for entry in registers[kind]]
    return [
        Entry(
            entry,
            entry.get("block", [entry["address"]])[0] - request["address_base"],
            entry.get("function", request["function"]),
        )
        for entry in merged
    ]
