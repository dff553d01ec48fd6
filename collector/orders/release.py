"""When a cut may end before its hold runs out."""

from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import meters
from collector.checks.allocation import Holder
from collector.checks.licence import is_licensed
from collector.checks.runner import allowed_wh
from collector.model.energy import energy_in
from collector.model.order import Step
from collector.model.records import OrderReason, Site
from collector.orders.store import Order
from collector.registry.view import View
from collector.series.store import SeriesStore


def is_due(
    connection: Connection, view: View, series: SeriesStore, order: Order, now_ms: int
) -> bool:
    if order.terms.reason is OrderReason.OVER_ALLOCATION:
        return _allocation_permits(connection, view, series, order, now_ms)
    if order.terms.reason is OrderReason.LICENCE:
        return is_licensed(view.licences_of(order.terms.site), now_ms)
    return False


def _allocation_permits(
    connection: Connection, view: View, series: SeriesStore, order: Order, now_ms: int
) -> bool:
    """Whether the load may return, with margin, in this period and the next.

    A cut holds at least to the end of the period in which it was verified.
    """
    site = view.one(Site, order.terms.site)
    holder = Holder(
        site.licensee,
        site.zone,
        tuple(entry.name for entry in view.sites_of(site.licensee, site.zone)),
    )
    start_ms = view.market.period_start(now_ms)
    if start_ms <= view.market.period_start(order.steps[Step.VERIFIED].at_ms):
        return False
    metered = [meter for name in holder.sites for meter in view.delivery_meters(name)]
    draw = meters.draw(connection, view, series, metered, start_ms, now_ms)
    returning_w = order.steps[Step.VERIFIED].details.get("stage_before_w")
    if draw is None or returning_w is None:
        return False
    load_w = draw.power_w + Fraction(returning_w)
    end_ms = start_ms + view.market.period_ms
    left_wh = allowed_wh(view, holder, start_ms) - draw.used_wh
    margin = Fraction(view.policy.return_margin_permille, 1000)
    needed_wh = energy_in(load_w, end_ms - draw.at_ms) * margin
    next_wh = energy_in(load_w, view.market.period_ms) * margin
    return left_wh >= needed_wh and allowed_wh(view, holder, end_ms) >= next_wh
