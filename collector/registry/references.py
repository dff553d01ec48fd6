"""Whether the records of the register fit together."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Any

from collector.evidence.keys import PublicKey
from collector.model.records import (
    Allocation,
    Gateway,
    Licence,
    Licensee,
    Market,
    Meter,
    Nomination,
    Policy,
    Quota,
    Record,
    Site,
    TcpBus,
    Zone,
)
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.view import View


def problems(view: View, records: Iterable[Record]) -> list[str]:
    """What of `records` does not fit the register `view`, which holds them already.

    Each says which record, what is wrong, and what would be right.
    """
    found: list[str] = []
    for record in records:
        judge = _JUDGES.get(record.kind)
        if judge is not None:
            found += [f"  {record.kind} {record.key}: {text}" for text in judge(view, record)]
    return found + [f"  {text}" for text in _shared_places(view)]


def _missing(view: View, kind: type[Record], key: str, field: str) -> Iterator[str]:
    if key not in view.all(kind):
        known = ", ".join(sorted(view.all(kind))[:10]) or "none"
        yield f"{field}: there is no {kind.kind} {key!r}; the register has: {known}"


def _market(_view: View, market: Market) -> Iterator[str]:
    if market.period_s % market.interval_s:
        yield f"interval_s: a period of {market.period_s} s is no multiple of {market.interval_s} s"


def _policy(view: View, policy: Policy) -> Iterator[str]:
    for gateway in view.all(Gateway).values():
        yield from _too_short(policy, gateway)


def _too_short(policy: Policy, gateway: Gateway) -> Iterator[str]:
    """Whether the windows of a drop's verification hold the samples that they must.

    One sample more than needed, for one that is lost; after the contact they come with the frame
    they are in, and with the next.
    """
    samples_s = (policy.min_samples + 1) * Fraction(gateway.timing.sample_ms, 1000)
    needed = {
        "before_window_s": samples_s,
        "verify_timeout_s": samples_s
        + Fraction(policy.settle_s)
        + 2 * Fraction(gateway.timing.frame_ms, 1000),
    }
    for name, least_s in needed.items():
        given = getattr(policy, name)
        if given < least_s:
            yield (
                f"{name}: {given} s is too short for gateway {gateway.id}, which samples every"
                f" {gateway.timing.sample_ms} ms in frames of {gateway.timing.frame_ms} ms;"
                f" give at least {ceil(least_s)}"
            )


def _licence(view: View, licence: Licence) -> Iterator[str]:
    yield from _missing(view, Licensee, licence.licensee, "licensee")
    if licence.valid_from >= licence.valid_until:
        yield "valid_until: it must be after valid_from"
    for name in licence.sites:
        yield from _missing(view, Site, name, "sites")
        site = view.all(Site).get(name)
        if site is not None and site.licensee != licence.licensee:
            yield f"sites: {name!r} is a site of licensee {site.licensee}"


def _site(view: View, site: Site) -> Iterator[str]:
    yield from _missing(view, Licensee, site.licensee, "licensee")
    yield from _missing(view, Gateway, site.gateway, "gateway")
    yield from _twice("stages: the id", (stage.id for stage in site.stages))
    yield from _twice("stages: the output", (stage.output for stage in site.stages))


def _gateway(view: View, gateway: Gateway) -> Iterator[str]:
    yield from _missing(view, Site, gateway.site, "site")
    market = view.all(Market).get("market")
    if market is not None and market.interval_s * 1000 % gateway.timing.interval_ms:
        yield (
            f"timing.interval_ms: {gateway.timing.interval_ms} does not divide the market's"
            f" interval of {market.interval_s * 1000}"
        )
    if (policy := view.all(Policy).get("policy")) is not None:
        yield from (f"policy.{text}" for text in _too_short(policy, gateway))
    for number, key in enumerate(gateway.keys, 1):
        try:
            public = PublicKey(key.point)
        except ValueError:
            yield f"keys: x and y of key {number} are not a point of P-256"
            continue
        if number == 1 and public.kid.hex() != gateway.id:
            yield f"id: a gateway is named by its first key, {public.kid.hex()}"


def _meter(view: View, meter: Meter) -> Iterator[str]:
    yield from _missing(view, Site, meter.site, "site")
    yield from _missing(view, Gateway, meter.gateway, "gateway")
    gateway, site = view.all(Gateway).get(meter.gateway), view.all(Site).get(meter.site)
    if gateway is not None and not 0 <= meter.bus < len(gateway.buses):
        yield f"bus: the gateway has {len(gateway.buses)}, counted from 0; given: {meter.bus}"
    if gateway is not None and gateway.site != meter.site:
        yield f"gateway: {meter.gateway} stands at site {gateway.site!r}, not at {meter.site!r}"
    if site is not None and meter.point not in ("delivery", "generation"):
        stages = [stage.id for stage in site.stages]
        if meter.point not in stages:
            yield (
                "point: 'delivery', 'generation' or a stage of the site, one of"
                f" {stages}; given: {meter.point}"
            )
    if meter.valid_until is not None and meter.valid_from >= meter.valid_until:
        yield "valid_until: it must be after valid_from"
    try:
        load_profile(meter.profile)
    except ProfileError as error:
        yield f"profile: {error}"


def _allocation(view: View, allocation: Allocation) -> Iterator[str]:
    yield from _missing(view, Licensee, allocation.licensee, "licensee")
    yield from _auction(view, allocation.zone)
    yield from _period(view, allocation.start)


def _quota(view: View, quota: Quota) -> Iterator[str]:
    yield from _auction(view, quota.zone)
    yield from _period(view, quota.start)


def _nomination(view: View, nomination: Nomination) -> Iterator[str]:
    yield from _missing(view, Site, nomination.site, "site")
    yield from _period(view, nomination.start)


def _auction(view: View, zone: str) -> Iterator[str]:
    zones = {entry.auction for entry in view.all(Zone).values()}
    zones |= {view.auction_zone(site.zone) for site in view.all(Site).values()}
    if zone not in zones:
        known = ", ".join(sorted(zones)) or "none"
        yield f"zone: there is no auction zone {zone!r}; those of zones and sites are: {known}"


def _period(view: View, start_ms: int) -> Iterator[str]:
    market = view.all(Market).get("market")
    if market is not None and start_ms % market.period_ms:
        yield f"start: no delivery period of {market.period_s} s begins then"


def _twice(what: str, values: Iterable[Hashable]) -> Iterator[str]:
    seen: set[Hashable] = set()
    for value in values:
        if value in seen:
            yield f"{what} {value} stands twice"
        seen.add(value)


def _shared_places(view: View) -> Iterator[str]:
    """One meter after another may have a slot, and a unit of a bus, as exchanges have it."""
    places: dict[str, list[Meter]] = {}
    for meter in view.all(Meter).values():
        for place in (f"slot {meter.slot} of gateway {meter.gateway}", *_units(view, meter)):
            places.setdefault(place, []).append(meter)
    for place, meters in places.items():
        for one, other in pairwise(sorted(meters, key=lambda meter: meter.valid_from)):
            if one.valid_until is None or one.valid_until > other.valid_from:
                yield (
                    f"meter {other.serial}: {place} is already that of"
                    f" meter {one.serial}; if it took its place, give {one.serial} a valid_until"
                    f" and {other.serial} a valid_from, not before it"
                )


def _units(view: View, meter: Meter) -> Iterator[str]:
    """The Modbus unit that it is; two buses with one TCP address are one."""
    gateway = view.all(Gateway).get(meter.gateway)
    if gateway is not None and 0 <= meter.bus < len(gateway.buses):
        bus = gateway.buses[meter.bus]
        place = f"{bus.host}:{bus.port}" if isinstance(bus, TcpBus) else f"bus {meter.bus}"
        yield f"unit {meter.unit} at {place} of gateway {meter.gateway}"


_JUDGES: dict[str, Callable[[View, Any], Iterator[str]]] = {
    Market.kind: _market,
    Policy.kind: _policy,
    Licence.kind: _licence,
    Site.kind: _site,
    Gateway.kind: _gateway,
    Meter.kind: _meter,
    Allocation.kind: _allocation,
    Quota.kind: _quota,
    Nomination.kind: _nomination,
}
