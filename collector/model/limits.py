"""What a meter's wiring can carry at most: no register can rise faster."""

from fractions import Fraction

from collector.model.profile import Profile

_LOW_VOLTAGE_V = 690
_VT_SECONDARY_V = 120
"""The highest in use: 100, 110 or 120 V line to line."""


def greatest_power_w(profile: Profile, ct: Fraction, vt: Fraction) -> Fraction:
    """Twice line voltage times current: above √3, so that no true reading is ever beyond it."""
    line_v = _LOW_VOLTAGE_V if vt == 1 else _VT_SECONDARY_V * vt
    return 2 * line_v * greatest_current_a(profile, ct)


def greatest_current_a(profile: Profile, ct: Fraction) -> Fraction:
    """On the primary side."""
    return profile.instrument.max_current_a * ct
