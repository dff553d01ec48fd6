"""Which finding leads to which order, when an authority allows it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from collector.checks import findings, peaks, rounds
from collector.checks.codes import Code, Round
from collector.checks.findings import Finding
from collector.checks.licence import site_standing
from collector.checks.now import is_permitted
from collector.checks.rounds import STALE_MS, Rounds
from collector.model.order import Step
from collector.model.records import Authority, OrderReason, Site
from collector.orders import blocks, store
from collector.orders.order import Cut, Order, Part, Terms
from collector.registry.view import View

_REASONS = {
    Code.BREACH: OrderReason.OVER_ALLOCATION,
    Code.UNLICENSED_LOAD: OrderReason.LICENCE,
    Code.SUSPENDED_LOAD: OrderReason.LICENCE,
    Code.REVOKED_LOAD: OrderReason.LICENCE,
    Code.LOAD_OUTSIDE_HOURS: OrderReason.PERMITTED_HOURS,
}


@dataclass(frozen=True)
class Rule:
    """`version` grows with every change of what it does. `renewal`: of any reason."""

    reason: OrderReason | Literal["renewal"]
    version: int
    text: str

    @property
    def name(self) -> str:
        return f"{self.reason}/{self.version}: {self.text}"


RULES = {
    rule.reason: rule
    for rule in (
        Rule(OrderReason.OVER_ALLOCATION, 2, "one stage down after a period closed in breach"),
        Rule(
            OrderReason.LICENCE,
            2,
            "every stage off when the licence has ended, is suspended or revoked",
        ),
        Rule(
            OrderReason.PERMITTED_HOURS,
            1,
            "every stage off while load is seen at a time that is not permitted",
        ),
        Rule(
            OrderReason.PEAK,
            1,
            "every stage off, or a setpoint, for each window of a calendar of peaks",
        ),
    )
}
RENEWAL = Rule("renewal", 1, "what ends while returns are blocked goes on, by the same authority")
_NOTED_MS = 2_000
"""That an order would have been is written at most so often."""
PEAK = "peak"
"""What the finding of an order for a peak is called, for there is none: its ground is a window."""
_NEVER_APPLIED = {Step.REJECTED, Step.FAILED, Step.CANCELLED, Step.EXPIRED}


def wanted(connection: Connection, view: View, orders: Sequence[Order], now_ms: int) -> list[Terms]:
    """The orders that follow from findings of now and are not drafted yet.

    Without a valid authority for the reason there are none: the finding stays a warning. What was
    found long ago calls for nothing, whatever authority is loaded later.
    """
    terms: list[Terms] = []
    for reason, finding in _calling(connection, view, now_ms):
        authority = view.authority_for(reason, now_ms)
        if authority is None or _is_answered(view, reason, finding, orders):
            continue
        sites = [view.one(Site, name) for name in _sites(finding)]
        if any(site.name in planned.sites for planned in terms for site in sites):
            continue  # one thing at a time: the next run sees what this one drafts
        for site in sites:
            if _has_been_ended(connection, reason, site, finding):
                continue
            if stages := _stages(reason, site, orders, now_ms):
                cut = Cut(site.name, site.gateway, site.licensee, stages)
                terms.append(automatic(view, reason, (cut,), authority, finding=_name(finding)))
                break
    return terms


def note_unauthorised(
    connection: Connection,
    view: View,
    now_ms: int,
    of_peaks: Iterable[tuple[Finding, str]] = (),
) -> None:
    """Warn and settle: a finding for what would have been cut, had an authority allowed it.

    `of_peaks`: that which is drawn in a window of a calendar, and what lacks there.
    """
    seen_ms = now_ms - now_ms % _NOTED_MS
    calling = [
        (reason, finding, lack(view, reason, now_ms))
        for reason, finding in _calling(connection, view, now_ms)
        if view.authority_for(reason, now_ms) is None
    ]
    calling += [(OrderReason.PEAK, finding, lacking) for finding, lacking in of_peaks]
    for reason, finding, lacking in calling:
        findings.keep(
            connection,
            Finding(
                Code.UNAUTHORISED,
                finding.subject,
                finding.first_ms,
                max(finding.first_ms, seen_ms),
                {"sites": _sites(finding), "order_reason": [reason], "lacks": [lacking]},
            ),
        )
    if rounds.is_worth_noting(connection, Round.DESK, seen_ms):
        rounds.note(connection, Round.DESK, seen_ms)


def automatic(
    view: View,
    reason: OrderReason,
    cuts: tuple[Cut, ...],
    authority: Authority,
    *,
    finding: dict[str, object],
    follows: str | None = None,
) -> Terms:
    """An order by rule, in the name of the official to whom the authority delegates it."""
    rule = RULES[reason]
    hold_s = view.policy.hold_s
    if reason is OrderReason.OVER_ALLOCATION:
        hold_s = max(hold_s, view.market.period_s)  # to the end of the hour, whenever it is issued
    if authority.max_hold_s is not None:
        hold_s = min(hold_s, authority.max_hold_s)
    return Terms(
        reason=reason,
        cuts=cuts,
        authority=authority.id,
        document_sha256=authority.document_sha256,
        official=authority.official,
        notice_s=authority.notice_s,
        notice_channel=authority.notice_channel,
        notice_proof=authority.notice_proof,
        hold_s=hold_s,
        drafted_by=authority.official,
        why=rule.text,
        rule=rule.name,
        finding=finding,
        follows=follows,
    )


def authority_of(view: View, order: Order, now_ms: int) -> Authority | None:
    """The document that an order rests on, while it is valid and names its reason."""
    authority = view.all(Authority).get(order.terms.authority)
    if authority is None or not authority.is_valid(now_ms):
        return None
    return authority if order.terms.reason in authority.reasons else None


def void(connection: Connection, view: View, order: Order, part: Part, now_ms: int) -> str | None:
    """Why a part that is not issued yet must not be: its ground or its authority is gone."""
    if authority_of(view, order, now_ms) is None:
        return "its authority is no longer valid"
    if is_renewal(order):
        block = blocks.of_site(blocks.standing(connection), view, part.cut.site)
        return None if block is not None else "returns are blocked no more"
    is_of_hours = order.terms.reason is OrderReason.PERMITTED_HOURS and order.terms.is_automatic
    if is_of_hours and is_permitted(connection, view, view.one(Site, part.cut.site), now_ms):
        return "drawing is permitted again"
    if is_off_calendar(view, order, part):
        return "the calendar of peaks says so no more"
    if order.terms.reason is OrderReason.LICENCE:
        standing = site_standing(view, part.cut.site, now_ms)
        if not standing.calls_for_cut:
            return "the site is licensed again"
        if standing.is_doubted:
            return "the acts on its licence contradict each other"
    return None


def is_renewal(order: Order) -> bool:
    return order.terms.rule == RENEWAL.name


def is_off_calendar(view: View, order: Order, part: Part) -> bool:
    """Whether the calendar says no more what a rule's order for a peak rests on."""
    terms = order.terms
    if terms.finding.get("code") != PEAK or terms.until_ms is None:
        return False
    name = str(terms.finding["subject"]).split("/", 1)[0]
    site = view.one(Site, part.cut.site)
    return not peaks.is_prescribed(view, site, name, terms.from_ms or 0, terms.until_ms)


def free_stages(site: Site, orders: Sequence[Order], now_ms: int) -> tuple[int, ...]:
    """Those that no order may hold open, in the order in which they are shed; no line's."""
    held = {
        stage
        for order in orders
        if not order.terms.is_ahead(now_ms)
        for part in order.parts
        if part.cut.site == site.name and part.may_hold(now_ms)
        for stage in part.cut.claims
    }
    return tuple(each.id for each in site.stages if each.id not in held and each.feeder is None)


def _calling(
    connection: Connection, view: View, now_ms: int
) -> Iterator[tuple[OrderReason, Finding]]:
    """Findings of now that call for an order, with its reason."""
    last = rounds.read(connection, now_ms)
    longest_ms = max(_breach_ms(view), STALE_MS)
    for finding in findings.standing_since(connection, now_ms - longest_ms):
        reason = _REASONS.get(finding.code)
        if finding.details.get("is_doubted"):
            continue  # somebody must first say what the licence's acts mean
        if reason is not None and _is_current(view, reason, finding, last):
            yield reason, finding


def lack(view: View, reason: OrderReason, now_ms: int) -> str:
    """What there is instead of an authority: `none`, `reason`, `early` or `ended`."""
    naming = [each for each in view.all(Authority).values() if reason in each.reasons]
    if not naming:
        return "reason" if view.all(Authority) else "none"
    return "early" if any(now_ms < each.valid_from for each in naming) else "ended"


def _sites(finding: Finding) -> list[str]:
    return list(finding.details.get("sites", [finding.details.get("site")]))


def _is_current(view: View, reason: OrderReason, finding: Finding, last: Rounds) -> bool:
    """Whether it still calls for an order: for a breach until the next could have been found."""
    if reason is OrderReason.OVER_ALLOCATION:
        return last.now_ms - finding.last_ms <= _breach_ms(view)
    return last.show(finding)


def _breach_ms(view: View) -> int:
    return view.market.period_ms + int(view.policy.late_s * 1000)


def _is_answered(
    view: View, reason: OrderReason, finding: Finding, orders: Sequence[Order]
) -> bool:
    sites = {*_sites(finding)}
    if reason is not OrderReason.OVER_ALLOCATION:
        retry_ms = view.policy.verify_timeout_s * 1000
        return any(
            not order.is_over or finding.last_ms <= _ended_ms(order) + retry_ms
            for order in orders
            if order.terms.finding == _name(finding)
            or (
                not sites.isdisjoint(order.terms.sites)
                and order.terms.reason is reason
                and not order.is_over
            )
        )
    return any(
        order.terms.finding == _name(finding) or _is_yet_to_work(order, finding)
        for order in orders
        if order.terms.reason is reason and not sites.isdisjoint(order.terms.sites)
    )


def _ended_ms(order: Order) -> int:
    return order.steps[order.step].recorded_ms


def _has_been_ended(
    connection: Connection, reason: OrderReason, site: Site, finding: Finding
) -> bool:
    """Whether a person ended an order for the same finding: then no rule begins it again."""
    return any(
        order.terms.finding == _name(finding) and is_ended_by_person(part)
        for order in store.load_of(connection, site.gateway, reason)
        for part in order.parts
    )


def is_ended_by_person(part: Part) -> bool:
    return any(
        "by" in part.steps[step].details
        for step in (Step.RELEASED, Step.CANCELLED)
        if step in part.steps
    )


def _is_yet_to_work(order: Order, finding: Finding) -> bool:
    """A breach during which an earlier order had not yet taken effect calls for no other."""
    applied = order.steps.get(Step.APPLIED)
    if applied is None:
        return order.step not in _NEVER_APPLIED
    return applied.at_ms > finding.first_ms


def _name(finding: Finding) -> dict[str, object]:
    return {"code": finding.code, "subject": finding.subject, "first_ms": finding.first_ms}


def _stages(
    reason: OrderReason, site: Site, orders: Sequence[Order], now_ms: int
) -> tuple[int, ...]:
    """Stages to open: for a breach the first in shed order that is not held open, else all.

    A line that others hang on is never opened by a rule.
    """
    if reason is OrderReason.OVER_ALLOCATION:
        return free_stages(site, orders, now_ms)[:1]
    return tuple(stage.id for stage in site.stages if stage.feeder is None)
