"""The return slots of a zone's stages, by what the register says that they can draw."""

from collections.abc import Mapping

from sqlalchemy import Connection

from collector.evidence.cose import MAX_CONFIGURATION, ContentType, parse
from collector.model.records import DeliveryPoint, Site, Stage, ZoneRamp
from collector.model.return_slots import Slots, lay
from collector.registry.offers import message_of, newest_issued
from collector.registry.view import View


def return_slots(view: View, zone: str, at_ms: int) -> Slots | None:
    """By site and stage, of all in the zone; None where no `return_w_per_min` asks for them."""
    rule = next((each for each in view.holding(ZoneRamp, at_ms) if each.zone == zone), None)
    if rule is None or rule.by_itself_w_per_min is None:
        return None
    most_w = rule.by_itself_w_per_min
    sites = sorted((s for s in view.all(Site).values() if s.zone == zone), key=lambda s: s.name)
    drawn_w = _drawn_w(view, at_ms)
    loads_w = {
        (site.name, stage.id): _most_w(drawn_w, site, stage) or most_w
        for site in sites
        for stage in sorted(site.stages, key=lambda stage: stage.id)
    }
    return lay(loads_w, most_w)


def held_otherwise(connection: Connection, view: View, zone: str, at_ms: int) -> list[str]:
    """Gateways of the zone whose newest configuration has other slots than are laid out now."""
    slots, newest = return_slots(view, zone, at_ms), newest_issued(connection)
    found = []
    for site in view.all(Site).values():
        version = newest.get(site.gateway)
        if site.zone != zone or version is None:
            continue
        message = message_of(connection, version)
        body = parse(message, ContentType.CONFIGURATION, MAX_CONFIGURATION).payload
        held = {stage[0]: stage.get(10) for stage in body[9]}
        if held != {stage.id: slot_of(slots, site, stage) for stage in site.stages}:
            found.append(site.gateway)
    return found


def slot_of(slots: Slots | None, site: Site, stage: Stage) -> list[int] | None:
    """Field 10 of a `stage` of docs/wire-format.cddl; None: it has none."""
    return None if slots is None else [slots.cycle_ms, slots.offsets_ms[site.name, stage.id]]


def _drawn_w(view: View, at_ms: int) -> dict[str, int]:
    """All that a site may draw, by its name."""
    points = {point.name: point for point in view.holding(DeliveryPoint, at_ms)}
    drawn_w: dict[str, int] = {}
    for point in points.values():
        most_w = min(point.capacity_w, point.contracted_w)
        drawn_w[point.site] = drawn_w.get(point.site, 0) + most_w
    return drawn_w


def _most_w(drawn_w: Mapping[str, int], site: Site, stage: Stage) -> int | None:
    """The most that a stage draws: what is rated, else all that its site may.

    None: nobody knows, as of a stage that opens a line.
    """
    if stage.rated_w is not None:
        return stage.rated_w
    return None if stage.feeder is not None else drawn_w.get(site.name)
