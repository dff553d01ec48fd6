"""What persons do with an order: approve, prove its notice, take it back, end it, own its wrong."""

from fractions import Fraction
from typing import Any

from sqlalchemy import Connection

from collector.model.order import HOLDING, NEXT, Step
from collector.model.persons import same_person
from collector.orders import notices, rules, store
from collector.orders.drafting import ActError, require_person
from collector.orders.drop.compensation import not_supplied_wh
from collector.orders.order import Order, Part, StepRecord
from collector.registry.view import View


def approve(connection: Connection, view: View, order: Order, person: str, now_ms: int) -> Order:
    """It may go on. Raises ActError, DraftError."""
    require_person(person)
    _require(order, order.step is Step.DRAFTED, "only a draft is approved")
    if rules.authority_of(view, order, now_ms) is None:
        raise ActError(
            f"its authority {order.terms.authority} is not valid any more: cancel it, and draft it"
            " under another"
        )
    if order.terms.two_persons and same_person(person, order.terms.drafted_by):
        why = "it opens what feeds other sites" if order.terms.upstream else "it is for many sites"
        raise ActError(f"{person} drafted it, and {why}: another person must approve it (--by)")
    details = {"by": person, "official": order.terms.official}
    return store.take_step(
        connection, order, StepRecord(Step.APPROVED, now_ms, now_ms, None, details)
    )


def prove(
    connection: Connection,
    order: Order,
    person: str,
    proof: dict[str, Any],
    delivered_ms: int,
    now_ms: int,
    licensee: str | None = None,
) -> Order:
    """Record how the notice was delivered: to every licensee, or to one of them.

    Raises ActError, DraftError.
    """
    require_person(person)
    waiting = [
        part
        for part in order.parts
        if part.step is Step.NOTIFIED and licensee in (None, part.cut.licensee)
    ]
    of_whom = "" if licensee is None else f" of {licensee}"
    _require(order, bool(waiting), f"no notice{of_whom} waits for its proof")
    told_ms = min(part.steps[Step.NOTIFIED].at_ms for part in waiting)
    if not told_ms <= delivered_ms <= now_ms:
        raise ActError("it was delivered after the notice was given, and not in the time to come")
    for part in waiting:
        details = notices.proven(part, proof | {"by": person}, delivered_ms, order.terms.notice_s)
        record = StepRecord(Step.NOTIFIED, delivered_ms, now_ms, None, details)
        order = store.take_step(connection, order, record, part.number)
    return order


def cancel(connection: Connection, order: Order, person: str, reason: str, now_ms: int) -> Order:
    """Take it back before anything of it is issued. Raises ActError, DraftError."""
    _say(person, reason)
    is_early = all(part.is_over or Step.CANCELLED in NEXT[part.step] for part in order.parts)
    _require(
        order,
        is_early and not order.is_over,
        "only what is not issued can be cancelled; what is, is released: esep curtail release",
    )
    return _cancelled(connection, order, person, reason, now_ms)


def release(connection: Connection, order: Order, person: str, reason: str, now_ms: int) -> Order:
    """End it before its time: what holds is released by the ramp, what waits is cancelled.

    The collector that runs signs and sends the release. Raises ActError, DraftError.
    """
    _say(person, reason)
    holding = [part for part in order.parts if _may_be_open(part, now_ms)]
    _require(order, bool(holding), "it holds nothing that could be released")
    details = {"by": person, "reason": reason}
    for part in holding:
        record = StepRecord(Step.RELEASED, now_ms, now_ms, None, details)
        order = store.take_step(connection, order, record, part.number)
    return _cancelled(connection, order, person, reason, now_ms)


def wrongful(
    connection: Connection,
    order: Order,
    person: str,
    reason: str,
    reference: str | None,
    now_ms: int,
) -> Order:
    """Close it as one that should never have been, with what it cost. Raises ActError, DraftError.

    The energy is that which the measured drop, held flat from contact to return, did not supply.
    """
    _say(person, reason)
    _require(
        order,
        Step.WRONGFUL in NEXT[order.step],
        "only what was carried out, and has ended, is closed so; while it holds: esep curtail"
        " release",
    )
    costs = {str(part.number): not_supplied_wh(part) for part in order.parts}
    known = [cost for cost in costs.values() if cost is not None]
    details = {
        "by": person,
        "reason": reason,
        "reference": reference,
        "not_supplied_wh": None if len(known) < len(costs) else str(sum(known, Fraction(0))),
        "by_part": {number: None if cost is None else str(cost) for number, cost in costs.items()},
        "baseline": "the stages' load before the order, held flat from contact to return",
    }
    return store.take_step(
        connection, order, StepRecord(Step.WRONGFUL, now_ms, now_ms, None, details)
    )


def _may_be_open(part: Part, now_ms: int) -> bool:
    return part.step in HOLDING or (part.step is Step.FAILED and part.may_hold(now_ms))


def _cancelled(
    connection: Connection, order: Order, person: str, reason: str, now_ms: int
) -> Order:
    record = StepRecord(Step.CANCELLED, now_ms, now_ms, None, {"by": person, "reason": reason})
    for part in order.parts:
        if Step.CANCELLED in NEXT[part.step]:
            order = store.take_step(connection, order, record, part.number)
    return order


def _say(person: str, reason: str) -> None:
    require_person(person)
    if not reason.strip():
        raise ActError("say why (--reason)")


def _require(order: Order, is_so: bool, what: str) -> None:
    if not is_so:
        raise ActError(f"order {order.id.hex()[:8]} is {order.step}: {what}")
