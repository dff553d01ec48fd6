"""Whether gateways and meters, with all that their word rests on, fit together."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import ceil

from collector.evidence.keys import PublicKey
from collector.model.records import (
    Gateway,
    Market,
    Meter,
    Policy,
    RatioCorrection,
    Seal,
    Site,
    TcpBus,
    Verification,
)
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.references.faults import Fault, Problem, backwards, missing, overlapping
from collector.registry.view import View


def gateway(view: View, record: Gateway) -> Iterator[Fault]:
    yield from missing(view, Site, record.site, "site")
    market = view.all(Market).get("market")
    if market is not None and market.interval_s * 1000 % record.timing.interval_ms:
        yield (
            "timing.interval_ms",
            (
                f"{record.timing.interval_ms} does not divide the market's interval of"
                f" {market.interval_s * 1000}"
            ),
        )
    if (policy := view.all(Policy).get("policy")) is not None:
        for name, text in too_short(policy, record):
            yield f"policy.{name}", text
    for number, key in enumerate(record.keys, 1):
        try:
            public = PublicKey(key.point)
        except ValueError:
            yield "keys", f"x and y of key {number} are not a point of P-256"
            continue
        if number == 1 and public.kid.hex() != record.id:
            yield "id", f"a gateway is named by its first key, {public.kid.hex()}"


def too_short(policy: Policy, gateway: Gateway) -> Iterator[Fault]:
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
                name,
                (
                    f"{given} s is too short for gateway {gateway.id}, which samples every"
                    f" {gateway.timing.sample_ms} ms in frames of {gateway.timing.frame_ms} ms;"
                    f" give at least {ceil(least_s)}"
                ),
            )


def meter(view: View, record: Meter) -> Iterator[Fault]:
    yield from missing(view, Site, record.site, "site")
    yield from missing(view, Gateway, record.gateway, "gateway")
    gateway, site = view.all(Gateway).get(record.gateway), view.all(Site).get(record.site)
    if gateway is not None and not 0 <= record.bus < len(gateway.buses):
        yield "bus", f"the gateway has {len(gateway.buses)}, counted from 0; given: {record.bus}"
    if gateway is not None and gateway.site != record.site:
        yield (
            "gateway",
            f"{record.gateway} stands at site {gateway.site!r}, not at {record.site!r}",
        )
    if site is not None and isinstance(record.point, int):
        stages = [stage.id for stage in site.stages]
        if record.point not in stages:
            yield (
                "point",
                (
                    f"'delivery', 'generation', 'floor' or a stage of the site, one of {stages};"
                    f" given: {record.point}"
                ),
            )
    yield from backwards(record)
    try:
        load_profile(record.profile)
    except ProfileError as error:
        yield "profile", str(error)


def verification(view: View, record: Verification) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Meter, record.meter, "meter")


def odd_verification(view: View, record: Verification) -> Iterator[Fault]:
    if record.valid_until is None:
        yield "valid_until", "a verification is for a time; the certificate says until when"
    yield from overlapping(view, record, "meter", "part")


def seal(view: View, record: Seal) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Meter, record.meter, "meter")


def ratio_correction(view: View, record: RatioCorrection) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Meter, record.meter, "meter")
    yield from overlapping(view, record, "meter")


def odd_correction(view: View, record: RatioCorrection) -> Iterator[Fault]:
    known = view.all(Meter).get(record.meter)
    if known is not None and (known.ct, known.vt) == (record.ct, record.vt):
        yield "ct", "the meter's record has these ratios already; nothing is corrected"


def shared_places(view: View) -> Iterator[Problem]:
    """One meter after another may have a slot, and a unit of a bus, as exchanges have it."""
    places: dict[str, list[Meter]] = {}
    for meter in view.all(Meter).values():
        for place in (f"slot {meter.slot} of gateway {meter.gateway}", *_units(view, meter)):
            places.setdefault(place, []).append(meter)
    for place, meters in places.items():
        for one, other in pairwise(sorted(meters, key=lambda meter: meter.valid_from)):
            if one.valid_until is None or one.valid_until > other.valid_from:
                yield Problem(
                    Meter.kind,
                    other.serial,
                    "slot" if place.startswith("slot") else "unit",
                    f"{place} is already that of meter {one.serial}; if it took its place, give"
                    f" {one.serial} a valid_until and {other.serial} a valid_from, not before it",
                )


def _units(view: View, meter: Meter) -> Iterator[str]:
    """The Modbus unit that it is; two buses with one TCP address are one."""
    gateway = view.all(Gateway).get(meter.gateway)
    if gateway is not None and 0 <= meter.bus < len(gateway.buses):
        bus = gateway.buses[meter.bus]
        place = f"{bus.host}:{bus.port}" if isinstance(bus, TcpBus) else f"bus {meter.bus}"
        yield f"unit {meter.unit} at {place} of gateway {meter.gateway}"
