"""What is done when a step does not come in its time: by the policy's table of escalation."""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.evidence.frame import CommandPhase
from collector.model.order import HOLDING, DropCause, DropResult, Step
from collector.model.records import OrderReason, Remedy, Site, Situation
from collector.orders import notices, rules, store
from collector.orders.order import Cut, Order, Part, StepRecord
from collector.orders.sending import is_stale
from collector.registry.view import View

_BY_STEP = {
    Step.ISSUED: Situation.UNANSWERED,
    Step.REJECTED: Situation.REJECTED,
    Step.FAILED: Situation.FAILED,
    Step.APPLIED: Situation.UNCONFIRMED,
    Step.REBOUNDED: Situation.REBOUNDED,
    Step.RELEASED: Situation.NOT_RESTORED,
    Step.LAPSED: Situation.NOT_RESTORED,
}
_BY_RESULT = {
    DropResult.NONE: Situation.NO_DROP,
    DropResult.PARTIAL: Situation.PARTIAL_DROP,
    DropResult.UNVERIFIABLE: Situation.UNVERIFIABLE,
}


def run(connection: Connection, view: View, orders: Collection[Order], now_ms: int) -> None:
    """Look at every order that is remembered, and do what is due."""
    known = {order.id.hex() for order in orders}
    pages = {
        (each.subject, each.first_ms): each.details["order"] in known
        for each in findings.unsettled(connection, Code.ORDER_OVERDUE)
    }
    there = set()
    for order in orders:
        for part in order.parts:
            for situation, since_ms in situations(order, part):
                remedies = due(view, situation, since_ms, now_ms)
                if Remedy.EXPIRE in remedies:
                    _expire(connection, order, part, situation, now_ms)
                    break
                if Remedy.OTHER_STAGE in remedies:
                    _take_other_stage(connection, view, order, part, orders, now_ms)
                if Remedy.PAGE in remedies:
                    page = _page(order, part, situation, since_ms)
                    there.add((page.subject, page.first_ms))
                    if (page.subject, page.first_ms) not in pages:
                        findings.keep(connection, page)
    gone = {page for page, is_known in pages.items() if is_known} - there
    for subject, first_ms in sorted(gone):
        findings.resolve(connection, Code.ORDER_OVERDUE, subject, first_ms, "the step came", now_ms)


def situations(order: Order, part: Part) -> Iterator[tuple[Situation, int]]:
    """Where a part stands and should not stay, and since when (Unix ms)."""
    step, steps = part.step, part.steps
    if order.step is Step.WRONGFUL:
        return
    if step is Step.DRAFTED and not order.terms.is_automatic:
        yield Situation.UNAPPROVED, order.own[0].recorded_ms
    if step is Step.NOTIFIED and order.terms.notice_proof and not notices.is_proven(part):
        yield Situation.UNPROVEN, steps[Step.NOTIFIED].recorded_ms
    is_unconfirmed = step is Step.APPLIED and part.cut.cap_w is None  # a cap has no contact
    if step in _BY_STEP and step in steps and (is_unconfirmed or step is not Step.APPLIED):
        first = next(record for record in part.history if record.step is step)
        yield _BY_STEP[step], first.recorded_ms
    if step is Step.VERIFIED and part.result in _BY_RESULT:
        verified = steps[Step.VERIFIED]
        if verified.details.get("cause") != DropCause.ALREADY_OFF:
            yield _BY_RESULT[part.result], verified.recorded_ms
    sent = part.newest_hold
    is_refused = sent is not None and sent.answer is CommandPhase.REFUSED
    if step in HOLDING and sent is not None and is_refused and not is_stale(sent):
        yield Situation.STUCK, sent.issued_ms


def due(view: View, situation: Situation, since_ms: int, now_ms: int) -> set[Remedy]:
    return {
        row.remedy
        for row in view.policy.escalation
        if row.situation is situation and now_ms >= since_ms + int(row.after_s * 1000)
    }


def _page(order: Order, part: Part, situation: Situation, since_ms: int) -> Finding:
    details = {
        "site": part.cut.site,
        "order": order.id.hex(),
        "licensee": part.cut.licensee,
        "order_reason": [order.terms.reason],
        "situation": [situation],
        "stages": list(part.cut.stages),
    }
    subject = f"{order.id.hex()[:8]}/{part.number}/{situation}"
    return Finding(Code.ORDER_OVERDUE, subject, since_ms, since_ms, details)


def _expire(
    connection: Connection, order: Order, part: Part, situation: Situation, now_ms: int
) -> None:
    now = store.load(connection, order.id)
    if now is not None and now.part(part.number).step is part.step:
        record = StepRecord(Step.EXPIRED, now_ms, now_ms, None, {"reason": situation})
        store.take_step(connection, now, record, part.number)


def _take_other_stage(
    connection: Connection,
    view: View,
    order: Order,
    part: Part,
    orders: Collection[Order],
    now_ms: int,
) -> None:
    """A rule's order that changed nothing is followed by one for the site's next stage."""
    terms, name = order.terms, f"{order.id.hex()}/{part.number}"
    authority = rules.authority_of(view, order, now_ms)
    if not terms.is_automatic or authority is None or rules.is_renewal(order):
        return
    if terms.reason is OrderReason.PEAK:
        return  # it had every stage, or its gateway chooses them
    if any(other.terms.follows == name for other in orders):
        return
    site = view.one(Site, part.cut.site)
    if stages := rules.free_stages(site, list(orders), now_ms)[:1]:
        cut = Cut(site.name, site.gateway, site.licensee, stages)
        follow = rules.automatic(
            view, terms.reason, (cut,), authority, finding=dict(terms.finding), follows=name
        )
        store.draft(connection, follow, now_ms)
