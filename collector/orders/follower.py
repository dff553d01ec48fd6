"""Follows the ledger's command and stage events into the steps of orders."""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection, insert

from collector.evidence.downlink import Action
from collector.evidence.frame import INTERLOCKS, CommandPhase, Event, EventCode, Frame, Stream
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS, believable_ms
from collector.model.order import Step
from collector.orders import commands, rest, store
from collector.orders.order import Part, Sent, StepRecord
from collector.orders.sending import NOT_FOR_ME, STALE
from collector.storage.tables import stage_movement

log = structlog.get_logger()

_CONTACT, _SUPERSEDED, _LIMIT = "contact", "superseded", "limit"
_BOOT = "boot"
_PRELIMINARY = (CommandPhase.RECEIVED, CommandPhase.REFUSED)
_EFFECTIVE = (Step.APPLIED, Step.CONTACT_CONFIRMED, Step.VERIFIED, Step.REBOUNDED)


class OrderFollower:
    """A gateway's event moves its own part of an order only, and only along the table of steps."""

    name = "orders"
    stream = Stream.BILLING

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for entry in entries:
            frame = entry.frame
            for number, record in enumerate(frame.records):
                if not isinstance(record, Event):
                    continue
                if record.code is EventCode.COMMAND:
                    _take(connection, frame, record, entry)
                elif record.code is EventCode.STAGE and record.detail[2] != _BOOT:
                    _note_movement(connection, frame, number, record, entry)
                    _confirm(connection, frame, record, entry)


def _note_movement(
    connection: Connection, frame: Frame, number: int, event: Event, entry: Entry
) -> None:
    connection.execute(
        insert(stage_movement).values(
            position=entry.position,
            record=number,
            gateway=frame.gateway.hex(),
            stage=event.detail[0],
            is_closed=bool(event.detail[1]),
            at_ms=believable_ms(entry, frame, event.at_ms),
            cause=event.detail[2],
            order_id=event.detail.get(3),
        )
    )


def _confirm(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    """A contact that opens after its time completes the order that it was late for."""
    if event.detail[1] or 3 not in event.detail:
        return
    gateway = frame.gateway.hex()
    found = store.load_part(connection, event.detail[3], gateway)
    if found is None or found[1].step is not Step.APPLIED or found[1].cut.cap_w is not None:
        return
    order, part = found
    if all(rest.is_open(connection, gateway, stage) for stage in part.cut.stages):
        at_ms = _believable(part, event, entry)
        record = StepRecord(Step.CONTACT_CONFIRMED, at_ms, entry.received_ms, entry.position, {})
        store.take_step(connection, order, record, part.number)


def _take(connection: Connection, frame: Frame, event: Event, entry: Entry) -> None:
    identity, counter, phase = event.detail[0], event.detail[1], CommandPhase(event.detail[2])
    reason = event.detail.get(3)
    log.info(
        "gateway.command",
        gateway=frame.gateway.hex(),
        order=identity.hex(),
        counter=counter,
        phase=phase.name.lower(),
        reason=reason,
        at_ms=event.at_ms,
    )
    is_unbelieved = phase is CommandPhase.REFUSED and 5 not in event.detail
    if is_unbelieved and reason != NOT_FOR_ME:
        return  # anybody may have sent it: it is none of ours
    if phase is CommandPhase.REFUSED and not is_unbelieved:
        commands.catch_up(connection, frame.gateway.hex(), event.detail[5])
    found = store.load_part(connection, identity, frame.gateway.hex())
    if found is None:
        return
    order, part = found
    sent = part.sent(counter)
    if sent is None or (is_unbelieved and not part.is_zones(sent)):
        return  # what is not for it may be another gateway's command
    if _is_news(sent, phase):
        store.keep_answer(connection, order, part, counter, phase, reason)
    at_ms = _believable(part, event, entry)
    details = {"counter": counter}
    if at_ms != event.at_ms:
        details["device_at_ms"] = event.at_ms
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"event at {event.at_ms}")
    if reason is not None:
        details["reason"] = reason
    if reason == _SUPERSEDED and _is_anothers(connection, order.id, part, sent):
        return  # a stronger order's: this one goes on
    records = [
        StepRecord(step, at_ms, entry.received_ms, entry.position, details)
        for step in _steps(part, sent, phase, reason, event.detail.get(4))
    ]
    store.take_steps(connection, order, records, part.number)


def _is_anothers(connection: Connection, order: bytes, part: Part, sent: Sent) -> bool:
    """Whether a command of another order for one of its stages came after it."""
    movers = store.movers(connection, part.cut.gateway)
    return any(movers.get(stage, (order,))[0] != order for stage in sent.stages)


def _is_news(sent: Sent, phase: CommandPhase) -> bool:
    """That it was received, or a copy of it refused, says nothing after what came of it."""
    is_known = sent.answer not in (None, *_PRELIMINARY)
    return not is_known or phase not in _PRELIMINARY


def _believable(part: Part, event: Event, entry: Entry) -> int:
    """The device's time between the issue of the order and the receipt of the event, else ours."""
    issued = part.steps.get(Step.ISSUED)
    earliest_ms = issued.at_ms - AHEAD_MS if issued else 0
    is_so = earliest_ms <= event.at_ms <= entry.received_ms + AHEAD_MS
    return event.at_ms if is_so else entry.received_ms


def _steps(
    part: Part,
    sent: Sent,
    phase: CommandPhase,
    reason: str | None,
    stages: Sequence[int] | None = None,
) -> list[Step]:
    """The steps that an event means for a part where it stands; none when it is old news.

    A release that an interlock hinders stays released: the stage returns when that is gone.
    """
    step, is_open = part.step, sent.is_hold
    if phase is CommandPhase.FAILED and reason == _LIMIT:
        phase = CommandPhase.RESTORED  # the order's hold is over; the gateway's own limit holds on
    is_contact_late = phase is CommandPhase.FAILED and reason == _CONTACT
    if phase is CommandPhase.RESTORED or (is_contact_late and step is Step.RELEASED):
        if step in (Step.RELEASED, Step.LAPSED):
            return [Step.RESTORED]
        if step in _EFFECTIVE and is_open:
            return [Step.LAPSED, Step.RESTORED]  # the hold ran out at the gateway
        return []
    if not is_open or step not in (Step.ISSUED, Step.RECEIVED, Step.FAILED):
        return []
    received = [] if step is Step.RECEIVED or Step.RECEIVED in part.steps else [Step.RECEIVED]
    if phase is CommandPhase.RECEIVED:
        return received
    if phase is CommandPhase.APPLIED:
        is_setpoint = sent.action is Action.LIMIT  # which no contact confirms
        return [*received, Step.APPLIED, *(() if is_setpoint else (Step.CONTACT_CONFIRMED,))]
    is_in_part = reason in INTERLOCKS and set(stages or ()) < set(sent.stages)
    if is_contact_late or (phase is CommandPhase.FAILED and is_in_part):
        return [*received, Step.APPLIED]  # what it means is for the meters to say
    if step is Step.FAILED or sent != part.newest_hold:
        return []
    if phase is CommandPhase.FAILED:
        return [Step.FAILED]
    # one that came too late, or behind a newer counter, the desk sends anew
    return [] if reason in STALE or step is not Step.ISSUED else [Step.REJECTED]
