"""Meter profiles: one instrument's registers and manners (hardware/meters/README.md)."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from collector.model import decoding, requests
from collector.model.decoding import (
    SIZES,
    IdentityRegister,
    Layout,
    ReadingError,
    Register,
)
from collector.model.energy import IMPORT, Quantity

__all__ = ["Instrument", "Profile", "ReadingError", "Register", "Transport", "merged"]

SCHEMA = 2
_IDENTITY_DEFAULTS = ("word_order", "byte_order")


@dataclass(frozen=True)
class Instrument:
    """How the instrument is connected, and how well it measures."""

    connection: str
    wiring: tuple[str, ...]
    max_current_a: int
    active_energy_class: str
    frequency_accuracy_mhz: int | None
    update_ms: int | None


@dataclass(frozen=True)
class Transport:
    """Factory defaults of the RTU port."""

    baud: int
    parity: str
    stop_bits: int
    tcp: bool

    @property
    def bits_per_character(self) -> int:
        return 9 + (self.parity != "none") + self.stop_bits


@dataclass(frozen=True)
class Profile:
    """`readable`: the blocks that a request may cross, as addresses on the wire."""

    name: str
    sha256: bytes
    vendor: str
    model: str
    unconfirmed: str | None
    instrument: Instrument
    transport: Transport
    function: int
    address_base: int
    max_registers: int
    timeout_ms: int
    gap_ms: int
    turnaround_ms: int
    jitter_ms: int
    readable: tuple[range, ...] | None
    registers: tuple[Register, ...]
    identity: tuple[IdentityRegister, ...]

    @classmethod
    def parse(cls, file: bytes) -> "Profile":
        """Read a profile file that its rules have judged."""
        document: dict[str, Any] = tomllib.loads(file.decode("utf-8-sig"))
        if document.get("schema") != SCHEMA:
            raise ValueError(f"a profile of schema {document.get('schema')}; this reads {SCHEMA}")
        request, base = document["request"], document["request"]["address_base"]
        registers = merged(document["registers"])
        return cls(
            name=document["name"],
            sha256=hashlib.sha256(file).digest(),
            vendor=document["vendor"],
            model=document["model"],
            unconfirmed=document.get("unconfirmed"),
            instrument=_instrument(document["instrument"]),
            transport=Transport(**document["transport"]),
            function=request["function"],
            address_base=base,
            max_registers=request["max_registers"],
            timeout_ms=request["timeout_ms"],
            gap_ms=request["gap_ms"],
            turnaround_ms=request["turnaround_ms"],
            jitter_ms=request["jitter_ms"],
            readable=_readable(request.get("readable"), base),
            registers=tuple(_register(entry, base) for entry in registers["quantity"]),
            identity=tuple(
                _identity(entry, base, request["function"]) for entry in registers["identity"]
            ),
        )

    @property
    def confirmed(self) -> bool:
        return self.unconfirmed is None

    @property
    def ratio_kinds(self) -> frozenset[str]:
        """The transformers, ct and vt, of which the instrument tells something."""
        kinds = {entry.name.partition("_")[0] for entry in self.identity}
        return frozenset(kinds & {"ct", "vt"})

    @property
    def unnoticed(self) -> tuple[str, ...]:
        """What may be changed, of serial, ct and vt, and no register would tell."""
        names = {entry.name for entry in self.identity}
        applies = self.instrument.connection != "direct" and not any(
            entry.secondary for entry in self.registers if entry.name == IMPORT
        )
        ratios = ("ct", "vt") if applies else ()
        untold = [
            kind
            for kind in ratios
            if f"{kind}_ratio" not in names
            and not {f"{kind}_primary", f"{kind}_secondary"} <= names
        ]
        return (*(() if "serial" in names else ("serial",)), *untold)

    def of(self, *, interval: bool) -> tuple[Register, ...]:
        """The quantities of an interval snapshot, or of a whole sample."""
        return tuple(entry for entry in self.registers if entry.interval or not interval)

    def requests(self, *, interval: bool) -> list[tuple[int, int]]:
        """What is asked for such a reading: addresses on the wire, and how many registers."""
        spans = tuple((entry.address, entry.registers) for entry in self.of(interval=interval))
        return list(_planned(spans, self.readable, self.max_registers))

    def decode(
        self, raw: bytes, quality: bytes | None, *, interval: bool, ct: Fraction, vt: Fraction
    ) -> dict[str, Quantity]:
        """The good values of a reading by name; raises ReadingError when bytes do not fit."""
        return decoding.quantities(self.of(interval=interval), raw, quality, ct, vt)

    def decode_identity(self, raw: bytes, quality: bytes | None) -> dict[str, str | Fraction]:
        """Serial, model and firmware as text, settings as numbers; raises ReadingError."""
        return decoding.identities(self.identity, raw, quality)


def merged(registers: Mapping[str, Any]) -> dict[str, Any]:
    """A document's `registers`, each entry with what `default` gives it.

    What is not of the right kind is left for the rules to judge.
    """
    default = registers.get("default")
    if not isinstance(default, dict):
        default = {}
    ordering = {field: default[field] for field in _IDENTITY_DEFAULTS if field in default}
    result = dict(registers)
    for kind, given in (("quantity", default), ("identity", ordering)):
        if isinstance(entries := registers.get(kind), list):
            result[kind] = [given | each if isinstance(each, dict) else each for each in entries]
    return result


def _instrument(entry: dict[str, Any]) -> Instrument:
    return Instrument(
        connection=entry["connection"],
        wiring=tuple(entry["wiring"]),
        max_current_a=entry["max_current_a"],
        active_energy_class=entry["active_energy_class"],
        frequency_accuracy_mhz=entry.get("frequency_accuracy_mhz"),
        update_ms=entry.get("update_ms"),
    )


def _readable(blocks: list[list[int]] | None, base: int) -> tuple[range, ...] | None:
    if blocks is None:
        return None
    return tuple(range(first - base, last - base + 1) for first, last in blocks)


def _layout(entry: dict[str, Any]) -> Layout:
    kind = entry["type"]
    return Layout(
        type=kind,
        registers=entry["registers"] if kind == "ascii" else SIZES[kind],
        low_word_first=entry.get("word_order") == "low_first",
        low_byte_first=entry.get("byte_order") == "low_first",
    )


def _register(entry: dict[str, Any], base: int) -> Register:
    return Register(
        name=entry["name"],
        obis=entry.get("obis"),
        address=entry["address"] - base,
        layout=_layout(entry),
        unit=entry["unit"],
        scale=Fraction(entry["scale"]),
        exponent=entry.get("exponent"),
        secondary=entry["side"] == "secondary",
        interval=entry.get("interval", False),
        quantum=Fraction(entry["quantum"]),
        modulus=entry.get("modulus"),
        no_value=frozenset(bytes.fromhex(code) for code in entry.get("no_value", ())),
        four_quadrants=entry.get("coding") == "four_quadrants",
    )


def _identity(entry: dict[str, Any], base: int, function: int) -> IdentityRegister:
    layout = _layout(entry)
    first, count = entry.get("block", (entry["address"], layout.registers))
    return IdentityRegister(
        name=entry["name"],
        address=entry["address"] - base,
        layout=layout,
        request=(first - base, count),
        function=entry.get("function", function),
        scale=Fraction(entry.get("scale", "1")),
    )


@lru_cache(maxsize=256)
def _planned(
    spans: tuple[tuple[int, int], ...], readable: tuple[range, ...] | None, max_registers: int
) -> tuple[tuple[int, int], ...]:
    """Once for all meters of a kind: a fleet's configurations ask thousands of times."""
    fewest = requests.plan(spans, readable, max_registers)
    return tuple(requests.apart(fewest, readable, max_registers))
