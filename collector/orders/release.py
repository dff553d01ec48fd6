"""When a cut may end before its hold runs out."""

from collections.abc import Iterable
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import meters
from collector.checks.closing import allowed_wh
from collector.checks.licence import site_standing
from collector.checks.prescribed import holder_of
from collector.model.energy import energy_in
from collector.model.order import Step
from collector.model.records import OrderReason, Site
from collector.orders.store import Order
from collector.registry.view import View
from collector.series.store import SeriesStore

_HOLDING = {Step.ISSUED, Step.RECEIVED, Step.APPLIED, Step.VERIFIED}


def is_due(
    connection: Connection,
    view: View,
    series: SeriesStore,
    order: Order,
    orders: Iterable[Order],
    now_ms: int,
) -> bool:
    """Whether a verified order may be released; `orders` are all there are."""
    if order.terms.reason is OrderReason.OVER_ALLOCATION:
        if any(_is_returning(view, order, other, now_ms) for other in orders):
            return False  # the load on its way back is not in the figures yet
        return _allocation_permits(connection, view, series, order, now_ms)
    if order.terms.reason is OrderReason.LICENCE:
        return not site_standing(view, order.terms.site, now_ms).calls_for_cut
    return False


def own_stages(order: Order, orders: Iterable[Order], now_ms: int) -> tuple[int, ...]:
    """The stages that no other order may hold open: only these may close."""
    held = {
        stage
        for other in orders
        if other.id != order.id and other.terms.site == order.terms.site
        if other.step in _HOLDING or (other.step is Step.FAILED and other.may_hold(now_ms))
        for stage in other.terms.stages
    }
    return tuple(stage for stage in order.terms.stages if stage not in held)


def _is_returning(view: View, order: Order, other: Order, now_ms: int) -> bool:
    """Whether another load of the same holder is closing, or closed a short while ago."""
    holders = [
        (each.terms.licensee, view.auction_zone(view.one(Site, each.terms.site).zone))
        for each in (order, other)
    ]
    if other.id == order.id or holders[0] != holders[1]:
        return False
    if other.step is Step.RESTORED:
        settled_ms = view.policy.verify_timeout_s * 1000
        return now_ms < other.steps[Step.RESTORED].recorded_ms + settled_ms
    return other.step is Step.RELEASED


def _allocation_permits(
    connection: Connection, view: View, series: SeriesStore, order: Order, now_ms: int
) -> bool:
    """Whether the load may return, with margin, in this period and the next.

    A cut holds at least to the end of the period in which it was verified.
    """
    site = view.one(Site, order.terms.site)
    holder = holder_of(view, site)
    start_ms = view.market.period_start(now_ms)
    if start_ms <= view.market.period_start(order.steps[Step.VERIFIED].at_ms):
        return False
    metered = [meter for name in holder.sites for meter in view.delivery_meters(name, now_ms)]
    draw = meters.draw(connection, view, series, metered, start_ms, now_ms)
    returning_w = order.steps[Step.VERIFIED].details.get("stage_before_w")
    if draw is None or returning_w is None:
        return False
    load_w = draw.power_w + Fraction(returning_w)
    end_ms = start_ms + view.market.period_ms
    left_wh = allowed_wh(connection, view, holder, start_ms) - draw.used_wh
    margin = Fraction(view.policy.return_margin_permille, 1000)
    needed_wh = energy_in(load_w, end_ms - draw.at_ms) * margin
    next_wh = energy_in(load_w, view.market.period_ms) * margin
    next_allowed_wh = allowed_wh(connection, view, holder, end_ms)
    return left_wh >= needed_wh and next_allowed_wh >= next_wh
