"""Follows the ledger's command and stage events into the steps of orders."""

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection, insert

from collector.evidence.downlink import Action
from collector.evidence.frame import INTERLOCKS, CommandPhase, Event, EventCode, Stream
from collector.ledger.flags import Flag, keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import AHEAD_MS, believable_ms
from collector.model.order import Step
from collector.orders import commands, rest, store
from collector.orders.order import Part, Sent, StepRecord
from collector.orders.progress import Progress
from collector.orders.sending import NOT_FOR_ME, STALE
from collector.storage.tables import stage_movement

log = structlog.get_logger()

_CONTACT, _SUPERSEDED, _LIMIT = "contact", "superseded", "limit"
_BOOT = "boot"
_ORDER = {EventCode.COMMAND: 0, EventCode.STAGE: 3}
"""Events that move orders, and which of their fields names the order."""
_PRELIMINARY = (CommandPhase.RECEIVED, CommandPhase.REFUSED)
_EFFECTIVE = (Step.APPLIED, Step.CONTACT_CONFIRMED, Step.VERIFIED, Step.REBOUNDED)


class OrderFollower:
    """A gateway's event moves its own part of an order only, and only along the table of steps."""

    name = "orders"
    stream = Stream.BILLING

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Answers of very many gateways come together: read, and written, together too."""
        events = list(_events(entries))
        wanted = (
            (event.detail[_ORDER[event.code]], entry.frame.gateway.hex())
            for entry, _, event in events
            if _ORDER[event.code] in event.detail
        )
        progress = Progress(connection, wanted)
        movements: list[dict[str, Any]] = []
        for entry, number, event in events:
            if event.code is EventCode.COMMAND:
                _take(connection, progress, event, entry)
            else:
                movements.append(_movement(number, event, entry))
                if _may_confirm(progress, event, entry):
                    _keep(connection, movements)
                    _confirm(connection, progress, event, entry)
        _keep(connection, movements)
        progress.keep()


def _events(entries: Sequence[Entry]) -> Iterator[tuple[Entry, int, Event]]:
    """Those that move orders, each with its number in its frame."""
    for entry in entries:
        for number, record in enumerate(entry.frame.records):
            if not isinstance(record, Event) or record.code not in _ORDER:
                continue
            if record.code is EventCode.COMMAND or record.detail[2] != _BOOT:
                yield entry, number, record


def _movement(number: int, event: Event, entry: Entry) -> dict[str, Any]:
    return {
        "position": entry.position,
        "record": number,
        "gateway": entry.frame.gateway.hex(),
        "stage": event.detail[0],
        "is_closed": bool(event.detail[1]),
        "at_ms": believable_ms(entry, entry.frame, event.at_ms),
        "cause": event.detail[2],
        "order_id": event.detail.get(3),
    }


def _keep(connection: Connection, movements: list[dict[str, Any]]) -> None:
    if movements:
        connection.execute(insert(stage_movement), movements)
        movements.clear()


def _may_confirm(progress: Progress, event: Event, entry: Entry) -> bool:
    """A contact that opens after its time completes the order that it was late for."""
    if event.detail[1] or 3 not in event.detail:
        return False
    part = progress.at(event.detail[3], entry.frame.gateway.hex())
    return part is not None and part.step is Step.APPLIED and part.cut.cap_w is None


def _confirm(connection: Connection, progress: Progress, event: Event, entry: Entry) -> None:
    """Once every contact is open."""
    where = (event.detail[3], entry.frame.gateway.hex())
    part = progress.at(*where)
    if part is None:
        return
    if all(rest.is_open(connection, part.cut.gateway, stage) for stage in part.cut.stages):
        at_ms = _believable(part, event, entry)
        record = StepRecord(Step.CONTACT_CONFIRMED, at_ms, entry.received_ms, entry.position, {})
        progress.take(where, [record])


def _take(connection: Connection, progress: Progress, event: Event, entry: Entry) -> None:
    identity, counter, phase = event.detail[0], event.detail[1], CommandPhase(event.detail[2])
    gateway, reason = entry.frame.gateway.hex(), event.detail.get(3)
    log.info(
        "gateway.command",
        gateway=gateway,
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
        commands.catch_up(connection, gateway, event.detail[5])
    part = progress.at(identity, gateway)
    if part is None:
        return
    sent = part.sent(counter)
    if sent is None or (is_unbelieved and not part.is_zones(sent)):
        return  # what is not for it may be another gateway's command
    where = (identity, gateway)
    if _is_news(sent, phase):
        progress.answer(where, counter, phase, reason)
    at_ms = _believable(part, event, entry)
    details = {"counter": counter}
    if at_ms != event.at_ms:
        details["device_at_ms"] = event.at_ms
        keep_flag(connection, entry.position, Flag.TIME_IMPOSSIBLE, f"event at {event.at_ms}")
    if reason is not None:
        details["reason"] = reason
    if reason == _SUPERSEDED and _is_anothers(connection, identity, part, sent):
        return  # a stronger order's: this one goes on
    records = [
        StepRecord(step, at_ms, entry.received_ms, entry.position, details)
        for step in _steps(part, sent, phase, reason, event.detail.get(4))
    ]
    progress.take(where, records)


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
