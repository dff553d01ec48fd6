"""Which finding leads to which order, when an authority allows it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from collector.checks import findings, rounds
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.licence import site_standing
from collector.checks.rounds import STALE_MS, Rounds
from collector.model.order import Step
from collector.model.records import Authority, OrderReason, Site
from collector.orders.store import Order, Terms
from collector.registry.view import View

_REASONS = {
    Code.BREACH: OrderReason.OVER_ALLOCATION,
    Code.UNLICENSED_LOAD: OrderReason.LICENCE,
    Code.SUSPENDED_LOAD: OrderReason.LICENCE,
    Code.REVOKED_LOAD: OrderReason.LICENCE,
}
_RULES = {
    OrderReason.OVER_ALLOCATION: "one stage down after a period closed in breach",
    OrderReason.LICENCE: "every stage off when the licence has ended, is suspended or revoked",
}


_NEVER_APPLIED = {Step.REJECTED, Step.FAILED, Step.CANCELLED}


def wanted(connection: Connection, view: View, orders: Sequence[Order], now_ms: int) -> list[Terms]:
    """The orders that follow from findings of now and are not drafted yet.

    Without a valid authority for the reason there are none: the finding stays a warning. What was
    found long ago calls for nothing, whatever authority is loaded later.
    """
    terms: list[Terms] = []
    last = rounds.read(connection, now_ms)
    for finding in findings.standing_since(connection, now_ms - _longest_ms(view)):
        reason = _REASONS.get(finding.code)
        if finding.details.get("is_doubted"):
            continue  # somebody must first say what the licence's acts mean
        if reason is None or not _is_current(view, reason, finding, last):
            continue
        authority = view.authority_for(reason, now_ms)
        if authority is None or _is_answered(view, reason, finding, orders):
            continue
        sites = [view.one(Site, name) for name in _sites(finding)]
        if any(planned.site == site.name for planned in terms for site in sites):
            continue  # one thing at a time: the next run sees what this one drafts
        for site in sites:
            if stages := _stages(reason, site, orders, now_ms):
                terms.append(_terms(view, site, reason, stages, finding, authority))
                break
    return terms


def void(view: View, order: Order, now_ms: int) -> str | None:
    """Why an order that is not issued yet must not be: its ground or its authority is gone."""
    terms = order.terms
    authority = view.all(Authority).get(terms.authority)
    if (
        authority is None
        or terms.reason not in authority.reasons
        or not authority.valid_from <= now_ms < authority.valid_until
    ):
        return "its authority is no longer valid"
    if terms.reason is OrderReason.LICENCE:
        standing = site_standing(view, terms.site, now_ms)
        if not standing.calls_for_cut:
            return "the site is licensed again"
        if standing.is_doubted:
            return "the acts on its licence contradict each other"
    return None


def _sites(finding: Finding) -> list[str]:
    return list(finding.details.get("sites", [finding.details.get("site")]))


def _is_current(view: View, reason: OrderReason, finding: Finding, last: Rounds) -> bool:
    """Whether it still calls for an order: for the licence while load is seen."""
    if reason is OrderReason.LICENCE:
        return last.show(finding)
    return last.now_ms - finding.last_ms <= _breach_ms(view)


def _breach_ms(view: View) -> int:
    """A breach calls for an order until the next period could have been closed."""
    return view.market.period_ms + int(view.policy.late_s * 1000)


def _longest_ms(view: View) -> int:
    return max(_breach_ms(view), STALE_MS)


def _is_answered(
    view: View, reason: OrderReason, finding: Finding, orders: Sequence[Order]
) -> bool:
    sites = _sites(finding)
    if reason is OrderReason.LICENCE:
        retry_ms = view.policy.verify_timeout_s * 1000
        return any(
            not order.is_over or finding.last_ms <= order.steps[order.step].recorded_ms + retry_ms
            for order in orders
            if order.terms.finding == _name(finding)
            or (order.terms.site in sites and order.terms.reason is reason and not order.is_over)
        )
    return any(
        order.terms.finding == _name(finding) or _is_yet_to_work(order, finding)
        for order in orders
        if order.terms.reason is reason and order.terms.site in sites and not _is_stale(order)
    )


def _is_stale(order: Order) -> bool:
    """Refused because our counter had fallen behind: the finding is still to be answered."""
    rejected = order.steps.get(Step.REJECTED)
    return rejected is not None and rejected.details.get("reason") == "replayed"


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
    """Stages to open: all for a licence, else the first in shed order that is not held open."""
    if reason is OrderReason.LICENCE:
        return tuple(stage.id for stage in site.stages)
    held = {
        stage
        for order in orders
        if order.terms.site == site.name and order.may_hold(now_ms)
        for stage in order.terms.stages
    }
    return tuple(stage.id for stage in site.stages if stage.id not in held)[:1]


def _terms(
    view: View,
    site: Site,
    reason: OrderReason,
    stages: tuple[int, ...],
    finding: Finding,
    authority: Authority,
) -> Terms:
    return Terms(
        site=site.name,
        gateway=site.gateway,
        licensee=site.licensee,
        reason=reason,
        stages=stages,
        rule=_RULES[reason],
        finding=_name(finding),
        authority=authority.id,
        document_sha256=authority.document_sha256,
        official=authority.official,
        notice_s=authority.notice_s,
        hold_s=view.policy.hold_s,
    )
