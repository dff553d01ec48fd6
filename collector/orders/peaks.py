"""Orders for the windows of the calendars of peaks: ahead of them, and ended with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collector.checks import meters, peaks
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.model.order import Step
from collector.model.records import Authority, OrderReason, PeakCalendar, Site
from collector.orders import store
from collector.orders.drafting import DraftError, setpoint_cut
from collector.orders.order import Cut, Order, Terms
from collector.orders.permit.permits import contracted_w
from collector.orders.rules import PEAK, RULES, is_ended_by_person, lack
from collector.registry.view import View
from collector.series.store import SeriesStore

_RETRIED = (Step.FAILED, Step.REJECTED, Step.EXPIRED, Step.CANCELLED)


@dataclass(frozen=True)
class _Asked:
    """A site in a window; an authority may need several cuts, one after the other."""

    site: Site
    calendar: PeakCalendar
    from_ms: int
    until_ms: int

    @property
    def name(self) -> dict[str, object]:
        subject = f"{self.calendar.name}/{self.site.name}"
        return {"code": PEAK, "subject": subject, "first_ms": self.from_ms}


def wanted(connection: Connection, view: View, orders: Sequence[Order], now_ms: int) -> list[Terms]:
    """The orders for windows that are near, or running, and have none."""
    return [
        terms
        for asked, authority in _due(view, now_ms)
        if not _is_answered(connection, view, asked, orders, now_ms)
        if (terms := _terms(view, asked, authority, now_ms)) is not None
    ]


def unauthorised(view: View, series: SeriesStore, now_ms: int) -> Iterator[tuple[Finding, str]]:
    """What is drawn in a window that should not be, where no order can follow; and what lacks."""
    for site in view.all(Site).values():
        for calendar in peaks.calendars(view, site):
            for from_ms, until_ms in peaks.windows(calendar, now_ms, now_ms + 1):
                asked = _Asked(site, calendar, from_ms, until_ms)
                if view.authority_for(OrderReason.PEAK, now_ms) is None:
                    lacking = lack(view, OrderReason.PEAK, now_ms)
                elif (why := _hindrance(view, asked, now_ms)) is not None:
                    lacking = why
                else:
                    continue
                if _draws_more(view, series, asked, now_ms):
                    subject = f"{calendar.name}/{site.name}"
                    details = {"site": site.name}
                    yield Finding(Code.UNAUTHORISED, subject, from_ms, now_ms, details), lacking


def _due(view: View, now_ms: int) -> Iterator[tuple[_Asked, Authority]]:
    """Each window from so long before it as notice and preparation take."""
    for site in view.all(Site).values():
        for calendar in peaks.calendars(view, site):
            for asked, authority in _pieces(view, site, calendar, now_ms):
                ahead_ms = 1000 * (authority.notice_s + view.policy.peak_ahead_s)
                ends_ms = min(asked.until_ms, authority.valid_until)
                if asked.from_ms - ahead_ms <= now_ms < ends_ms - 1000 * authority.notice_s:
                    yield asked, authority


def _pieces(
    view: View, site: Site, calendar: PeakCalendar, now_ms: int
) -> Iterator[tuple[_Asked, Authority]]:
    """A window, or as much of it at a time as the authority lets a cut last; each takes the
    stages over from the one before.
    """
    naming = [each for each in view.all(Authority).values() if OrderReason.PEAK in each.reasons]
    longest_s = max((each.notice_s for each in naming), default=0) + view.policy.peak_ahead_s
    for start_ms, end_ms in peaks.windows(calendar, now_ms, now_ms + longest_s * 1000 + 1):
        from_ms = start_ms
        while from_ms < end_ms:
            authority = view.authority_for(OrderReason.PEAK, max(from_ms, now_ms))
            if authority is None:
                break
            until_ms = end_ms
            if authority.max_hold_s is not None:
                until_ms = min(end_ms, from_ms + authority.max_hold_s * 1000)
            if now_ms < until_ms:
                yield _Asked(site, calendar, from_ms, until_ms), authority
            over_ms = min(view.policy.handover_s * 1000, (until_ms - from_ms) // 2)
            from_ms = until_ms if until_ms == end_ms else until_ms - over_ms


def _is_answered(
    connection: Connection, view: View, asked: _Asked, orders: Sequence[Order], now_ms: int
) -> bool:
    """A cut that failed is ordered again; what a person ended is not."""
    known = [each for each in orders if each.terms.finding == asked.name]
    known = known or [
        each
        for each in store.load_of(connection, asked.site.gateway, OrderReason.PEAK)
        if each.terms.finding == asked.name
    ]
    retry_ms = 1000 * view.policy.verify_timeout_s
    return any(
        order.step not in _RETRIED
        or any(is_ended_by_person(part) for part in order.parts)
        or now_ms < order.steps[order.step].recorded_ms + retry_ms
        for order in known
    )


def _terms(view: View, asked: _Asked, authority: Authority, now_ms: int) -> Terms | None:
    cut = _cut(view, asked, now_ms)
    if not isinstance(cut, Cut):
        return None
    rule = RULES[OrderReason.PEAK]
    return Terms(
        reason=OrderReason.PEAK,
        cuts=(cut,),
        authority=authority.id,
        document_sha256=authority.document_sha256,
        official=authority.official,
        notice_s=authority.notice_s,
        notice_channel=authority.notice_channel,
        notice_proof=authority.notice_proof,
        hold_s=-(-(asked.until_ms - asked.from_ms) // 1000),
        from_ms=asked.from_ms,
        until_ms=asked.until_ms,
        drafted_by=authority.official,
        why=f"{asked.calendar.title}: {rule.text}",
        reference=asked.calendar.document_sha256,
        rule=rule.name,
        finding=asked.name,
        cap_w=cut.cap_w,
    )


def _hindrance(view: View, asked: _Asked, now_ms: int) -> str | None:
    found = _cut(view, asked, now_ms)
    return found if isinstance(found, str) else None


def _cut(view: View, asked: _Asked, now_ms: int) -> Cut | str | None:
    """Or what it lacks; None: it has no stage of its own."""
    site = asked.site
    stages = tuple(stage.id for stage in site.stages if stage.feeder is None)
    if not stages:
        return None
    if asked.calendar.cap_permille is None:
        return Cut(site.name, site.gateway, site.licensee, stages)
    cap_w = _cap_w(view, asked)
    if cap_w is None:
        return "contract"
    try:
        return setpoint_cut(view, site.name, None, cap_w, now_ms)
    except DraftError:
        return "setpoint"


def _cap_w(view: View, asked: _Asked) -> int | None:
    known_w = contracted_w(view, asked.site.name, asked.from_ms)
    permille = asked.calendar.cap_permille
    return None if known_w is None or permille is None else known_w * permille // 1000


def _draws_more(view: View, series: SeriesStore, asked: _Asked, now_ms: int) -> bool:
    metered = view.delivery_meters(asked.site.name, now_ms)
    power_w = meters.power_w(view, series, metered, now_ms)
    allowed_w = _cap_w(view, asked) or asked.site.auxiliary_w
    return power_w is not None and power_w > allowed_w
