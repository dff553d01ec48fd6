"""What each site may draw, period by period: what its licensee may, split as he nominated."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import ceil, floor

from sqlalchemy import Connection

from collector.checks.allocation import Holder
from collector.checks.allowance import in_force
from collector.checks.prescribed import allowance_of, holders, known_allocations, prescribed
from collector.evidence.schedule import MAX_UINT32, Limit
from collector.model.energy import mwh_to_wh
from collector.model.records import Site
from collector.registry import entitlements
from collector.registry.view import View

_HOUR_MS = 3_600_000


def shares(
    allowed_wh: Fraction, nominated_wh: Mapping[str, Fraction], weights: Mapping[str, int]
) -> dict[str, int]:
    """What a licensee may draw, split over his sites, in whole Wh: together never more.

    `weights` has every site. One that was nominated has what was, or its share of all where that
    is more than is allowed; what is left belongs to the others by their weights, and where there is
    no other, to all as they were nominated.
    """
    named_wh = sum(nominated_wh.values(), Fraction(0))
    others = {site: weight for site, weight in weights.items() if site not in nominated_wh}
    if not named_wh:
        given = _by_weight(allowed_wh, others or weights)
    elif named_wh >= allowed_wh or not others:
        given = {site: allowed_wh * part / named_wh for site, part in nominated_wh.items()}
    else:
        given = dict(nominated_wh) | _by_weight(allowed_wh - named_wh, others)
    return {site: floor(given.get(site, Fraction(0))) for site in weights}


def _by_weight(energy_wh: Fraction, weights: Mapping[str, int]) -> dict[str, Fraction]:
    whole = sum(weights.values())
    if not whole:
        return {site: energy_wh / len(weights) for site in weights}
    return {site: energy_wh * weight / whole for site, weight in weights.items()}


def contracted_w(view: View, site: str, at_ms: int) -> int | None:
    """The power that a site may draw at all; None: the register names no delivery point."""
    known = prescribed(view).points.get(site, [])
    by_name = {
        point.record.name: min(point.record.capacity_w, point.record.contracted_w)
        for point in known
        if point.record.holds_at(at_ms)
    }
    return sum(by_name.values()) if by_name else None


def limits(
    connection: Connection, view: View, first_ms: int, periods: int, margin_permille: int
) -> dict[str, tuple[Limit | None, ...]]:
    """By site, of each of so many periods; None where nothing is known of one in its zone yet.

    Without a delivery point its power is `margin_permille` / 1000 of the energy's average.
    """
    found: dict[str, list[Limit | None]] = {site: [] for site in view.all(Site)}
    for number in range(periods):
        start_ms = first_ms + number * view.market.period_ms
        energies = _energies(connection, view, start_ms)
        for site, listed in found.items():
            energy_wh = energies.get(site)
            if energy_wh is None:
                listed.append(None)
                continue
            power_w = contracted_w(view, site, start_ms)
            if power_w is None:
                average_w = Fraction(energy_wh * _HOUR_MS, view.market.period_ms)
                power_w = ceil(average_w * margin_permille / 1000)
            listed.append(Limit(min(energy_wh, MAX_UINT32), min(power_w, MAX_UINT32)))
    return {site: tuple(listed) for site, listed in found.items()}


def _energies(connection: Connection, view: View, start_ms: int) -> dict[str, int]:
    """Wh at the meters of each site, where something is known of the period in its zone."""
    nominated = {
        version.record.site: mwh_to_wh(version.record.energy_mwh)
        for version in entitlements.nominations(connection, view.all(Site), start_ms)
    }
    found: dict[str, int] = {}
    for zone in view.auction_zones:
        bought = known_allocations(connection, zone, start_ms)
        if not bought and entitlements.quota(connection, zone, start_ms) is None:
            continue
        for holder in holders(view):
            if holder.zone != zone:
                continue
            allowed = allowance_of(view, holder, bought.get(holder.licensee, []), start_ms)
            found |= dict(_split(view, holder, allowed.limit_wh, nominated, start_ms))
    return found


def _split(
    view: View,
    holder: Holder,
    allowed_wh: Fraction,
    nominated: Mapping[str, Fraction],
    start_ms: int,
) -> Iterator[tuple[str, int]]:
    named = {site: nominated[site] for site in holder.sites if site in nominated}
    weights = {site: contracted_w(view, site, start_ms) or 0 for site in holder.sites}
    for site, energy_wh in shares(allowed_wh, named, weights).items():
        yield site, floor(energy_wh / _loss_factor(view, site, start_ms))


def _loss_factor(view: View, site: str, at_ms: int) -> Fraction:
    """The greatest of its delivery meters, since it cannot be known which of them will count."""
    factors = [Fraction(1)]
    for meter in view.delivery_meters(site, at_ms):
        known = in_force(prescribed(view).factors.get(meter.serial, []), at_ms)
        if known is not None:
            factors.append(Fraction(known.record.transformer) * Fraction(known.record.line))
    return max(factors)
