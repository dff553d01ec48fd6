"""What a site may draw at all, and what a zone may be sold: capacity, contract, quota."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.checks.allowance import Known
from collector.model.energy import energy_in, mwh_to_wh
from collector.model.records import Allocation, DeliveryPoint, Quota


class Excess(StrEnum):
    """What a quarter of an hour's mean was above."""

    CAPACITY = "capacity"
    CONTRACT = "contract"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a site's delivery points bear and what was contracted, together, in W."""

    capacity_w: int
    contracted_w: int
    versions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SiteEnergy:
    """A site's energy at the delivery point in a quarter, in Wh, and what is in doubt of it."""

    start_ms: int
    end_ms: int
    energy_wh: Fraction
    doubt_wh: Fraction
    positions: tuple[int, ...] = ()

    @property
    def mean_w(self) -> Fraction:
        return self.energy_wh * 3_600_000 / (self.end_ms - self.start_ms)

    def is_above(self, power_w: int) -> bool:
        """Beyond doubt."""
        most_wh = energy_in(Fraction(power_w), self.end_ms - self.start_ms)
        return self.energy_wh - most_wh > self.doubt_wh


def bounds(points: Iterable[Known[DeliveryPoint]], start_ms: int, end_ms: int) -> Bounds | None:
    """The sum over delivery points; None where the register names none.

    Of a point that changed within the time the greater of its figures counts.
    """
    held: dict[str, list[Known[DeliveryPoint]]] = {}
    for point in points:
        if point.record.holds_between(start_ms, end_ms):
            held.setdefault(point.record.name, []).append(point)
    if not held:
        return None
    return Bounds(
        sum(max(each.record.capacity_w for each in those) for those in held.values()),
        sum(max(each.record.contracted_w for each in those) for those in held.values()),
        tuple(sorted(each.version for those in held.values() for each in those)),
    )


def excess(quarter: SiteEnergy, bound: Bounds) -> Excess | None:
    """The gravest bound that the quarter's mean power was above."""
    if quarter.is_above(bound.capacity_w):
        return Excess.CAPACITY
    return Excess.CONTRACT if quarter.is_above(bound.contracted_w) else None


@dataclass(frozen=True, slots=True)
class OverQuota:
    """More was allocated in an auction zone than the system operator allows its miners."""

    allocated_wh: Fraction
    quota_wh: Fraction
    allocations: tuple[int, ...]
    quota: int


def over_quota(
    allocated: Sequence[Known[Allocation]], quota: Known[Quota] | None
) -> OverQuota | None:
    """Of what the auction sold: imports, bilateral contracts and own generation are not of the
    quota. None where no quota is known: then nothing can be said.
    """
    if quota is None:
        return None
    sold = [entry for entry in allocated if entry.record.source == "auction"]
    sold_wh = sum((mwh_to_wh(entry.record.energy_mwh) for entry in sold), Fraction(0))
    quota_wh = mwh_to_wh(quota.record.energy_mwh)
    if sold_wh <= quota_wh:
        return None
    named = tuple(sorted(entry.version for entry in sold))
    return OverQuota(sold_wh, quota_wh, named, quota.version)
