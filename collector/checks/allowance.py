"""What a licensee may draw from the grid in a delivery period, and by which versions of what."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Generic, TypeVar

from collector.model.energy import mwh_to_wh
from collector.model.records import Allocation, Dated, Record, Tolerance

R = TypeVar("R", bound=Record)
D = TypeVar("D", bound=Dated)

OWN_SOURCES = ("own_generation", "own_renewable")
"""Where a site generates behind its delivery point, these do not come over the grid."""

Versions = Mapping[str, tuple[int, ...]]
"""Numbers of the versions that a result rests on, by kind of record."""


@dataclass(frozen=True, slots=True)
class Known(Generic[R]):
    """A record, and the number of its version."""

    record: R
    version: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """`example`: the tolerance is made up to show how, and not law."""

    bought_wh: Fraction
    tolerance_wh: Fraction = Fraction(0)
    versions: Versions = field(default_factory=dict)
    example: bool = False

    @property
    def limit_wh(self) -> Fraction:
        return self.bought_wh + self.tolerance_wh


def allowance(
    bought: Iterable[Known[Allocation]],
    tolerances: Iterable[Known[Tolerance]],
    zone: str,
    start_ms: int,
    *,
    generates: bool = False,
) -> Allowance:
    """The sum of what was bought for the period that begins at `start_ms`, of all lots and sources
    that come over the grid, and the tolerance that held at its beginning.

    Nothing bought is nothing allowed. `generates`: the licensee has generation behind a delivery
    point of the zone.
    """
    counted = [entry for entry in bought if not (generates and entry.record.source in OWN_SOURCES)]
    bought_wh = sum((mwh_to_wh(entry.record.energy_mwh) for entry in counted), Fraction(0))
    versions = {Allocation.kind: tuple(sorted(entry.version for entry in counted))}
    tolerance = tolerance_at(tolerances, zone, start_ms)
    if tolerance is None:
        return Allowance(bought_wh, versions=versions)
    by_share_wh = bought_wh * tolerance.record.permille / 1000
    return Allowance(
        bought_wh,
        max(by_share_wh, Fraction(tolerance.record.energy_wh)),
        versions | {Tolerance.kind: (tolerance.version,)},
        tolerance.record.example,
    )


def tolerance_at(
    tolerances: Iterable[Known[Tolerance]], zone: str, at_ms: int
) -> Known[Tolerance] | None:
    """That of the zone before that of any zone; of two, the one that began later."""
    holding = [
        entry
        for entry in tolerances
        if entry.record.holds_at(at_ms) and entry.record.zone in (zone, None)
    ]
    return max(
        holding,
        key=lambda entry: (entry.record.zone is not None, entry.record.valid_from, entry.version),
        default=None,
    )


def in_force(records: Sequence[Known[D]], at_ms: int) -> Known[D] | None:
    """Of records of one thing, the one that took the others' place by then."""
    holding = [entry for entry in records if entry.record.holds_at(at_ms)]
    return max(holding, key=lambda entry: (entry.record.valid_from, entry.version), default=None)


def joined(versions: Iterable[Versions]) -> dict[str, tuple[int, ...]]:
    """All of them, by kind."""
    found: dict[str, set[int]] = {}
    for each in versions:
        for kind, numbers in each.items():
            found.setdefault(kind, set()).update(numbers)
    return {kind: tuple(sorted(numbers)) for kind, numbers in sorted(found.items())}
