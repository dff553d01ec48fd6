"""While returns are blocked, what is about to end goes on by another order, where lawful."""

from collections.abc import Sequence

from sqlalchemy import Connection

from collector.model.order import HOLDING, Step
from collector.orders import blocks, rules
from collector.orders.blocks import Block
from collector.orders.order import Order, Part, Terms
from collector.orders.rules import RENEWAL
from collector.registry.view import View

_AHEAD_MS = 30_000
"""So much longer than notice and handover take."""


def wanted(connection: Connection, view: View, orders: Sequence[Order], now_ms: int) -> list[Terms]:
    """An order for each part that ends soon where returns are blocked, and nobody goes on."""
    standing = blocks.standing(connection)
    if not standing:
        return []
    found = []
    for order in orders:
        for part in order.parts:
            block = blocks.of_site(standing, view, part.cut.site)
            if block is None or part.until_ms is None or not _is_open(part):
                continue
            terms = _terms(view, order, part, block, now_ms)
            if terms is None or _is_answered(orders, order, part):
                continue
            ahead_ms = 1000 * (terms.notice_s + view.policy.handover_s) + _AHEAD_MS
            # what would come back in between stays back
            if part.until_ms - ahead_ms <= now_ms < part.until_ms - 1000 * terms.notice_s:
                found.append(terms)
    return found


def _is_open(part: Part) -> bool:
    """Also what was to be released, and is not: no command for that was sent."""
    is_unsent = part.step is Step.RELEASED and part.newest_release is None
    return part.step in HOLDING or is_unsent


def _is_answered(orders: Sequence[Order], order: Order, part: Part) -> bool:
    """Whether it is renewed, or others have all that it has for longer."""
    if any(each.terms.finding == _name(order, part) for each in orders):
        return True
    lasting = {
        claim
        for other in orders
        if other.id != order.id
        for there in other.parts
        if there.cut.gateway == part.cut.gateway and (there.until_ms or 0) > (part.until_ms or 0)
        if there.step in HOLDING
        for claim in there.cut.claims
    }
    return lasting >= {*part.cut.claims}


def _terms(view: View, order: Order, part: Part, block: Block, now_ms: int) -> Terms | None:
    """By the same authority, as it is now; None: it allows none."""
    terms = order.terms
    authority = rules.authority_of(view, order, now_ms)
    if authority is None or part.until_ms is None or authority.valid_until <= part.until_ms:
        return None
    hold_s = max(terms.hold_s, view.policy.hold_s)
    if authority.max_hold_s is not None:
        hold_s = min(hold_s, authority.max_hold_s)
    return Terms(
        reason=terms.reason,
        cuts=(part.cut,),
        authority=authority.id,
        document_sha256=authority.document_sha256,
        official=authority.official,
        notice_s=authority.notice_s,
        notice_channel=authority.notice_channel,
        notice_proof=authority.notice_proof,
        hold_s=hold_s,
        drafted_by=block.began.person,
        why=f"{terms.why}; {block.began.reason}",
        reference=block.began.reference,
        rule=RENEWAL.name,
        finding=_name(order, part),
        cap_w=part.cut.cap_w,
    )


def _name(order: Order, part: Part) -> dict[str, object]:
    subject = f"{order.id.hex()}/{part.number}"
    return {"code": "renewal", "subject": subject, "first_ms": part.until_ms}
