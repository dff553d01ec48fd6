"""What is judged of a site now: its load against its licence, and whether it is read at all."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import meters, turns
from collector.checks.findings import Code, Finding
from collector.checks.licence import is_licensed, last_end
from collector.checks.scene import Scene
from collector.ledger import identities
from collector.ledger.followers import followed_until
from collector.model.limits import starting_power_w
from collector.model.records import Site
from collector.registry.profiles import load_profile
from collector.series.follower import SeriesFollower


def judge_identities(
    scene: Scene, connection: Connection, those: Sequence[Site]
) -> Iterator[Finding]:
    """Whether the instruments that answer now are the meters of the register."""
    hung = [meter for site in those for meter in scene.view.meters_of(site.name, scene.now_ms)]
    doubted = identities.ever_foreign(connection, [meter.serial for meter in hung])
    for meter in hung:
        if meter.serial in doubted:
            yield from turns.judge_identity(connection, meter, scene.now_ms)


def judge_licence(_: Connection, scene: Scene, site: Site) -> Iterator[Finding]:
    """Only what comes over the boundary counts: a load may be fed past the meters of stages."""
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    licences = view.licences_of(site.name)
    if is_licensed(licences, now_ms):
        return
    power_w = meters.power_w(view, series, view.delivery_meters(site.name, now_ms), now_ms)
    if power_w is None or power_w <= site.auxiliary_w:
        return
    ended_ms = last_end(licences, now_ms)
    details = {
        "site": site.name,
        "licences": [licence.number for licence in licences],
        "ended_ms": ended_ms,
        "power_w": str(round(power_w)),
        "auxiliary_w": site.auxiliary_w,
    }
    yield Finding(Code.UNLICENSED_LOAD, site.name, ended_ms or 0, now_ms, details)


def judge_export(_: Connection, scene: Scene, site: Site) -> Iterator[Finding]:
    """A miner consumes: at a delivery point that feeds, neither licence nor energy can be judged.
    One with generation of its own may feed what it does not consume.

    One finding for a meter and delivery period.
    """
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    if view.generation_meters_between(site.name, now_ms, now_ms + 1):
        return
    for meter in view.delivery_meters(site.name, now_ms):
        point = meters.fresh(view, series, meter, now_ms)
        vt = Fraction(*meter.vt)
        least_w = starting_power_w(load_profile(meter.profile), meter.ct, vt)
        if point is None or point.values[meters.POWER] >= -least_w:
            continue
        details = {
            "site": site.name,
            "meter": meter.serial,
            "power_w": str(round(point.values[meters.POWER])),
        }
        first_ms = view.market.period_start(now_ms)
        yield Finding(Code.EXPORT, meter.serial, first_ms, now_ms, details)


def judge_silence(connection: Connection, scene: Scene, site: Site) -> Iterator[Finding]:
    """A site that has been read, and whose load is not known for longer than `late_s`."""
    view, series, now_ms = scene.view, scene.series, scene.now_ms
    delivery = view.delivery_meters(site.name, now_ms)
    old = [meter for meter in delivery if meters.fresh(view, series, meter, now_ms) is None]
    if not old:
        return
    by_ms = now_ms + meters.AHEAD_MS
    hung = view.meters_of(site.name, now_ms)
    if all(series.last_power(meter.serial, by_ms) is None for meter in hung):
        return
    known_ms = followed_until(connection, SeriesFollower.name, now_ms)
    late_ms = int(view.policy.late_s * 1000)
    silent: dict[str, int] = {}
    for meter in old:
        last = series.last_power(meter.serial, by_ms)
        last_ms = 0 if last is None else last.at_ms
        if known_ms > max(last_ms, scene.began_ms) + late_ms:
            silent[meter.serial] = last_ms
    if not silent:
        return
    first_ms = min(silent.values())
    details = {"site": site.name, "meters": sorted(silent), "last_ms": first_ms}
    yield Finding(Code.UNREAD, site.name, first_ms, now_ms, details)
