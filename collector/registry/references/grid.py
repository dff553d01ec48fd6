"""Whether zones, feeders, sites and delivery points fit together."""

from collections.abc import Iterator
from decimal import Decimal

from collector.model.records import (
    DataCentre,
    DeliveryPoint,
    Feeder,
    Gateway,
    Licensee,
    LossFactor,
    Meter,
    Site,
    Tenancy,
    Zone,
    ZoneRamp,
)
from collector.registry.references import equipment
from collector.registry.references.faults import (
    Fault,
    at_once,
    backwards,
    having,
    missing,
    overlapping,
    twice,
)
from collector.registry.view import View


def zone(view: View, record: Zone) -> Iterator[Fault]:
    sold = view.all(Zone).get(record.auction)
    if sold is not None and sold.auction != sold.name:
        yield "auction", f"zone {sold.name!r} is itself sold in {sold.auction!r}; give that"


def auction_zone(view: View, name: str, field: str = "zone") -> Iterator[Fault]:
    if name not in view.auction_zones:
        known = ", ".join(sorted(view.auction_zones)) or "none"
        yield field, f"there is no auction zone {name!r}; those of zones and sites are: {known}"


def feeder(view: View, record: Feeder) -> Iterator[Fault]:
    yield from backwards(record)
    yield from twice("meters", "meter", record.meters)
    for serial in record.meters:
        yield from missing(view, Meter, serial, "meters")
    if record.parent is not None:
        yield from missing(view, Feeder, record.parent, "parent")
        yield from _circle(view, record)
        parent = view.all(Feeder).get(record.parent)
        if parent is not None and parent.zone != record.zone:
            yield "parent", f"{parent.name!r} is in zone {parent.zone!r}, not in {record.zone!r}"
    for other in view.all(Feeder).values():
        shared = sorted(set(record.meters) & set(other.meters))
        if shared and other.name != record.name and at_once(record, other):
            yield "meters", f"{shared[0]} stands at the head of feeder {other.name!r} already"


def _circle(view: View, record: Feeder) -> Iterator[Fault]:
    feeders = view.all(Feeder)
    way, at = [record.name], record.parent
    while at is not None and at in feeders:
        way.append(at)
        if at == record.name:
            yield "parent", f"a feeder cannot feed itself: {' < '.join(way)}"
        if way.count(at) > 1:
            return
        at = feeders[at].parent


def site(view: View, record: Site) -> Iterator[Fault]:
    yield from missing(view, Licensee, record.licensee, "licensee")
    yield from missing(view, Gateway, record.gateway, "gateway")
    yield from twice("stages", "the id", (stage.id for stage in record.stages))
    yield from twice(
        "stages", "the output", (number for stage in record.stages for number in stage.outputs)
    )
    yield from equipment.of_site(view, record)
    for stage in record.stages:
        if stage.feeder is not None:
            yield from missing(view, Feeder, stage.feeder, "stages")
    if record.feeder is not None:
        yield from missing(view, Feeder, record.feeder, "feeder")
        line = view.all(Feeder).get(record.feeder)
        if line is not None and line.zone != record.zone:
            yield "feeder", f"{line.name!r} is in zone {line.zone!r}, not in {record.zone!r}"
    yield from _kept_stages(view, record)


def _kept_stages(view: View, record: Site) -> Iterator[Fault]:
    """What is still said of a stage elsewhere must not lose it."""
    stages = {stage.id for stage in record.stages}
    for meter in having(view, Meter, site=record.name, valid_until=None):
        if isinstance(meter.point, int) and meter.point not in stages:
            yield "stages", f"meter {meter.serial} measures stage {meter.point}; keep it"
    for centre in having(view, DataCentre, site=record.name):
        for tenancy in having(view, Tenancy, data_centre=centre.name, valid_until=None):
            if lost := sorted(set(tenancy.stages) - stages):
                yield "stages", f"tenancy {tenancy.key} has the stages {lost}; keep them"


def odd_site(view: View, record: Site) -> Iterator[Fault]:
    yield from undescribed_zone(view, record)
    yield from equipment.odd_of_site(view, record)


def undescribed_zone(view: View, record: Site | Feeder) -> Iterator[Fault]:
    """Where zones are described at all, one that is not may be a slip of the pen."""
    if view.all(Zone):
        yield from missing(view, Zone, record.zone, "zone")


def zone_ramp(view: View, record: ZoneRamp) -> Iterator[Fault]:
    yield from backwards(record)
    if record.zone not in view.zones:
        yield from missing(view, Zone, record.zone, "zone")
    yield from overlapping(view, record, "zone")


def delivery_point(view: View, record: DeliveryPoint) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Site, record.site, "site")
    if record.contracted_w > record.capacity_w:
        yield (
            "contracted_w",
            (
                f"at most the connection's capacity of {record.capacity_w} W can be contracted;"
                f" given: {record.contracted_w}"
            ),
        )
    yield from overlapping(view, record, "name")


def loss_factor(view: View, record: LossFactor) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Meter, record.meter, "meter")
    yield from overlapping(view, record, "meter")


def odd_loss_factor(_view: View, record: LossFactor) -> Iterator[Fault]:
    for field in ("transformer", "line"):
        factor = getattr(record, field)
        if not Decimal("0.8") <= factor <= Decimal("1.2"):
            yield field, f"{factor} changes energy by more than a fifth; compare it with the act"
