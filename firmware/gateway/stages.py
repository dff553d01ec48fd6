"""Curtailable stages: coils, their feedback contacts, and the way from one to the other.

A stage's coil is energised while the stage may be closed. Only *open* is ever re-asserted. What was
ordered open is durable before the coil moves, so that it stays open over a restart.
"""

from gateway import cbor

CLOSED, OPENING, OPEN, WAITING, CLOSING = range(5)
ORDER, PERMIT, DUE, CONTACT_OPEN, CONTACT_CLOSED, LATE = range(6)

DE_ENERGISE, ENERGISE, OPENED, NOT_OPENED, RESTORED, NOT_RESTORED = range(6)

# (state, input): (next state, what to do or tell). What is not listed changes nothing.
TRANSITIONS = {
    (CLOSED, ORDER): (OPENING, DE_ENERGISE),
    (OPENING, ORDER): (OPENING, DE_ENERGISE),
    (OPEN, ORDER): (OPENING, DE_ENERGISE),
    (WAITING, ORDER): (OPENING, DE_ENERGISE),
    (CLOSING, ORDER): (OPENING, DE_ENERGISE),
    (OPENING, CONTACT_OPEN): (OPEN, OPENED),
    (OPENING, LATE): (OPEN, NOT_OPENED),
    (OPENING, PERMIT): (WAITING, None),
    (OPEN, PERMIT): (WAITING, None),
    (WAITING, DUE): (CLOSING, ENERGISE),
    (CLOSING, CONTACT_CLOSED): (CLOSED, RESTORED),
    (CLOSING, LATE): (CLOSED, NOT_RESTORED),
}

_CELL = "stages"
_DEFAULT_RAMP = (10_000, 1_000)  # random offset, step between stages; ms


class Stage:
    """One stage. Times are of the clock's uptime, but `until_ms`, which is Unix time."""

    def __init__(self, config: dict, output, contact):
        self.id = config[0]
        self.output = output
        self.contact = contact
        self.min_off_ms = config[2]
        self.confirm_ms = config[4]
        self.state = CLOSED
        self.cause = "boot"  # of the contact's next change in the coil's direction
        self.order = None  # [order-id, counter] of the command that moved it last
        self.until_ms: int | None = None
        self.ramp = _DEFAULT_RAMP
        self.opened_at = 0
        self.due_at = 0
        self.late_at = 0
        self._closed: bool | None = None
        self._seen: bool | None = None
        self._seen_ms = 0

    def feed(self, what: int, uptime_ms: int):
        """Take one input; returns what to tell, or None."""
        self.state, act = TRANSITIONS.get((self.state, what), (self.state, None))
        if act == DE_ENERGISE:
            if self.output.energised():
                self.opened_at = uptime_ms
            self.output.energise(False)
        elif act == ENERGISE:
            self.output.energise(True)
        else:
            return act
        self.late_at = uptime_ms + self.confirm_ms
        return None

    def contact_change(self, now_ms: int):
        """(closed, since_ms, cause) when the contact has settled in a new position, else None."""
        closed = self.contact.closed()
        if closed != self._seen:
            self._seen = closed
            self._seen_ms = now_ms
            return None
        if closed == self._closed:
            return None
        first = self._closed is None
        self._closed = closed
        if first:
            return closed, self._seen_ms, "boot"
        cause = "local"
        if closed == self.output.energised():
            cause, self.cause = self.cause, "local"
        return closed, self._seen_ms, cause

    def contact_input(self):
        """The contact's settled position as an input, None before it is known."""
        if self._closed is None:
            return None
        return CONTACT_CLOSED if self._closed else CONTACT_OPEN

    def held(self) -> bool:
        return self.state in (OPENING, OPEN)


class Stages:
    """All stages.

    `tick` tells who listens: `on_contact(stage_id, closed, at_ms, cause, order)`,
    `on_result(stage_id, what, order)` and `on_expiry(stage_ids, order)`. An order is
    [order-id, counter], or None.
    """

    def __init__(self, stages, clock, journal, random):
        self._stages = {stage.id: stage for stage in stages}
        self._clock = clock
        self._journal = journal
        self._random = random

    def listen(self, listener) -> None:
        self._listener = listener

    def ids(self) -> list:
        return sorted(self._stages)

    def restore(self, boot_ramp) -> None:
        """After a start: what was ordered open stays so, the rest returns by its ramp."""
        uptime_ms = self._clock.uptime_ms()
        cell = self._journal.get_cell(_CELL)
        kept = cbor.decode(cell) if cell else {}
        returning = []
        for stage_id in self.ids():
            stage = self._stages[stage_id]
            held = False
            if stage_id in kept:
                held, stage.order, stage.until_ms, ramp, opened_ms = kept[stage_id]
                stage.ramp = tuple(ramp)
                if opened_ms is not None and self._clock.known():
                    stage.opened_at = uptime_ms - max(0, self._clock.now_ms() - opened_ms)
            if held:
                stage.feed(ORDER, uptime_ms)
            elif not stage.output.energised():
                stage.state = WAITING
                returning.append(stage)
            else:
                stage.order = None
        self._plan_return(returning, boot_ramp)

    def moving(self) -> list:
        """What is under way: [(stage id, opening, order), …] of the stages that obey an order."""
        return [
            (stage.id, stage.held(), stage.order)
            for stage in self._stages.values()
            if stage.order and stage.state != CLOSED
        ]

    def open(self, ids, order, until_ms, ramp) -> None:
        """Open now, durably. Raises what the journal raises when that cannot be."""
        stages = [self._stages[stage_id] for stage_id in ids]
        uptime_ms = self._clock.uptime_ms()
        self._save({stage.id: (True, order, until_ms, ramp or _DEFAULT_RAMP) for stage in stages})
        for stage in stages:
            stage.order = order
            stage.until_ms = until_ms
            stage.ramp = ramp or _DEFAULT_RAMP
            stage.cause = "command"
            stage.feed(ORDER, uptime_ms)

    def release(self, ids, order, ramp, cause="ramp") -> list:
        """Let stages close by the ramp. Returns the ids of those that will move."""
        stages = [self._stages[stage_id] for stage_id in ids]
        stages = [stage for stage in stages if stage.state not in (CLOSED, CLOSING)]
        uptime_ms = self._clock.uptime_ms()
        self._save({stage.id: (False, order, None, ramp or stage.ramp) for stage in stages})
        for stage in stages:
            stage.feed(PERMIT, uptime_ms)
            stage.order = order
            stage.until_ms = None
            stage.cause = cause
        self._plan_return(stages, ramp or (stages[0].ramp if stages else _DEFAULT_RAMP))
        return [stage.id for stage in stages]

    def tick(self) -> None:
        """Look at contacts and times; to be called every few tens of ms."""
        uptime_ms = self._clock.uptime_ms()
        now_ms = self._clock.now_ms()
        for stage in self._stages.values():
            change = stage.contact_change(now_ms)
            if change:
                closed, at_ms, cause = change
                order = stage.order if cause in ("command", "ramp", "expiry") else None
                self._listener.on_contact(stage.id, closed, at_ms, cause, order)
            if stage.state == WAITING and uptime_ms >= stage.due_at:
                self._tell(stage, DUE, uptime_ms)
            contact = stage.contact_input()
            if contact is not None:
                self._tell(stage, contact, uptime_ms)
            if stage.state in (OPENING, CLOSING) and uptime_ms >= stage.late_at:
                self._tell(stage, LATE, uptime_ms)
        self._expire()

    def _expire(self):
        """An order ends when its time is surely past.

        A clock that anybody else set, by NTP for one, must not end it, nor after a restart.
        """
        proven_ms = self._clock.proven_ms()
        for stage in self._stages.values():
            if not stage.held() or stage.until_ms is None:
                continue
            if proven_ms >= stage.until_ms:
                order = stage.order
                ids = [s.id for s in self._stages.values() if s.held() and s.order == order]
                self._listener.on_expiry(sorted(ids), order)
                self.release(sorted(ids), order, None, "expiry")
                return

    def _tell(self, stage, what, uptime_ms):
        result = stage.feed(what, uptime_ms)
        if result is not None:
            self._listener.on_result(stage.id, result, stage.order)

    def _plan_return(self, stages, ramp):
        """Close times: a random offset, then a step apart, none before its minimum off time."""
        max_offset_ms, step_ms = ramp
        at = self._clock.uptime_ms()
        if max_offset_ms:
            at += int.from_bytes(self._random(4), "big") % (max_offset_ms + 1)
        for stage in stages:
            at = max(at, stage.opened_at + stage.min_off_ms)
            stage.due_at = at
            at += step_ms

    def _save(self, changes):
        """Make durable which stages are to stay open; `changes` are (held, order, until, ramp)."""
        uptime_ms, now_ms = self._clock.uptime_ms(), self._clock.now_ms()
        kept = {}
        for stage in self._stages.values():
            if stage.id in changes:
                held, order, until_ms, ramp = changes[stage.id]
            elif stage.state != CLOSED:
                held, order, until_ms, ramp = (
                    stage.held(),
                    stage.order,
                    stage.until_ms,
                    stage.ramp,
                )
            else:
                continue
            opened_ms = None
            if self._clock.known():
                off_ms = 0 if stage.output.energised() else uptime_ms - stage.opened_at
                opened_ms = now_ms - off_ms
            kept[stage.id] = [held, order, until_ms, list(ramp), opened_ms]
        self._journal.put_cell(_CELL, cbor.encode(kept))
