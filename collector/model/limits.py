"""What a meter's wiring can carry at most: no register can rise faster."""

from fractions import Fraction

from collector.model.profile import Profile

Pair = tuple[int, int]
"""A transformer as its nameplate has it: rated primary over rated secondary."""

_LOW_VOLTAGE_V = 690
_VT_SECONDARY_V = 120
"""The highest in use: 100, 110 or 120 V line to line."""
_CARRIED = Fraction(6, 5)
"""Of its rated primary current a CT carries 120 % for good, unless its plate extends the rating
(IEC 61869-2: rated continuous thermal current).
"""
_STARTING = Fraction(1, 1000)
"""Of the wiring's power: below it instruments show nothing, each value from a point of its own."""


def greatest_power_w(profile: Profile, ct: Pair, vt: Fraction) -> Fraction:
    """Twice line voltage times current: above √3, so that no true reading is ever beyond it."""
    line_v = _LOW_VOLTAGE_V if vt == 1 else _VT_SECONDARY_V * vt
    return 2 * line_v * greatest_current_a(profile, ct)


def starting_power_w(profile: Profile, ct: Pair, vt: Fraction) -> Fraction:
    return greatest_power_w(profile, ct, vt) * _STARTING


def greatest_current_a(profile: Profile, ct: Pair) -> Fraction:
    """On the primary side: of the instrument's terminals, and of the CT where there is one."""
    primary_a, secondary_a = ct
    terminals_a = Fraction(profile.instrument.max_current_a * primary_a, secondary_a)
    return terminals_a if primary_a == secondary_a else min(terminals_a, _CARRIED * primary_a)
