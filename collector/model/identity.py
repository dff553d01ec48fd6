"""Whether the instrument that answers is the one that the configuration names."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from collector.model.profile import Profile

_ROUNDED = Fraction(1, 200)
"""Instruments hold ratios as floats and tenths; one transformer differs from the next by more."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """Of current and voltage transformers, primary over secondary; None is what is not known."""

    ct: Fraction | None
    vt: Fraction | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """None: not all was read that would say so."""

    is_serial: bool | None
    is_ratio: bool | None


def is_same_serial(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def compare(
    profile: Profile,
    read: Mapping[str, str | Fraction],
    serial: str,
    ct: Fraction,
    vt: Fraction,
) -> Comparison:
    """What was read of an instrument against what is configured.

    Its ratios are held against the register's even where the reader applies them: an instrument
    that was set to other transformers hangs on others, or shows on its display what is not billed.
    """
    found = read.get("serial")
    is_said = isinstance(found, str) and bool(_plain(found))  # zero is no serial
    is_serial = is_same_serial(str(found), serial) if is_said else None
    ratios = ratios_of(read)
    judged = [
        None if value is None else abs(value - configured) <= configured * _ROUNDED
        for kind, value, configured in (("ct", ratios.ct, ct), ("vt", ratios.vt, vt))
        if configured != 1 or kind in profile.ratio_kinds
    ]
    if False in judged:
        return Comparison(is_serial, False)
    return Comparison(is_serial, None if None in judged or not judged else True)


def ratios_of(read: Mapping[str, str | Fraction]) -> Ratios:
    no_vt = read.get("vt_in_use") == 0
    return Ratios(_ratio(read, "ct"), Fraction(1) if no_vt else _ratio(read, "vt"))


def _ratio(read: Mapping[str, str | Fraction], kind: str) -> Fraction | None:
    ratio = read.get(f"{kind}_ratio")
    if isinstance(ratio, Fraction):
        return ratio
    primary, secondary = read.get(f"{kind}_primary"), read.get(f"{kind}_secondary")
    if isinstance(primary, Fraction) and isinstance(secondary, Fraction) and secondary:
        return primary / secondary
    return None


def _plain(serial: str) -> str:
    """Letters and digits: a plate's 'LQN/4711' can stand in the register as 'LQN-4711'."""
    return "".join(each for each in serial if each.isalnum()).casefold().lstrip("0")
