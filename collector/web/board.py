"""The whole board at a moment, from one read transaction, the register and the series."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from collector.checks import rounds
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.prescribed import holders
from collector.checks.rounds import Rounds
from collector.intake import quarantine
from collector.model.order import JUDGED, DropCause, Step
from collector.model.records import Authority, Licensee, Market, Site
from collector.orders import blocks, notices
from collector.orders.blocks import Block
from collector.orders.order import Order, Part
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage import reading
from collector.storage.tables import frame
from collector.web import recent
from collector.web.gateways import Gateways
from collector.web.limits import block_part
from collector.web.sites import Moment, allowance, site_part
from collector.web.view_model import (
    Board,
    DropPart,
    FindingPart,
    MarketPart,
    OrderPart,
    SitePart,
    StepPart,
)
from collector.web.zones import zone_parts
from collector.words.languages import DEFAULT
from collector.words.of_findings import finding_text

_UNLICENSED = (Code.UNLICENSED_LOAD, Code.SUSPENDED_LOAD, Code.REVOKED_LOAD)
_BEFORE = (Step.DRAFTED, Step.APPROVED, Step.NOTIFIED)
_REAL_PERIOD_S, _REAL_INTERVAL_S = 3600, 900


def read_board(
    engine: Engine,
    registry: Registry,
    series: SeriesStore,
    statuses: Mapping[str, dict[str, Any]],
    now_ms: int,
) -> Board:
    """Never writes; an empty database gives an empty board."""
    view = registry.view()
    with reading(engine) as connection:
        return _board(connection, view, series, statuses, now_ms)


def _board(
    connection: Connection,
    view: View,
    series: SeriesStore,
    statuses: Mapping[str, dict[str, Any]],
    now_ms: int,
) -> Board:
    orders = recent.all_orders(connection)
    standing = blocks.standing(connection)
    last = rounds.read(connection, now_ms)
    found = recent.newest_findings(connection, last)
    moment = Moment(
        connection=connection,
        view=view,
        series=series,
        statuses=statuses,
        gateways=Gateways(connection),
        orders=orders,
        periods=recent.closed_periods(connection, holders(view)),
        unlicensed_loads=frozenset(
            finding.subject
            for finding in found
            if finding.code in _UNLICENSED and last.show(finding)
        ),
        blocks=standing,
        now_ms=now_ms,
    )
    sites, allowed_w = _sites(moment)
    powers = [site.power_w for site in sites if site.power_w is not None]
    return Board(
        at_ms=now_ms,
        market=_market(moment),
        power_w=sum(powers) if powers else None,
        allowed_w=allowed_w,
        unread_sites=len(sites) - len(powers),
        frames=connection.scalar(select(func.max(frame.c.position))) or 0,
        refused=dict(sorted(quarantine.counts(connection).items())),
        zones=tuple(zone_parts(moment, sites)),
        sites=tuple(sites),
        blocks=tuple(block_part(each) for each in standing),
        orders=tuple(_order(view, order, standing) for order in recent.worth_showing(orders)),
        findings=tuple(_finding(view, finding, last) for finding in found),
    )


def _sites(moment: Moment) -> tuple[list[SitePart], int | None]:
    """Every site by zone and name, and the power that all holders together are allowed."""
    parts: list[SitePart] = []
    allowed_w: int | None = None
    for holder in holders(moment.view):
        shared = allowance(moment, holder)
        if shared is not None:
            allowed_w = (allowed_w or 0) + shared.allowed_w
        parts += [
            site_part(moment, moment.view.one(Site, name), holder, shared) for name in holder.sites
        ]
    return sorted(parts, key=lambda part: (part.zone, part.name)), allowed_w


def _market(moment: Moment) -> MarketPart | None:
    market: Market | None = moment.market
    if market is None:
        return None
    start_ms = market.period_start(moment.now_ms)
    return MarketPart(
        label=market.label,
        is_real=(market.period_s, market.interval_s) == (_REAL_PERIOD_S, _REAL_INTERVAL_S),
        period_s=market.period_s,
        interval_s=market.interval_s,
        period_start_ms=start_ms,
        period_end_ms=start_ms + market.period_ms,
    )


def _order(view: View, order: Order, standing: Sequence[Block]) -> OrderPart:
    terms, steps, leader = order.terms, order.steps, order.leader
    site = view.all(Site).get(leader.cut.site)
    names = {} if site is None else {stage.id: stage.name for stage in site.stages}
    authority = view.all(Authority).get(terms.authority)
    drafted_ms = order.own[0].at_ms
    history = sorted((*order.own, *leader.history), key=lambda record: record.recorded_ms)
    notified, approved = steps.get(Step.NOTIFIED), steps.get(Step.APPROVED)
    return OrderPart(
        id=order.id.hex(),
        site=leader.cut.site,
        reason=terms.reason,
        rule=terms.rule or terms.why,
        reference=terms.reference,
        stages=tuple(names.get(stage, f"stage {stage}") for stage in leader.cut.stages),
        parts=len(order.parts),
        parts_by_step=dict(Counter(part.step for part in order.parts)),
        upstream=terms.upstream,
        touched=len(terms.touched),
        authority=terms.authority if authority is None else authority.title,
        official=terms.official,
        drafted_by=None if terms.is_automatic else terms.drafted_by,
        approved_by=None if approved is None else approved.details.get("by"),
        needs_another=terms.two_persons and approved is None,
        is_example=authority is not None and authority.example,
        step=order.step,
        is_over=order.is_over,
        steps=tuple(
            StepPart(
                step=record.step,
                at_ms=record.at_ms,
                elapsed_ms=record.at_ms - drafted_ms,
                position=record.position,
            )
            for record in history
        ),
        notice_until_ms=None if notified is None else notices.in_force_ms(order, leader),
        notice_channel=terms.notice_channel,
        is_notice_proven=notices.is_proven(leader),
        cap_w=terms.cap_w,
        from_ms=terms.from_ms if leader.step in _BEFORE else None,
        is_blocked=not order.is_over
        and any(blocks.of_site(standing, view, name) is not None for name in terms.sites),
        until_ms=leader.until_ms,
        result=order.result,
        cause=_cause(leader),
        drop=_drop(leader),
        failure=_failure(leader),
    )


def _failure(part: Part) -> str | None:
    if part.step not in (Step.FAILED, Step.REJECTED, Step.CANCELLED, Step.EXPIRED):
        return None
    return part.steps[part.step].details.get("reason") if part.step in part.steps else None


def _cause(part: Part) -> DropCause | None:
    judged = (each for each in reversed(part.history) if each.step in JUDGED)
    cause = next((each.details.get("cause") for each in judged), None)
    return None if cause is None else DropCause(cause)


def _drop(part: Part) -> DropPart | None:
    names = ("stage_before_w", "stage_after_w", "site_before_w", "site_after_w")
    if part.measured is None:
        return None
    return DropPart(**{name: round(part.measured.details[name]) for name in names})


def _finding(view: View, finding: Finding, last: Rounds) -> FindingPart:
    licensee, _, zone = finding.subject.partition("/")
    known = view.all(Licensee).get(licensee)
    return FindingPart(
        code=finding.code,
        severity=finding.severity,
        subject=f"{known.name}, {zone}" if known else finding.subject,
        sites=finding.sites or (finding.subject,),
        first_ms=finding.first_ms,
        last_ms=finding.last_ms,
        is_present=last.show(finding),
        text=finding_text(DEFAULT, finding),
        kept=finding,
    )
