"""Exact quantities: a count times a rational quantum. Floats stay outside."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

WH_PER_MWH = 1_000_000
IMPORT = "active_energy_import"
"""The register that is billed."""


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
