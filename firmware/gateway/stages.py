"""Curtailable stages: coils, their feedback contacts, and the way from one to the other.

A stage's coil is energised while the stage may be closed. Only *open* is ever re-asserted. What was
ordered open is durable before the coil moves, so that it stays open over a restart.

A stage may be open for several owners at once: the newest order, the gateway's own limit, a
setpoint. It closes when the last of them lets go.
"""

from micropython import const

from gateway import cbor

# The states of a stage.
_CLOSED = const(0)
_OPENING = const(1)
_OPEN = const(2)
_WAITING = const(3)
_CLOSING = const(4)

# Its inputs.
_ORDER = const(0)
_PERMIT = const(1)
_DUE = const(2)
_CONTACT_OPEN = const(3)
_CONTACT_CLOSED = const(4)
_LATE = const(5)

# What a transition does, or tells.
_NOTHING = const(0)
_DE_ENERGISE = const(1)
_ENERGISE = const(2)
OPENED = const(3)
NOT_OPENED = const(4)
RESTORED = const(5)
NOT_RESTORED = const(6)

# state × 8 + input: next state × 8 + what it does or tells. What is not listed changes nothing.
_TRANSITIONS = {
    _CLOSED << 3 | _ORDER: _OPENING << 3 | _DE_ENERGISE,
    _OPENING << 3 | _ORDER: _OPENING << 3 | _DE_ENERGISE,
    _OPEN << 3 | _ORDER: _OPENING << 3 | _DE_ENERGISE,
    _WAITING << 3 | _ORDER: _OPENING << 3 | _DE_ENERGISE,
    _CLOSING << 3 | _ORDER: _OPENING << 3 | _DE_ENERGISE,
    _OPENING << 3 | _CONTACT_OPEN: _OPEN << 3 | OPENED,
    _OPENING << 3 | _LATE: _OPEN << 3 | NOT_OPENED,
    _OPENING << 3 | _PERMIT: _WAITING << 3 | _NOTHING,
    _OPEN << 3 | _PERMIT: _WAITING << 3 | _NOTHING,
    _WAITING << 3 | _DUE: _CLOSING << 3 | _ENERGISE,
    _CLOSING << 3 | _CONTACT_CLOSED: _CLOSED << 3 | RESTORED,
    _CLOSING << 3 | _LATE: _CLOSED << 3 | NOT_RESTORED,
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
        self.state = _CLOSED
        self.cause = "boot"  # of the contact's next change in the coil's direction
        self.order = None  # [order-id, counter] of the command that moved it last
        self.ordered = False  # an order holds it open
        self.limits = 0  # the owners beside orders that do, a bit each
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
        after = _TRANSITIONS.get(self.state << 3 | what, self.state << 3)
        self.state = after >> 3
        act = after & 7
        if act == _DE_ENERGISE:
            if self.output.energised():
                self.opened_at = uptime_ms
            self.output.energise(False)
        elif act == _ENERGISE:
            self.output.energise(True)
        else:
            return act or None
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
        return _CONTACT_CLOSED if self._closed else _CONTACT_OPEN

    def held(self) -> bool:
        return self.state in (_OPENING, _OPEN)

    def is_free(self) -> bool:
        """Whether nobody holds it open."""
        return not (self.ordered or self.limits)


class Stages:
    """All stages.

    `tick` tells who listens: `on_contact(stage_id, closed, at_ms, cause, order)`,
    `on_result(stage_id, what, order)` and `on_expiry(stage_ids, moving, order)`; `limit` tells
    `on_limit(stage_ids)` of those that were on their way back. An order is [order-id, counter], or
    None.
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
            if stage_id in kept:
                stage.ordered, stage.order, stage.until_ms, ramp, opened_ms = kept[stage_id][:5]
                stage.limits = sum(kept[stage_id][5:])
                stage.ramp = tuple(ramp)
                if opened_ms is not None and self._clock.known():
                    stage.opened_at = uptime_ms - max(0, self._clock.now_ms() - opened_ms)
            if not stage.is_free():
                stage.feed(_ORDER, uptime_ms)
            elif not stage.output.energised():
                stage.state = _WAITING
                returning.append(stage)
            else:
                stage.order = None
        self._plan_return(returning, boot_ramp)

    def moving(self) -> list:
        """What is under way: [(stage id, opening, order), …] of the stages that obey an order."""
        return [
            (stage.id, stage.held(), stage.order)
            for stage in self._stages.values()
            if stage.order and stage.state != _CLOSED and (stage.ordered or not stage.limits)
        ]

    def limited(self, owner: int) -> list:
        """Those that an owner beside orders holds open."""
        return [stage_id for stage_id in self.ids() if self._stages[stage_id].limits & owner]

    def are_back(self, ids) -> bool:
        """Whether each is closed, or somebody else's to close."""
        stages = [self._stages[stage_id] for stage_id in ids]
        return all(stage.state == _CLOSED or not stage.is_free() for stage in stages)

    def limit(self, ids, owner: int, order) -> None:
        """Hold open for an owner beside orders, durably, whatever orders say."""
        stages = [self._stages[stage_id] for stage_id in ids]
        self._listener.on_limit([s.id for s in stages if s.state in (_WAITING, _CLOSING)])
        for stage in stages:
            stage.limits |= owner
            if not stage.ordered:
                stage.order = order
        self._save({})
        uptime_ms = self._clock.uptime_ms()
        for stage in stages:
            if not stage.held():
                stage.cause = "limit"
                stage.feed(_ORDER, uptime_ms)

    def unlimit(self, ids, owner: int, ramp, order) -> None:
        """The owner lets go: what nobody else holds open closes by the ramp."""
        stages = [self._stages[stage_id] for stage_id in ids]
        for stage in stages:
            stage.limits &= ~owner
        stages = [stage for stage in stages if stage.is_free() and stage.held()]
        for stage in stages:
            stage.order = order
        self._save({})
        self._permit(stages, "limit", ramp)

    def open(self, ids, order, until_ms, ramp) -> None:
        """Open now, durably. Raises what the journal raises when that cannot be."""
        stages = [self._stages[stage_id] for stage_id in ids]
        uptime_ms = self._clock.uptime_ms()
        self._save({stage.id: (True, order, until_ms, ramp or _DEFAULT_RAMP) for stage in stages})
        for stage in stages:
            stage.order = order
            stage.ordered = True
            stage.until_ms = until_ms
            stage.ramp = ramp or _DEFAULT_RAMP
            stage.cause = "command"
            stage.feed(_ORDER, uptime_ms)

    def release(self, ids, order, ramp, cause="ramp") -> list:
        """No order holds them open any more: they close by the ramp, unless somebody else does.

        Returns the ids of those that will move.
        """
        stages = [self._stages[stage_id] for stage_id in ids]
        stages = [stage for stage in stages if stage.state not in (_CLOSED, _CLOSING)]
        self._save({stage.id: (False, order, None, ramp or stage.ramp) for stage in stages})
        for stage in stages:
            stage.order = order
            stage.ordered = False
            stage.until_ms = None
        stages = [stage for stage in stages if stage.is_free()]
        self._permit(stages, cause, ramp or (stages[0].ramp if stages else _DEFAULT_RAMP))
        return [stage.id for stage in stages]

    def _permit(self, stages, cause, ramp):
        uptime_ms = self._clock.uptime_ms()
        for stage in stages:
            stage.feed(_PERMIT, uptime_ms)
            stage.cause = cause
        self._plan_return(stages, ramp)

    def tick(self) -> None:
        """Look at contacts and times; to be called every few tens of ms."""
        uptime_ms = self._clock.uptime_ms()
        now_ms = self._clock.now_ms()
        for stage in self._stages.values():
            change = stage.contact_change(now_ms)
            if change:
                closed, at_ms, cause = change
                order = stage.order if cause in ("command", "ramp", "expiry", "limit") else None
                self._listener.on_contact(stage.id, closed, at_ms, cause, order)
            if stage.state == _WAITING and uptime_ms >= stage.due_at:
                self._tell(stage, _DUE, uptime_ms)
            contact = stage.contact_input()
            if contact is not None:
                self._tell(stage, contact, uptime_ms)
            if stage.state in (_OPENING, _CLOSING) and uptime_ms >= stage.late_at:
                self._tell(stage, _LATE, uptime_ms)
        self._expire()

    def _expire(self):
        """An order ends when its time is surely past.

        A clock that anybody else set, by NTP for one, must not end it, nor after a restart.
        """
        proven_ms = self._clock.proven_ms()
        for stage in self._stages.values():
            if not stage.ordered or stage.until_ms is None:
                continue
            if proven_ms >= stage.until_ms:
                order = stage.order
                ids = [s.id for s in self._stages.values() if s.ordered and s.order == order]
                moving = self.release(sorted(ids), order, None, "expiry")
                self._listener.on_expiry(sorted(ids), moving, order)
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
        """Make durable which stages stay open; `changes` are (ordered, order, until, ramp)."""
        uptime_ms, now_ms = self._clock.uptime_ms(), self._clock.now_ms()
        kept = {}
        for stage in self._stages.values():
            if stage.id in changes:
                ordered, order, until_ms, ramp = changes[stage.id]
            elif stage.state != _CLOSED or stage.limits:
                ordered, order, until_ms, ramp = (
                    stage.ordered,
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
            kept[stage.id] = [ordered, order, until_ms, list(ramp), opened_ms, stage.limits]
        self._journal.put_cell(_CELL, cbor.encode(kept))
