"""Exact quantities: a count times a rational quantum. Floats stay outside."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import gcd

WH_PER_MWH = 1_000_000
IMPORT = "active_energy_import"
"""The register that is billed."""
EXPORT = "active_energy_export"


@dataclass(frozen=True, slots=True)
class Quantity:
    """`count × quantum`, in the unit of its name; `quantum` is the instrument's step."""

    count: int
    quantum: Fraction

    @property
    def value(self) -> Fraction:
        return self.count * self.quantum


def mwh_to_wh(energy_mwh: Decimal) -> Fraction:
    return Fraction(energy_mwh) * WH_PER_MWH


def energy_in(power_w: Fraction, duration_ms: int) -> Fraction:
    """Energy in Wh of a power held for a time."""
    return power_w * duration_ms / 3_600_000


def common_quantum(quanta: Iterable[Fraction]) -> Fraction:
    """The largest step of which each of these is a whole number; at least one is given."""
    first, *others = quanta
    for other in others:
        if other != first:
            top = gcd(first.numerator * other.denominator, other.numerator * first.denominator)
            first = Fraction(top, first.denominator * other.denominator)
    return first


def counted(energy_wh: Fraction, quantum_wh: Fraction) -> Quantity:
    """Raise ValueError for what is no whole number of steps."""
    count = energy_wh / quantum_wh
    if count.denominator != 1:
        raise ValueError(f"{energy_wh} Wh are no whole steps of {quantum_wh} Wh")
    return Quantity(count.numerator, quantum_wh)
