"""Follows the ledger's command events into the steps of orders."""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from collector.evidence.frame import CommandPhase, Event, EventCode, Frame, Stream
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS
from collector.model.order import Step
from collector.orders import commands, store
from collector.orders.store import Order, StepRecord

log = structlog.get_logger()

_CONTACT = "contact"


class OrderFollower:
    """A gateway's event moves its own order only, and only along the table of steps."""

    name = "orders"
    stream = Stream.BILLING

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for entry in entries:
            frame = entry.frame
            for record in frame.records:
                if isinstance(record, Event) and record.code is EventCode.COMMAND:
                    _take(connection, frame, record, entry)


def _take(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    identity, counter, phase = event.detail[0], event.detail[1], CommandPhase(event.detail[2])
    log.info(
        "gateway.command",
        gateway=frame.gateway.hex(),
        order=identity.hex(),
        counter=counter,
        phase=phase.name.lower(),
        reason=event.detail.get(3),
        at_ms=event.at_ms,
    )
    if phase is CommandPhase.REFUSED:
        if 5 not in event.detail:
            return  # the gateway answers a message that it did not believe: it is none of ours
        commands.catch_up(connection, frame.gateway.hex(), event.detail[5])
    order = store.load(connection, identity)
    if order is None or order.terms.gateway != frame.gateway.hex():
        return
    at_ms = _believable(order, event, entry)
    details = {"counter": counter}
    if at_ms != event.at_ms:
        details["device_at_ms"] = event.at_ms
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"event at {event.at_ms}")
    if 3 in event.detail:
        details["reason"] = event.detail[3]
    for step in _steps(order, phase, counter, event.detail.get(3)):
        record = StepRecord(step, at_ms, entry.received_ms, entry.position, details)
        order = store.take_step(connection, order, record)


def _believable(order: Order, event: Event, entry: Entry) -> int:
    """The device's time between the issue of the order and the receipt of the event, else ours."""
    issued = order.steps.get(Step.ISSUED)
    earliest_ms = issued.at_ms - AHEAD_MS if issued else 0
    is_so = earliest_ms <= event.at_ms <= entry.received_ms + AHEAD_MS
    return event.at_ms if is_so else entry.received_ms


def _steps(order: Order, phase: CommandPhase, counter: int, event_reason: str | None) -> list[Step]:
    """The steps that an event means for an order where it stands; none when it is old news."""
    issued = order.steps.get(Step.ISSUED)
    is_open = issued is not None and issued.details["counter"] == counter
    waiting = (Step.ISSUED, Step.RECEIVED, Step.FAILED)
    if phase is CommandPhase.FAILED and event_reason == _CONTACT:
        # what a stage that does not follow means is for the meters to say
        phase = CommandPhase.RESTORED if order.step is Step.RELEASED else CommandPhase.APPLIED
    if phase is CommandPhase.RESTORED:
        if order.step is Step.RELEASED:
            return [Step.RESTORED]
        if order.step in (Step.APPLIED, Step.VERIFIED) and is_open:
            return [Step.RELEASED, Step.RESTORED]  # the hold ran out at the gateway
    elif not is_open or order.step not in waiting:
        return []
    elif phase is CommandPhase.RECEIVED:
        return [] if Step.RECEIVED in order.steps else [Step.RECEIVED]
    elif phase is CommandPhase.APPLIED:
        return [Step.APPLIED] if Step.RECEIVED in order.steps else [Step.RECEIVED, Step.APPLIED]
    elif order.step is not Step.FAILED:
        return [Step.REJECTED if phase is CommandPhase.REFUSED else Step.FAILED]
    return []
