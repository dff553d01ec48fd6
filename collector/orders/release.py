"""When a cut may end before its hold runs out."""

from collections.abc import Iterable
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import meters
from collector.checks.closing import allowed_wh
from collector.checks.licence import site_standing
from collector.checks.now import is_permitted
from collector.checks.prescribed import holder_of
from collector.model.energy import energy_in
from collector.model.order import Step
from collector.model.records import OrderReason, Site
from collector.orders import rest, rules
from collector.orders.order import Order, Part
from collector.registry.view import View
from collector.series.store import SeriesStore


def is_due(
    connection: Connection,
    view: View,
    series: SeriesStore,
    order: Order,
    part: Part,
    orders: Iterable[Order],
    now_ms: int,
) -> bool:
    """Whether a verified part of a rule's order may be released; `orders` are all there are.

    What a person ordered, a person releases, or its end.
    """
    if rules.is_renewal(order):
        return rules.void(connection, view, order, part, now_ms) is not None
    if not order.terms.is_automatic:
        return False
    if order.terms.reason is OrderReason.OVER_ALLOCATION:
        if any(_is_returning(view, part, other, now_ms) for other in _others(order, orders)):
            return False  # the load on its way back is not in the figures yet
        return _may_move(connection, view, part, now_ms) and _allocation_permits(
            connection, view, series, part, now_ms
        )
    if order.terms.reason is OrderReason.PERMITTED_HOURS:
        site = view.one(Site, part.cut.site)
        return is_permitted(connection, view, site, now_ms) and _may_move(
            connection, view, part, now_ms
        )
    if order.terms.reason is OrderReason.PEAK:
        return rules.is_off_calendar(view, order, part)
    if order.terms.reason is OrderReason.LICENCE:
        return not site_standing(view, part.cut.site, now_ms).calls_for_cut
    return False


def _others(order: Order, orders: Iterable[Order]) -> Iterable[Part]:
    return (part for other in orders if other.id != order.id for part in other.parts)


def _may_move(connection: Connection, view: View, part: Part, now_ms: int) -> bool:
    """Whether the hour's operations leave one for the return."""
    most = view.policy.max_operations
    return all(
        rest.operations(connection, view, part.cut.gateway, stage, now_ms) < most
        for stage in part.cut.stages
    )


def _is_returning(view: View, part: Part, other: Part, now_ms: int) -> bool:
    """Whether another load of the same holder is closing, or closed a short while ago."""
    holders = [
        (each.cut.licensee, view.auction_zone(view.one(Site, each.cut.site).zone))
        for each in (part, other)
    ]
    if holders[0] != holders[1]:
        return False
    if other.step is Step.RESTORED:
        settled_ms = view.policy.verify_timeout_s * 1000
        return now_ms < other.steps[Step.RESTORED].recorded_ms + settled_ms
    return other.step is Step.RELEASED


def _allocation_permits(
    connection: Connection, view: View, series: SeriesStore, part: Part, now_ms: int
) -> bool:
    """Whether the load may return, with margin, in this delivery hour and the next.

    Without that a cut holds to the end of the hour, and on.
    """
    site = view.one(Site, part.cut.site)
    holder = holder_of(view, site)
    start_ms = view.market.period_start(now_ms)
    metered = [meter for name in holder.sites for meter in view.delivery_meters(name, now_ms)]
    draw = meters.draw(connection, view, series, metered, start_ms, now_ms)
    if draw is None or part.measured is None:
        return False
    load_w = draw.power_w + Fraction(part.measured.details["stage_before_w"])
    end_ms = start_ms + view.market.period_ms
    left_wh = allowed_wh(connection, view, holder, start_ms) - draw.used_wh
    margin = Fraction(view.policy.return_margin_permille, 1000)
    needed_wh = energy_in(load_w, end_ms - draw.at_ms) * margin
    next_wh = energy_in(load_w, view.market.period_ms) * margin
    next_allowed_wh = allowed_wh(connection, view, holder, end_ms)
    return left_wh >= needed_wh and next_allowed_wh >= next_wh
