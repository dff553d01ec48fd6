"""Exact numbers as a person reads them."""

from decimal import Decimal
from fractions import Fraction

_DIGITS = 4


def shown(value: Fraction, unit: str = "") -> str:
    """To four digits, which say whether it is right; facts hold the exact number."""
    rounded = Decimal(f"{float(value):.{_DIGITS}g}")
    text = f"{rounded:f}" if abs(rounded.adjusted()) < 12 else f"{rounded:.3e}"
    return f"{text} {unit}" if unit else text
