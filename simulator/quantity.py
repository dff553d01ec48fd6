"""One quantity of an instrument: physical values in, Modbus words out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from simulator.electrical import Value
from simulator.encoding import DoesNotFitError, Layout

ENERGY_UNITS = ("Wh", "varh", "VAh")
NOT_A_NUMBER = {"float32": "7fc00000", "float64": "7ff8000000000000"}


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
    """`address` is the one on the wire, `exponent` the name of the quantity that holds it."""

    name: str
    address: int
    layout: Layout
    unit: str
    scale: Fraction
    exponent: str | None
    primary: bool
    quantum: Fraction
    modulus: int | None
    no_value: str | None

    @property
    def end(self) -> int:
        return self.address + self.layout.registers

    @property
    def is_energy(self) -> bool:
        return self.unit in ENERGY_UNITS

    def words(
        self, value: Value | None, transformers: Transformers, exponent: int = 0
    ) -> list[int]:
        """The registers that hold `value` (in `unit`, at the primary), in the order of the wire.

        An energy holds whole steps, rounded down; anything else is rounded to nearest.
        """
        if value is None:
            return self._absent()
        scale = self._scale(exponent)
        held = Fraction(value) / self._ratio(transformers)
        if self.is_energy:
            step = self._step(held, scale)
            held = held // step * step
            if self.layout.is_float and self.modulus is not None:
                held %= self.modulus * self.quantum
        count = held / scale
        if not self.layout.is_float:
            count = Fraction(round(count))
            if self.modulus is not None:
                count %= self.modulus
        try:
            return self.layout.number(count)
        except (DoesNotFitError, OverflowError) as error:
            raise DoesNotFitError(
                f"{self.name}: {float(value):g} {self.unit} does not fit {self.layout.kind} "
                f"at scale {scale}: {error}"
            ) from None

    def step(self, value: Fraction, transformers: Transformers, exponent: int = 0) -> Fraction:
        """By how much an energy register moves at `value`; both at the primary, in `unit`."""
        ratio = self._ratio(transformers)
        return self._step(value / ratio, self._scale(exponent)) * ratio

    def _absent(self) -> list[int]:
        code = self.no_value or NOT_A_NUMBER.get(self.layout.kind)
        return self.layout.number(Fraction(0)) if code is None else self.layout.code(code)

    def _scale(self, exponent: int) -> Fraction:
        return self.scale * Fraction(10) ** exponent

    def _step(self, held: Fraction, scale: Fraction) -> Fraction:
        finest = self.layout.spacing(held / scale) * scale if self.layout.is_float else scale
        return max(self.quantum, finest)

    def _ratio(self, transformers: Transformers) -> Fraction:
        return Fraction(1) if self.primary else transformers.ratio(self.unit)
