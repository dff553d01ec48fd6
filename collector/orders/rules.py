"""Which finding leads to which order, when an authority allows it."""

from collections.abc import Sequence

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.findings import Code, Finding
from collector.model.order import Step
from collector.model.records import Authority, OrderReason, Site
from collector.orders.store import Order, Terms
from collector.registry.view import View

_REASONS = {
    Code.BREACH: OrderReason.OVER_ALLOCATION,
    Code.UNLICENSED_LOAD: OrderReason.LICENCE,
}
_RULES = {
    OrderReason.OVER_ALLOCATION: "one stage down after a period closed in breach",
    OrderReason.LICENCE: "every stage off when the licence has ended",
}


def wanted(connection: Connection, view: View, orders: Sequence[Order], now_ms: int) -> list[Terms]:
    """The orders that follow from findings and are not drafted yet.

    Without a valid authority for the reason there are none: the finding stays a warning.
    """
    terms = []
    for finding in findings.stored(connection):
        reason = _REASONS.get(finding.code)
        if reason is None or _is_answered(finding, orders):
            continue
        authority = view.authority_for(reason, now_ms)
        if authority is None:
            continue
        for site_name in _sites(finding):
            site = view.one(Site, site_name)
            stages = _stages(reason, site, orders)
            if stages and not _waits(reason, finding, site, orders):
                terms.append(_terms(view, site, reason, stages, finding, authority))
                break
    return terms


def _sites(finding: Finding) -> list[str]:
    return list(finding.details.get("sites", [finding.details.get("site")]))


def _is_answered(finding: Finding, orders: Sequence[Order]) -> bool:
    name = {"code": finding.code, "subject": finding.subject, "first_ms": finding.first_ms}
    return any(order.terms.finding == name for order in orders)


def _waits(reason: OrderReason, finding: Finding, site: Site, orders: Sequence[Order]) -> bool:
    """A breach during which an earlier order had not yet taken effect calls for no other."""
    if reason is not OrderReason.OVER_ALLOCATION:
        return False
    for order in orders:
        if order.terms.site == site.name and not order.is_over:
            applied = order.steps.get(Step.APPLIED)
            if applied is None or applied.at_ms > finding.first_ms:
                return True
    return False


def _stages(reason: OrderReason, site: Site, orders: Sequence[Order]) -> tuple[int, ...]:
    """Stages to open: all for a licence, else the first in shed order that is not held open."""
    if reason is OrderReason.LICENCE:
        return tuple(stage.id for stage in site.stages)
    held = {
        stage
        for order in orders
        if order.terms.site == site.name and not order.is_over
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
        finding={
            "code": finding.code,
            "subject": finding.subject,
            "first_ms": finding.first_ms,
        },
        authority=authority.id,
        document_sha256=authority.document_sha256,
        official=authority.official,
        notice_s=authority.notice_s,
        hold_s=view.policy.hold_s,
    )
