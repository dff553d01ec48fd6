"""What the register prescribes for the checks, looked up once for each of its views."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from sqlalchemy import Connection

from collector.checks.allocation import Holder
from collector.checks.allowance import Allowance, Known, allowance
from collector.model.records import (
    Allocation,
    DeliveryPoint,
    LossFactor,
    PermittedHours,
    Record,
    Site,
    Tolerance,
)
from collector.registry import entitlements
from collector.registry.entitlements import Version
from collector.registry.view import View

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Prescribed:
    """`factors` by meter, `points` by site, `holder_by` licensee and auction zone."""

    factors: dict[str, list[Known[LossFactor]]]
    tolerances: list[Known[Tolerance]]
    hours: list[Known[PermittedHours]]
    points: dict[str, list[Known[DeliveryPoint]]]
    holders: list[Holder]
    holder_by: dict[tuple[str, str], Holder]


@lru_cache(maxsize=4)
def prescribed(view: View) -> Prescribed:
    factors: dict[str, list[Known[LossFactor]]] = {}
    for factor in _all(view, LossFactor):
        factors.setdefault(factor.record.meter, []).append(factor)
    points: dict[str, list[Known[DeliveryPoint]]] = {}
    for point in _all(view, DeliveryPoint):
        points.setdefault(point.record.site, []).append(point)
    found = _holders(view)
    return Prescribed(
        factors,
        _all(view, Tolerance),
        _all(view, PermittedHours),
        points,
        found,
        {(holder.licensee, holder.zone): holder for holder in found},
    )


def holders(view: View) -> list[Holder]:
    """Licensees by auction zone, with their sites: in North and South together, one holder."""
    return prescribed(view).holders


def holder_of(view: View, site: Site) -> Holder:
    """The holder that a site belongs to."""
    whose = (site.licensee, view.auction_zone(site.zone))
    return prescribed(view).holder_by.get(whose) or Holder(*whose, (site.name,))


def known_allocations(
    connection: Connection, zone: str, start_ms: int
) -> dict[str, list[Known[Allocation]]]:
    """What was bought in an auction zone for a period, by licensee."""
    found: dict[str, list[Known[Allocation]]] = {}
    for version in entitlements.allocations_of_zone(connection, zone, start_ms):
        found.setdefault(version.record.licensee, []).append(known(version))
    return found


def known(version: Version[R]) -> Known[R]:
    return Known(version.record, version.id)


def allowance_of(
    view: View, holder: Holder, bought: Sequence[Known[Allocation]], start_ms: int
) -> Allowance:
    end_ms = start_ms + view.market.period_ms
    generates = any(view.generation_meters_between(site, start_ms, end_ms) for site in holder.sites)
    return allowance(
        bought, prescribed(view).tolerances, holder.zone, start_ms, generates=generates
    )


def _all(view: View, kind: type[R]) -> list[Known[R]]:
    return [Known(record, view.version_of(record) or 0) for record in view.all(kind).values()]


def _holders(view: View) -> list[Holder]:
    sites: dict[tuple[str, str], list[str]] = {}
    for site in view.all(Site).values():
        sites.setdefault((site.licensee, view.auction_zone(site.zone)), []).append(site.name)
    return [Holder(*key, tuple(names)) for key, names in sorted(sites.items())]
