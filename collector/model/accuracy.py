"""What meters may be wrong by, and how far sums and differences of them may be."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from math import isqrt
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from collector.model.instant import Instant

_FILE = Path(__file__).with_name("accuracy.toml")
_STEPS = 1000  # a root is rounded up to a thousandth

Permille = Annotated[Decimal, Field(ge=0, lt=1000)]


class AccuracyLimits(BaseModel):
    """The file `accuracy.toml`, where each word is explained with its source."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    valid_from: Instant
    unknown: str
    imported: str
    common_permille: Permille
    meters_permille: Mapping[str, Permille]
    transformers_permille: Mapping[str, Permille]

    def of(self, accuracy_class: str | None, *, has_ct: bool, has_vt: bool) -> "PointLimit":
        """Of a metering point: the meter and the transformers that it is connected through."""
        parts = [Fraction(self.meters_permille[accuracy_class or self.unknown])]
        parts += [Fraction(self.transformers_permille["ct"])] if has_ct else []
        parts += [Fraction(self.transformers_permille["vt"])] if has_vt else []
        square = sum((part * part for part in parts), Fraction(0))
        return PointLimit(square, Fraction(self.common_permille))


@dataclass(frozen=True, slots=True)
class PointLimit:
    """`square`: of the permille that the whole point may be wrong by, independently of others."""

    square: Fraction
    common_permille: Fraction = Fraction(0)


@cache
def accuracy_limits() -> AccuracyLimits:
    return AccuracyLimits.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))


def combined_wh(parts: Iterable[tuple[Fraction, PointLimit]]) -> Fraction:
    """By how much a sum or difference of energies may be wrong by its instruments' classes, in Wh.

    Independent errors by the root of the sum of their squares, rounded up; what may be common to
    all of them bounded linearly.
    """
    known = list(parts)
    square = sum((energy_wh**2 * limit.square for energy_wh, limit in known), Fraction(0))
    common = sum(
        (abs(energy_wh) * limit.common_permille for energy_wh, limit in known), Fraction(0)
    )
    return root_up(square / 1_000_000) + common / 1000


def root_up(square: Fraction) -> Fraction:
    """The least whole number of thousandths whose square is not less."""
    scaled = -(-square.numerator * _STEPS**2 // square.denominator)
    root = isqrt(scaled)
    return Fraction(root if root * root == scaled else root + 1, _STEPS)
