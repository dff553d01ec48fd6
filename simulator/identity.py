"""What an instrument says of itself: serial, model, firmware, and the ratios set in it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from simulator.encoding import DoesNotFitError, Layout

MODEL_NUMBER = 5000
FIRMWARE, FIRMWARE_NUMBER = "1.2", 102


@dataclass(frozen=True, slots=True)
class Nameplate:
    """`ct` and `vt` are what the instrument is set to."""

    serial: str
    model: str
    ct: tuple[int, int]
    vt: tuple[int, int]

    def number(self, name: str) -> Fraction:
        return {
            "model": Fraction(MODEL_NUMBER),
            "firmware": Fraction(FIRMWARE_NUMBER),
            "ct_primary": Fraction(self.ct[0]),
            "ct_secondary": Fraction(self.ct[1]),
            "ct_ratio": Fraction(*self.ct),
            "vt_primary": Fraction(self.vt[0]),
            "vt_secondary": Fraction(self.vt[1]),
            "vt_ratio": Fraction(*self.vt),
            "vt_in_use": Fraction(self.vt[0] != self.vt[1]),
        }[name]


@dataclass(frozen=True, slots=True)
class IdentityRegister:
    """`address` is the one on the wire; only `function` reads it.

    `before` and `after`: other registers, without which it cannot be read.
    """

    name: str
    address: int
    layout: Layout
    function: int
    scale: Fraction
    before: int = 0
    after: int = 0

    @property
    def end(self) -> int:
        return self.address + self.before + self.layout.registers + self.after

    def words(self, plate: Nameplate) -> list[int]:
        """DoesNotFitError says what the instrument could hold instead."""
        return [*[0] * self.before, *self._own(plate), *[0] * self.after]

    def _own(self, plate: Nameplate) -> list[int]:
        if self.layout.kind == "ascii":
            return self._text(plate)
        if self.name == "serial":
            return self.layout.number(self._serial(plate.serial))
        held = plate.number(self.name)
        try:
            return self.layout.number(held / self.scale)
        except DoesNotFitError as error:
            raise DoesNotFitError(
                f"{self.name}: this instrument cannot be set to {held} "
                f"({self.layout.kind}, scale {self.scale}): {error}"
            ) from None

    def _text(self, plate: Nameplate) -> list[int]:
        size = 2 * self.layout.registers
        if self.name == "serial":
            try:
                return self.layout.text(plate.serial)
            except DoesNotFitError:
                raise DoesNotFitError(
                    f"serial: this instrument holds at most {size} ASCII characters, "
                    f"not {plate.serial!r}; use a serial that fits"
                ) from None
        return self.layout.text((plate.model if self.name == "model" else FIRMWARE)[:size])

    def _serial(self, serial: str) -> Fraction:
        greatest = self.layout.greatest
        whole = serial.isascii() and serial.isdecimal() and not serial.startswith("0")
        if not whole or int(serial) > greatest:
            raise DoesNotFitError(
                f"serial: this instrument holds it as {self.layout.kind}, not {serial!r}; "
                f"use a whole number from 1 to {greatest}, without leading zeros"
            )
        return Fraction(int(serial))
