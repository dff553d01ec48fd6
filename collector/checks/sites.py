"""What is judged of a site now: whose its meters are, and power that flows out."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import meters, turns
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.scene import Scene
from collector.ledger import identities
from collector.model.limits import starting_power_w
from collector.model.records import Site
from collector.registry.profiles import load_profile


def judge_identities(
    scene: Scene, connection: Connection, those: Sequence[Site]
) -> Iterator[Finding]:
    """Whether the instruments that answer now are the meters of the register."""
    hung = [meter for site in those for meter in scene.view.meters_of(site.name, scene.now_ms)]
    doubted = identities.ever_foreign(connection, [meter.serial for meter in hung])
    for meter in hung:
        if meter.serial in doubted:
            yield from turns.judge_identity(connection, meter, scene.now_ms)


def judge_export(_: Connection, scene: Scene, site: Site) -> Iterator[Finding]:
    """A miner consumes: at a delivery point that feeds, neither licence nor energy can be judged.
    One with generation of its own may feed what it does not consume.

    One of a meter and delivery period; one period after the other is one finding.
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
