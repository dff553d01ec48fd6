"""One signed message on a zone's topic, where an order is all there is in the zone, off."""

from collections.abc import Sequence

from collector.model.order import Step
from collector.model.records import Site
from collector.orders import claims, notices, opened, rest, rules
from collector.orders.fleet import Fleet, Loads
from collector.orders.order import Order, Part
from collector.orders.sending import Sender
from collector.registry.view import View


def issue(
    sender: Sender, fleet: Fleet, order: Order, orders: Sequence[Order]
) -> tuple[Order, set[int]]:
    """Issue the parts of each zone that one message says it all for, and return their numbers.

    `orders`: those that may be at its gateways.
    """
    zones: dict[str, list[Part]] = {}
    told: set[int] = set()
    for part in order.parts:
        site = sender.view.all(Site).get(part.cut.site)
        if site is not None:
            zones.setdefault(site.zone, []).append(part)
    for zone, parts in zones.items():
        is_waiting = all(part.step is Step.NOTIFIED for part in parts)
        if len(parts) < 2 or not is_waiting or not _is_all(sender.view, zone, parts):
            continue
        ends = {_end_ms(sender, order, part, orders) for part in parts}
        end_ms = ends.pop()
        if ends or end_ms is None:
            continue  # not ready, or not at one time
        loads = [_loads_w(sender, fleet, part, orders) for part in parts]
        if fleet.may_shed_at_once(order, zone, parts, loads, end_ms):
            said = {
                part.number: fleet.said(part.cut.site, of_it, part.cut.stages)
                for part, of_it in zip(parts, loads, strict=True)
            }
            order = sender.issue_to_zone(order, zone, said, end_ms)
            told |= {*said}
    return order, told


def _loads_w(sender: Sender, fleet: Fleet, part: Part, orders: Sequence[Order]) -> Loads:
    cut, connection = part.cut, sender.connection
    if not fleet.is_bound(cut.site):
        return {}
    here = claims.look(connection, sender.view, cut.gateway, orders, sender.now_ms)
    moves = opened.moving(connection, cut, cut.stages, here)
    return opened.loads_w(connection, fleet, cut, moves)


def _is_all(view: View, zone: str, parts: Sequence[Part]) -> bool:
    """Whether they are every stage of every gateway of the zone, and none is a line's.

    The message names no stages: each gateway opens all that it has.
    """
    ordered = {part.cut.site: {*part.cut.stages} for part in parts}
    there = {
        site.name: {stage.id for stage in site.stages}
        for site in view.all(Site).values()
        if site.zone == zone and site.stages
    }
    has_lines = any(
        stage.feeder is not None for part in parts for stage in view.one(Site, part.cut.site).stages
    )
    return ordered == there and not has_lines


def _end_ms(sender: Sender, order: Order, part: Part, orders: Sequence[Order]) -> int | None:
    """When a part ends that may be issued now, and wholly; None: it may not."""
    view, connection, now_ms = sender.view, sender.connection, sender.now_ms
    in_force_ms = notices.in_force_ms(order, part)
    if in_force_ms is None or now_ms < in_force_ms:
        return None
    if rules.void(connection, view, order, part, now_ms) is not None:
        return None
    here = claims.look(connection, view, part.cut.gateway, orders, now_ms)
    if here.superseded_by(order, part) is not None:
        return None
    if here.owned(order, part) != part.cut.stages:
        return None
    opens_ms = rest.opens_ms(
        connection, view, part.cut.site, part.cut.stages, order.terms.reason, now_ms
    )
    end_ms = claims.end_ms(view, order, part, now_ms)
    return end_ms if opens_ms <= now_ms < end_ms else None
