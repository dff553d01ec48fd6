"""An instrument's register map, from its profile.

Profiles are `hardware/meters/*.toml`. The collector decodes with code of its own; none is shared.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from pymodbus.constants import ExcCodes

from simulator.encoding import NUMBER_REGISTERS, Layout
from simulator.identity import IdentityRegister
from simulator.quantity import Quantity

METERS_DIR = Path(__file__).resolve().parent.parent / "hardware" / "meters"

Register = Quantity | IdentityRegister


class RefusedError(Exception):
    """The instrument answers `code`, a Modbus exception."""

    code: ExcCodes


class IllegalFunctionError(RefusedError):
    """It has no registers of this function."""

    code = ExcCodes.ILLEGAL_FUNCTION


class IllegalAddressError(RefusedError):
    """The request leaves the readable blocks or would split a value."""

    code = ExcCodes.ILLEGAL_ADDRESS


class IllegalCountError(RefusedError):
    """It does not give so many registers at once."""

    code = ExcCodes.ILLEGAL_VALUE


@dataclass(frozen=True, slots=True)
class Profile:
    """What the simulator needs to know of an instrument."""

    name: str
    model: str
    wirings: tuple[str, ...]
    function: int
    max_registers: int
    turnaround_s: float
    jitter_s: float
    quantities: tuple[Quantity, ...]
    identity: tuple[IdentityRegister, ...]
    readable: tuple[range, ...]

    def quantity(self, name: str) -> Quantity:
        return next(quantity for quantity in self.quantities if quantity.name == name)

    @property
    def first_address(self) -> int:
        return min(block.start for block in (*self.readable, *_adjoining(self.identity)))

    @property
    def end_address(self) -> int:
        return max(block.stop for block in (*self.readable, *_adjoining(self.identity)))

    def read(
        self, function: int, address: int, count: int, words: Callable[[Register], list[int]]
    ) -> list[int]:
        """Answer a request for `count` registers from `address`; gaps hold 0.

        Instruments differ in what they answer to half a value; all refuse it here, so that no
        value is ever put together from two moments.
        """
        identity = [each for each in self.identity if each.function == function]
        registers: list[Register] = [*identity]
        blocks = _adjoining(identity)
        if function == self.function:
            registers += self.quantities
            blocks += self.readable
        if not blocks:
            raise IllegalFunctionError(f"{self.name} has no registers of function {function}")
        if count > self.max_registers:
            raise IllegalCountError(f"{self.name} gives {self.max_registers} registers at most")
        end = address + count
        if not any(block.start <= address and end <= block.stop for block in blocks):
            raise IllegalAddressError(f"{self.name} has no registers {address}…{end - 1}")
        answer = [0] * count
        for register in registers:
            if register.end <= address or register.address >= end:
                continue
            if register.address < address or register.end > end:
                raise IllegalAddressError(f"{address}…{end - 1} splits {register.name}")
            for place, word in enumerate(words(register), register.address - address):
                answer[place] |= word  # two may stand in one block
        return answer


def load_profile(path: Path) -> Profile:
    """Read a profile that keeps to `hardware/meters/profile.schema.json`."""
    document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    request = document["request"]
    base: int = request["address_base"]
    registers = document["registers"]
    default = registers.get("default", {})
    quantities = tuple(_quantity(default | entry, base) for entry in registers["quantity"])
    return Profile(
        name=document["name"],
        model=document["model"],
        wirings=tuple(document["instrument"]["wiring"]),
        function=request["function"],
        max_registers=request["max_registers"],
        turnaround_s=request["turnaround_ms"] / 1000,
        jitter_s=request["jitter_ms"] / 1000,
        quantities=quantities,
        identity=tuple(
            _identity({"function": request["function"]} | default | entry, base)
            for entry in registers["identity"]
        ),
        readable=tuple(range(first - base, last - base + 1) for first, last in request["readable"])
        if "readable" in request
        else tuple(_adjoining(quantities)),
    )


def _layout(entry: dict[str, Any]) -> Layout:
    kind = entry["type"]
    return Layout(
        kind=kind,
        registers=entry["registers"] if kind == "ascii" else NUMBER_REGISTERS[kind],
        high_word_first=entry.get("word_order") != "low_first",
        high_byte_first=entry.get("byte_order") != "low_first",
    )


def _quantity(entry: dict[str, Any], base: int) -> Quantity:
    return Quantity(
        name=entry["name"],
        address=entry["address"] - base,
        layout=_layout(entry),
        unit=entry["unit"],
        scale=Fraction(entry["scale"]),
        exponent=entry.get("exponent"),
        primary=entry["side"] == "primary",
        quantum=Fraction(entry["quantum"]),
        modulus=entry.get("modulus"),
        no_value=entry.get("no_value", [None])[0],
    )


def _identity(entry: dict[str, Any], base: int) -> IdentityRegister:
    layout = _layout(entry)
    first, count = entry.get("block", (entry["address"], layout.registers))
    before = entry["address"] - first
    return IdentityRegister(
        name=entry["name"],
        address=first - base,
        layout=layout,
        function=entry["function"],
        scale=Fraction(entry.get("scale", 1)),
        before=before,
        after=count - before - layout.registers,
    )


def _adjoining(registers: Sequence[Register]) -> list[range]:
    """The blocks that registers make where one begins as another ends."""
    blocks: list[range] = []
    for register in sorted(registers, key=lambda each: each.address):
        if blocks and blocks[-1].stop == register.address:
            blocks[-1] = range(blocks[-1].start, register.end)
        else:
            blocks.append(range(register.address, register.end))
    return blocks
