"""Follows the ledger's command events into the steps of orders."""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from collector.evidence.frame import CommandPhase, Event, EventCode, Frame, Stream
from collector.ledger.ledger import Entry
from collector.model.order import Step
from collector.orders import store
from collector.orders.store import Order, StepRecord

log = structlog.get_logger()


class OrderFollower:
    """A gateway's event moves its own order only, and only along the table of steps."""

    name = "orders"

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for entry in entries:
            frame = entry.frame
            if frame.stream is not Stream.BILLING:
                continue
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
    order = store.load(connection, identity)
    if order is None or order.terms.gateway != frame.gateway.hex():
        return
    for step in _steps(order, phase, counter):
        details = {"counter": counter}
        if 3 in event.detail:
            details["reason"] = event.detail[3]
        record = StepRecord(step, event.at_ms, entry.received_ms, entry.position, details)
        order = store.take_step(connection, order, record)


def _steps(order: Order, phase: CommandPhase, counter: int) -> list[Step]:
    """The steps that an event means for an order where it stands; none when it is old news."""
    issued = order.steps.get(Step.ISSUED)
    is_open = issued is not None and issued.details["counter"] == counter
    match phase, order.step:
        case CommandPhase.RECEIVED, Step.ISSUED if is_open:
            return [Step.RECEIVED]
        case CommandPhase.APPLIED, Step.ISSUED if is_open:
            return [Step.RECEIVED, Step.APPLIED]
        case CommandPhase.APPLIED, Step.RECEIVED if is_open:
            return [Step.APPLIED]
        case CommandPhase.REFUSED, Step.ISSUED if is_open:
            return [Step.REJECTED]
        case CommandPhase.FAILED, Step.ISSUED | Step.RECEIVED if is_open:
            return [Step.FAILED]
        case CommandPhase.RESTORED, Step.RELEASED:
            return [Step.RESTORED]
        case CommandPhase.RESTORED, Step.APPLIED | Step.VERIFIED:
            return [Step.RELEASED, Step.RESTORED]  # the hold ran out at the gateway
    return []
