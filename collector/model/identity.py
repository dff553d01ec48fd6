"""Whether the instrument that answers is the one that the configuration names."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from collector.model.energy import IMPORT
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
    """None: nothing was read that says so."""

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

    A ratio is the instrument's own matter where the reader applies it.
    """
    found = read.get("serial")
    is_said = isinstance(found, str) and bool(_plain(found))  # zero is no serial
    is_serial = is_same_serial(str(found), serial) if is_said else None
    if not _is_primary(profile):
        return Comparison(is_serial, None)
    ratios = ratios_of(read)
    judged = [
        abs(value - configured) <= configured * _ROUNDED
        for value, configured in ((ratios.ct, ct), (ratios.vt, vt))
        if value is not None
    ]
    return Comparison(is_serial, all(judged) if judged else None)


def ratios_of(read: Mapping[str, str | Fraction]) -> Ratios:
    return Ratios(_ratio(read, "ct"), _ratio(read, "vt"))


def _ratio(read: Mapping[str, str | Fraction], kind: str) -> Fraction | None:
    ratio = read.get(f"{kind}_ratio")
    if isinstance(ratio, Fraction):
        return ratio
    primary, secondary = read.get(f"{kind}_primary"), read.get(f"{kind}_secondary")
    if isinstance(primary, Fraction) and isinstance(secondary, Fraction) and secondary:
        return primary / secondary
    return None


def _is_primary(profile: Profile) -> bool:
    energies = [entry for entry in profile.registers if entry.name == IMPORT]
    return bool(energies) and not any(entry.secondary for entry in energies)


def _plain(serial: str) -> str:
    return "".join(serial.split()).casefold().lstrip("0")
