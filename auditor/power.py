"""What a meter's sample says of its power: the register's bytes, read by the profile's text."""

import struct
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from auditor.refusal import Refusal

POWER = "active_power"
SIZES = {"16": 2, "32": 4, "64": 8}
FLOATS = {"float32": ">f", "float64": ">d"}
NO_BYTES = (2, 3)


@dataclass(frozen=True)
class Profile:
    """The quantities of a sample in their order, each with what the profile gives every one."""

    quantities: list[dict[str, Any]]

    @classmethod
    def parse(cls, text: str) -> "Profile":
        """Raises Refusal `wrong_reading`."""
        try:
            registers = tomllib.loads(text.removeprefix("\ufeff"))["registers"]
            default = registers.get("default", {})
            return cls([default | entry for entry in registers["quantity"]])
        except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
            raise Refusal("wrong_reading", f"the profile cannot be read: {error}") from None

    def power_w(
        self, raw: bytes, quality: bytes | None, ct: Fraction, vt: Fraction
    ) -> Fraction | None:
        """W at the primary side; None where the meter did not tell it. Raises Refusal."""
        parts = self._parts(raw, quality)
        for entry in self.quantities:
            if entry["name"] == POWER and POWER in parts:
                return self._value(entry, parts, ct * vt)
        return None

    def _parts(self, raw: bytes, quality: bytes | None) -> dict[str, bytes]:
        """The bytes of what was read well, by its name."""
        codes = bytes(len(self.quantities)) if quality is None else quality
        if len(codes) != len(self.quantities):
            raise Refusal("wrong_reading", "its qualities are not those of the profile")
        parts, start = {}, 0
        for entry, code in zip(self.quantities, codes, strict=True):
            size = 0 if code in NO_BYTES else SIZES[entry["type"][-2:]]
            if code == 0:
                parts[entry["name"]] = raw[start : start + size]
            start += size
        if start != len(raw):
            raise Refusal("wrong_reading", "its bytes are not those of the profile")
        return parts

    def _value(
        self, entry: dict[str, Any], parts: dict[str, bytes], ratio: Fraction
    ) -> Fraction | None:
        number = _number(entry, parts[entry["name"]])
        if number is None:
            return None
        scale = Fraction(entry["scale"])
        if "exponent" in entry:
            exponents = [each for each in self.quantities if each["name"] == entry["exponent"]]
            if not exponents or entry["exponent"] not in parts:
                return None
            power = _number(exponents[0], parts[entry["exponent"]])
            if power is None:
                return None
            scale *= Fraction(10) ** int(power)
        value = number * scale
        if entry["type"] in FLOATS:
            step = max(Fraction(entry["quantum"]), _spacing(entry, parts[entry["name"]]) * scale)
            value = round(value / step) * step
        return value * ratio if entry["side"] == "secondary" else value


def _number(entry: dict[str, Any], raw: bytes) -> Fraction | None:
    ordered = _ordered(entry, raw)
    if ordered.hex() in entry.get("no_value", ()):
        return None
    kind: str = entry["type"]
    if kind in FLOATS:
        value: float = struct.unpack(FLOATS[kind], ordered)[0]
        return Fraction(value) if value - value == 0 else None
    if kind.startswith("bcd"):
        return Fraction(ordered.hex()) if ordered.hex().isdecimal() else None
    return Fraction(int.from_bytes(ordered, signed=kind.startswith("int")))


def _ordered(entry: dict[str, Any], raw: bytes) -> bytes:
    words = [raw[start : start + 2] for start in range(0, len(raw), 2)]
    if entry.get("byte_order") == "low_first":
        words = [word[::-1] for word in words]
    if entry.get("word_order") == "low_first":
        words.reverse()
    return b"".join(words)


def _spacing(entry: dict[str, Any], raw: bytes) -> Fraction:
    """To the next number that such a float can show."""
    exponent_bits, mantissa_bits = (8, 23) if entry["type"] == "float32" else (11, 52)
    bits = int.from_bytes(_ordered(entry, raw))
    exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1)
    bias = (1 << exponent_bits - 1) - 1
    return Fraction(2) ** (max(exponent, 1) - bias - mantissa_bits)
