"""What the bytes of registers mean (hardware/meters/README.md). Floats become fractions at once."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from collector.model.energy import Quantity
from collector.model.quantities import SECOND_TARIFF

SIZES = {
    "int16": 1,
    "uint16": 1,
    "bcd16": 1,
    "int32": 2,
    "uint32": 2,
    "float32": 2,
    "bcd32": 2,
    "int64": 4,
    "uint64": 4,
    "float64": 4,
    "bcd64": 4,
}
"""Registers of a value, by its type; `ascii` says its own."""
ENERGY_UNITS = frozenset({"Wh", "varh", "VAh"})
POWER_UNITS = frozenset({"W", "var", "VA"})
FLOATS = {"float32": (">f", 8, 23), "float64": (">d", 11, 52)}
"""Format, bits of the exponent, bits of the mantissa."""
MOST_EXPONENT = 10
"""An exponent register beyond it, either way, is no exponent."""

_FOUR_QUADRANTS_END = 2
_GOOD = 0
_NO_BYTES = (2, 3)  # qualities without bytes: no answer, exception


class ReadingError(ValueError):
    """A reading's bytes do not fit its profile."""


@dataclass(frozen=True)
class Layout:
    """How a value lies in its registers."""

    type: str
    registers: int
    low_word_first: bool
    low_byte_first: bool

    @property
    def size(self) -> int:
        return 2 * self.registers

    def ordered(self, raw: bytes) -> bytes:
        """The value's bytes, highest first. Text stands in the order of its registers."""
        words = [raw[start : start + 2] for start in range(0, len(raw), 2)]
        if self.low_byte_first:
            words = [word[::-1] for word in words]
        if self.low_word_first and self.type != "ascii":
            words.reverse()
        return b"".join(words)

    def number(self, ordered: bytes) -> Fraction | None:
        """The exact number; None where there is none: NaN, infinite, or no decimal digits."""
        if self.type in FLOATS:
            _, exponent_bits, mantissa_bits = FLOATS[self.type]
            every = (1 << exponent_bits) - 1
            if int.from_bytes(ordered) >> mantissa_bits & every == every:
                return None
            value: float = struct.unpack(FLOATS[self.type][0], ordered)[0]
            return Fraction(value)
        if self.type.startswith("bcd"):
            digits = ordered.hex()
            return Fraction(digits) if digits.isdecimal() else None
        return Fraction(int.from_bytes(ordered, signed=self.type.startswith("int")))

    def spacing(self, ordered: bytes) -> Fraction:
        """The distance to the next number that such a register can show."""
        if self.type not in FLOATS:
            return Fraction(1)
        _, exponent_bits, mantissa_bits = FLOATS[self.type]
        exponent = int.from_bytes(ordered) >> mantissa_bits & ((1 << exponent_bits) - 1)
        bias = (1 << exponent_bits - 1) - 1
        return Fraction(2) ** (max(exponent, 1) - bias - mantissa_bits)


@dataclass(frozen=True)
class Register:
    """One quantity of an instrument; `address` is the one on the wire."""

    name: str
    obis: str | None
    address: int
    layout: Layout
    unit: str
    scale: Fraction
    exponent: str | None
    secondary: bool
    interval: bool
    quantum: Fraction
    modulus: int | None
    no_value: frozenset[bytes]
    four_quadrants: bool

    @property
    def registers(self) -> int:
        return self.layout.registers

    @property
    def type(self) -> str:
        return self.layout.type

    @property
    def is_energy(self) -> bool:
        return self.unit in ENERGY_UNITS

    @property
    def is_exponent(self) -> bool:
        return self.name.startswith("exponent_")

    def ratio(self, ct: Fraction, vt: Fraction) -> Fraction:
        """What the reader multiplies with, once; 1 when the instrument has done it."""
        if not self.secondary:
            return Fraction(1)
        if self.unit in ENERGY_UNITS | POWER_UNITS:
            return ct * vt
        return {"A": ct, "V": vt}.get(self.unit, Fraction(1))

    def number(self, raw: bytes) -> Fraction | None:
        """What the register shows, before its scale."""
        ordered = self.layout.ordered(raw)
        return None if ordered in self.no_value else self.layout.number(ordered)

    def decode(
        self, raw: bytes, ct: Fraction, vt: Fraction, power_of_ten: int = 0
    ) -> Quantity | None:
        """The exact value; None where the bytes say that there is none."""
        number = self.number(raw)
        if number is None:
            return None
        if self.four_quadrants:
            number = _unfolded(number * self.scale) / self.scale
        scale = self.scale * Fraction(10) ** power_of_ten
        ratio = self.ratio(ct, vt)
        if self.type not in FLOATS:
            return Quantity(int(number), scale * ratio)
        step = max(self.quantum, self.layout.spacing(self.layout.ordered(raw)) * scale)
        return Quantity(round(number * scale / step), step * ratio)


@dataclass(frozen=True)
class IdentityRegister:
    """A register that says which instrument this is, or how it was set.

    `request`: what is asked for it, an address and a number of registers; more than the register
    itself where the instrument gives it only within a block.
    """

    name: str
    address: int
    layout: Layout
    request: tuple[int, int]
    function: int
    scale: Fraction

    @property
    def registers(self) -> int:
        return self.layout.registers

    @property
    def is_text(self) -> bool:
        return self.name in ("serial", "model", "firmware")

    def decode(self, raw: bytes) -> str | Fraction | None:
        """`raw` is the answer to its request."""
        start = 2 * (self.address - self.request[0])
        ordered = self.layout.ordered(raw[start : start + self.layout.size])
        if self.layout.type == "ascii":
            return _text(ordered)
        number = self.layout.number(ordered)
        if number is None or not self.is_text:
            return None if number is None else number * self.scale
        if self.layout.type not in FLOATS:
            return str(number)
        return format(float(number), ".7g" if self.layout.type == "float32" else ".15g")


def quantities(
    registers: tuple[Register, ...], raw: bytes, quality: bytes | None, ct: Fraction, vt: Fraction
) -> dict[str, Quantity]:
    """The good values by name; exponents and second tariffs are in them. Raises ReadingError."""
    good = _good([register.layout.size for register in registers], raw, quality)
    parts = {registers[place].name: part for place, part in good}
    powers = _powers_of_ten(registers, parts)
    values: dict[str, Quantity] = {}
    for register in registers:
        if register.is_exponent or register.name not in parts:
            continue
        power_of_ten = 0 if register.exponent is None else powers.get(register.exponent)
        if power_of_ten is None:
            continue
        value = register.decode(parts[register.name], ct, vt, power_of_ten)
        if value is not None:
            values[register.name] = value
    for register in registers:
        if register.name.endswith(SECOND_TARIFF):
            _add_second_tariff(values, register.name)
    return values


def _unfolded(value: Fraction) -> Fraction:
    """The power factor that is told as 2 less itself where it leads, of either sign; up to 2."""
    if not 1 < abs(value) <= _FOUR_QUADRANTS_END:
        return value
    return (_FOUR_QUADRANTS_END if value > 0 else -_FOUR_QUADRANTS_END) - value


def _add_second_tariff(values: dict[str, Quantity], name: str) -> None:
    """To the first: an energy is the sum of both, and none where either is not known."""
    whole = name.removesuffix(SECOND_TARIFF)
    first, second = values.pop(whole, None), values.pop(name, None)
    if first is not None and second is not None:
        step = max(first.quantum, second.quantum)
        values[whole] = Quantity(round((first.value + second.value) / step), step)


def identities(
    registers: tuple[IdentityRegister, ...], raw: bytes, quality: bytes | None
) -> dict[str, str | Fraction]:
    """What the instrument says it is; a name is missing where it says nothing."""
    values: dict[str, str | Fraction] = {}
    sizes = [2 * register.request[1] for register in registers]
    for place, part in _good(sizes, raw, quality):
        value = registers[place].decode(part)
        if value is not None:
            values[registers[place].name] = value
    return values


def _powers_of_ten(registers: Iterable[Register], parts: dict[str, bytes]) -> dict[str, int]:
    powers = {}
    for register in registers:
        if not register.is_exponent or register.name not in parts:
            continue
        number = register.number(parts[register.name])
        if number is not None and abs(number) <= MOST_EXPONENT:
            powers[register.name] = int(number)
    return powers


def _good(whole: list[int], raw: bytes, quality: bytes | None) -> Iterator[tuple[int, bytes]]:
    """Place and bytes of what was read now and is believed: quality 0.

    What is stale, out of range or doubtful is evidence, not a value. `whole`: bytes of each.
    """
    codes = bytes(len(whole)) if quality is None else quality
    sizes = [0 if code in _NO_BYTES else size for size, code in zip(whole, codes, strict=False)]
    if len(codes) != len(whole) or sum(sizes) != len(raw):
        raise ReadingError(
            f"{len(raw)} bytes and {len(codes)} qualities do not fit {len(whole)} quantities"
        )
    start = 0
    for place, (code, size) in enumerate(zip(codes, sizes, strict=True)):
        if code == _GOOD:
            yield place, raw[start : start + size]
        start += size


def _text(raw: bytes) -> str | None:
    """Without the zero bytes that some instruments pad with, between letters too. None for what
    nobody could print: a gateway still sees when it changes.
    """
    try:
        text = raw.replace(b"\0", b"").decode("ascii").strip(" ")
    except UnicodeDecodeError:
        return None
    return text if text and text.isprintable() else None
