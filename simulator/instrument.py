"""A meter's registers, from its profile: physical values in, Modbus words out.

Profiles are `hardware/meters/*.toml`. The collector decodes with code of its own; none is shared.
"""

from __future__ import annotations

import math
import struct
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

METERS_DIR = Path(__file__).resolve().parent.parent / "hardware" / "meters"

INTEGER_FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
}
ENERGY_UNITS = ("Wh", "varh", "VAh")
FLOAT32_MANTISSA_BITS = 23
FLOAT32_LEAST_EXPONENT = -126

Value = Fraction | float


class IllegalAddressError(Exception):
    """The request leaves the readable blocks or would split a quantity (Modbus exception 2)."""


@dataclass(frozen=True, slots=True)
class Transformers:
    """Ratios, primary over secondary, that stand between the line and the instrument."""

    current: Fraction
    voltage: Fraction

    def ratio(self, unit: str) -> Fraction:
        """What a value at the secondary is multiplied by to get the primary's."""
        if unit == "A":
            return self.current
        if unit == "V":
            return self.voltage
        if unit in ("Hz", "1"):
            return Fraction(1)
        return self.current * self.voltage


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity of a profile; `address` is the one on the wire."""

    name: str
    address: int
    kind: str
    high_first: bool
    unit: str
    scale: Fraction
    primary: bool
    quantum: Fraction
    modulus: int | None

    @property
    def registers(self) -> int:
        return struct.calcsize(INTEGER_FORMATS.get(self.kind, ">f")) // 2

    @property
    def end(self) -> int:
        return self.address + self.registers

    @property
    def is_energy(self) -> bool:
        return self.unit in ENERGY_UNITS

    def words(self, value: Value, transformers: Transformers) -> list[int]:
        """The registers that hold `value` (in `unit`, at the primary), in the order of the wire.

        An energy holds whole steps, rounded down; anything else is rounded to nearest.
        OverflowError when the register is too small.
        """
        held = Fraction(value) / self._ratio(transformers)
        if self.is_energy:
            step = self._step(held)
            held = held // step * step
        if self.kind == "float32":
            raw = struct.pack(">f", float(held / self.scale))
        else:
            raw = self._integer_bytes(held)
        words = [int.from_bytes(raw[i : i + 2], "big") for i in range(0, len(raw), 2)]
        return words if self.high_first else words[::-1]

    def step(self, value: Fraction, transformers: Transformers) -> Fraction:
        """By how much an energy register moves at `value`; both at the primary, in `unit`."""
        ratio = self._ratio(transformers)
        return self._step(value / ratio) * ratio

    def _step(self, held: Fraction) -> Fraction:
        if self.kind != "float32":
            return self.quantum
        return max(self.quantum, float32_spacing(held / self.scale) * self.scale)

    def _ratio(self, transformers: Transformers) -> Fraction:
        return Fraction(1) if self.primary else transformers.ratio(self.unit)

    def _integer_bytes(self, value: Fraction) -> bytes:
        count = round(value / self.scale)
        if self.modulus is not None:
            count %= self.modulus
        try:
            return struct.pack(INTEGER_FORMATS[self.kind], count)
        except struct.error:
            raise OverflowError(
                f"{self.name}: {float(value):g} {self.unit} does not fit {self.kind} "
                f"at scale {self.scale}"
            ) from None


@dataclass(frozen=True, slots=True)
class Profile:
    """What the simulator needs to know of an instrument."""

    name: str
    function: int
    max_registers: int
    turnaround_s: float
    quantities: tuple[Quantity, ...]
    readable: tuple[range, ...]

    def quantity(self, name: str) -> Quantity:
        return next(quantity for quantity in self.quantities if quantity.name == name)

    @property
    def first_address(self) -> int:
        return min(block.start for block in self.readable)

    @property
    def end_address(self) -> int:
        return max(block.stop for block in self.readable)

    def read(
        self, address: int, count: int, values: Mapping[str, Value], transformers: Transformers
    ) -> list[int]:
        """Answer a request for `count` registers from `address`; gaps hold 0.

        Instruments differ in what they answer to half a quantity; all refuse it here, so that no
        value is ever put together from two moments.
        """
        end = address + count
        if not any(block.start <= address and end <= block.stop for block in self.readable):
            raise IllegalAddressError(f"{self.name} has no registers {address}…{end - 1}")
        answer = [0] * count
        for quantity in self.quantities:
            if quantity.end <= address or quantity.address >= end:
                continue
            if quantity.address < address or quantity.end > end:
                raise IllegalAddressError(f"{address}…{end - 1} splits {quantity.name}")
            offset = quantity.address - address
            answer[offset : offset + quantity.registers] = quantity.words(
                values[quantity.name], transformers
            )
        return answer


def float32_spacing(value: Fraction) -> Fraction:
    """The distance from `value` to the next float32 above it in magnitude."""
    _, exponent = math.frexp(float(value))
    return Fraction(2) ** (max(exponent - 1, FLOAT32_LEAST_EXPONENT) - FLOAT32_MANTISSA_BITS)


def load_profile(path: Path) -> Profile:
    """Read a profile that keeps to `hardware/meters/profile.schema.json`."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    request = document["request"]
    base: int = request["address_base"]
    quantities = tuple(_quantity(entry, base) for entry in document["quantity"])
    return Profile(
        name=document["name"],
        function=request["function"],
        max_registers=request["max_registers"],
        turnaround_s=request["turnaround_ms"] / 1000,
        quantities=quantities,
        readable=tuple(range(first - base, last - base + 1) for first, last in request["readable"])
        if "readable" in request
        else _adjoining(quantities),
    )


def _quantity(entry: dict[str, Any], base: int) -> Quantity:
    return Quantity(
        name=entry["name"],
        address=entry["address"] - base,
        kind=entry["type"],
        high_first=entry["word_order"] == "high_first",
        unit=entry["unit"],
        scale=Fraction(entry["scale"]),
        primary=entry["side"] == "primary",
        quantum=Fraction(entry["quantum"]),
        modulus=entry.get("modulus"),
    )


def _adjoining(quantities: tuple[Quantity, ...]) -> tuple[range, ...]:
    """The blocks that quantities make where one begins as another ends."""
    blocks: list[range] = []
    for quantity in sorted(quantities, key=lambda each: each.address):
        if blocks and blocks[-1].stop == quantity.address:
            blocks[-1] = range(blocks[-1].start, quantity.end)
        else:
            blocks.append(range(quantity.address, quantity.end))
    return tuple(blocks)
