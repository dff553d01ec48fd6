"""Curtailable stages: what each does about each input, as a table, and who holds it open.

Only *open* is ever re-asserted. Nothing closes but by a permit whose turn has come, while no
interlock is set. docs/stages.md shows the table and its diagram. What was ordered open is durable
before anything moves, so that it stays open over a restart.

A stage may be open for several owners at once: the newest order, the gateway's own limit, a
setpoint. It closes when the last of them lets go.

All of it stands in one file: of names that two files know the heap has no room for more.
"""

from micropython import const

from gateway import cbor

_CELL = "stages"
_LATCHED_CELL = "opened by other"

# The states, as the table names them.
_CLOSED = const(0)
_STOPPING = const(1)  # the miners are asked to stop before their supply is cut
_OPENING = const(2)
_OPEN = const(3)
_WAITING = const(4)  # for its turn, or for interlocks
_CLOSING = const(5)
_OFFERED = const(6)  # a person may close it
_BARRED = const(7)  # selector in LOCAL, or locked out: nothing is done from here

# The inputs, a column each.
_ORDER = const(0)
_PERMIT = const(1)
_STOPPED = const(2)
_DUE = const(3)
_OFFER = const(4)
_CONTACT_OPEN = const(5)
_CONTACT_CLOSED = const(6)
_LATE = const(7)
_BLOCK = const(8)
_BAR = const(9)
_LOCK = const(10)
_FREE = const(11)
_INPUTS = const(12)
_CELL_BYTES = const(3)
_HINDERED_AGAIN_MS = const(1_000)

# The next state, and what is done or told:
#   s asks the miners to stop    o opens    a opens again    c closes    f lets a person close
#   d leaves its output as if open    x does, and latches `opened_by_other`
#   O opened    N not opened    R restored    M not restored    ! hindered, are told
_TABLE = (
    # ORDER PERMIT STOPPED DUE OFFER OPEN CLOSED LATE BLOCK BAR LOCK FREE
    b"1s .. .. .. .. 4x .. .. .. 7. .. .. "  # CLOSED
    b"1. 4. 2o .. .. 2o .. .. .. 7! .. .. "  # STOPPING
    b"2o 4. .. .. .. 3O .. 3N .. 7! .. .. "  # OPENING
    b"2o 4. .. .. .. .. 3a .. .. 7. .. .. "  # OPEN
    b"1s .. .. 5c 6f .. .. .. 4! 7! .. .. "  # WAITING
    b"1s .. .. .. .. .. 0R 0M 4d 7! .. .. "  # CLOSING
    b"1s .. .. .. .. .. 0R .. 4d 7! .. .. "  # OFFERED
    b"7! 7! .. .. .. 7d .. .. .. .. 7d 4. "  # BARRED
)
_NOTHING = const(0x2E)
_ZERO = const(0x30)
_STOP = const(0x73)
_OPEN_IT = const(0x6F)
_OPEN_AGAIN = const(0x61)
_CLOSE_IT = const(0x63)
_LET_CLOSE = const(0x66)
_DROP = const(0x64)
_LATCH = const(0x78)
_HINDERED = const(0x21)
# What hindered it is gone: an order that failed opens, or closes, the stage after all.
_OPENS_YET = _OPEN_IT
_CLOSES_YET = _CLOSE_IT

# Interlocks, a bit each, and their words in the order of the bits.
_LOCAL = const(1)
_LOCKED_OUT = const(2)
_TRIPPED = const(4)
_OPENED_BY_OTHER = const(8)
_BARS = const(3)
_INTERLOCK_EVENT = const(18)

# A return slot begins at its time, and a stage closes within so long of it.
_SLOT_MS = const(2_000)
# A clock that is not known is waited for; then slots count from the start.
_FOR_CLOCK_MS = const(60_000)
# An end that came so long ago was not seen to come: the gateway was off, or did not know the time.
_LATE_END_MS = const(2_000)

_DEFAULT_RAMP = (10_000, 1_000)  # random offset, step between stages; ms


def _words(interlocks: int) -> list:
    # One text: as four each would be a name in the heap's pools.
    words = "local locked_out tripped opened_by_other".split()  # noqa: SIM905
    return [word for bit, word in enumerate(words) if interlocks >> bit & 1]


class Stage:
    """Times are of the clock's uptime, but `until_ms`, which is Unix time.

    `equipment` is None where there is a coil and nothing else.
    """

    def __init__(self, config: dict, output, contact, equipment=None):
        self.id = config[0]
        self.output = output
        self.contact = contact
        self.equipment = equipment
        self.min_off_ms = config[2]
        self.confirm_ms = config[4]
        self.state = _CLOSED
        self.interlocks = 0
        self.told = 0  # a result that nobody was told yet
        self.cause = "boot"  # of the contact's next change in the direction that is wanted
        self.order = None  # [order-id, counter] of the command that moved it last
        self.held = False  # an order holds it open
        self.limits = 0  # the owners beside orders that do, a bit each
        self.until_ms: int | None = None
        self.ramp = _DEFAULT_RAMP
        self.slot = config.get(10)  # [cycle, offset], ms
        self.lost = False  # nobody planned when it returns: it waits for its slot
        self.opened_at = 0
        self.due_at = 0
        self.late_at = 0
        self.closed: bool | None = None  # the contact, settled
        self._seen: bool | None = None
        self._seen_ms = 0

    def feed(self, what: int, uptime_ms: int) -> None:
        """Take one input. What it leads to is done now, and what is to be told is in `told`."""
        at = (self.state * _INPUTS + what) * _CELL_BYTES
        if _TABLE[at] == _NOTHING:
            return
        self.state = _TABLE[at] - _ZERO
        act = _TABLE[at + 1]
        if act == _STOP:
            self._stop(uptime_ms)
        elif act == _OPEN_IT:
            self._open(uptime_ms)
        elif act == _OPEN_AGAIN:
            if self.equipment:
                self.equipment.open(uptime_ms, self.confirm_ms)
        elif act in (_CLOSE_IT, _LET_CLOSE):
            if self.equipment:
                self.equipment.run()
            self._allow(True)
            self.late_at = uptime_ms + self.confirm_ms
        elif act in (_DROP, _LATCH):
            self._allow(False)
            if act == _LATCH:
                self.interlocks |= _OPENED_BY_OTHER
                self.order = None
        elif act != _NOTHING:
            self.told = act

    def _stop(self, uptime_ms):
        self.late_at = uptime_ms
        if self.equipment and self.closed:
            self.late_at += self.equipment.stop()
        if self.late_at == uptime_ms:
            self.feed(_STOPPED, uptime_ms)

    def _open(self, uptime_ms):
        if self.output.energised() or self.closed:
            self.opened_at = uptime_ms
        self._allow(False)
        if self.equipment and self.contact.closed():
            self.equipment.open(uptime_ms, 0)
        self.late_at = uptime_ms + self.confirm_ms

    def _allow(self, closed):
        """What holds the stage open, or lets it be closed: a coil, a release, or a permission."""
        if self.equipment:
            self.equipment.energise(closed)
        else:
            self.output.energise(closed)

    def is_allowed(self) -> bool:
        """Whether nothing of the gateway's keeps it from being closed."""
        return self.equipment.energised(self.contact) if self.equipment else self.output.energised()

    def contact_change(self, now_ms: int):
        """(closed, since_ms, cause) when the contact has settled in a new position, else None."""
        closed = self.contact.closed()
        if closed != self._seen:
            self._seen = closed
            self._seen_ms = now_ms
            return None
        if closed == self.closed:
            return None
        first = self.closed is None
        self.closed = closed
        if first:
            return closed, self._seen_ms, "boot"
        cause = "local"
        if self.state != _BARRED and closed == (self.state in (_CLOSED, _CLOSING, _OFFERED)):
            cause, self.cause = self.cause, "local"
        return closed, self._seen_ms, cause

    def contact_input(self):
        """The contact's settled position as an input, None while it is not known or says nothing.

        Without equipment that could clear the latch, a contact that others opened is only told.
        """
        if self.closed is None:
            return None
        if self.closed:
            return _CONTACT_CLOSED
        if self.state != _CLOSED:
            return _CONTACT_OPEN
        return self.equipment.map(_CONTACT_OPEN) if self.equipment else None

    def is_due(self, uptime_ms: int, now_ms: int) -> bool:
        """Whether its turn has come, and a pulse that opens it has had its effect.

        `now_ms`: the time by which slots count.
        """
        if self.state != _WAITING or uptime_ms < self.due_at:
            return False
        if self.lost:
            cycle_ms, offset_ms = self.slot  # type: ignore[misc]
            if now_ms < 0 or (now_ms - offset_ms) % cycle_ms >= _SLOT_MS:
                return False
        return self.closed is False or uptime_ms >= self.late_at

    def due_input(self, uptime_ms: int) -> int:
        """When its turn has come; with interlocks it comes again."""
        if self.interlocks:
            self.due_at = uptime_ms + _HINDERED_AGAIN_MS
            return _BLOCK
        return self.equipment.map(_DUE) if self.equipment else _DUE

    def is_free(self) -> bool:
        """Whether nobody holds it open."""
        return not (self.held or self.limits)

    def is_held(self) -> bool:
        return self.state in (_STOPPING, _OPENING, _OPEN)

    def is_returning(self) -> bool:
        return self.state in (_WAITING, _CLOSING, _OFFERED)

    def is_off(self) -> bool:
        return self.state not in (_CLOSED, _STOPPING, _CLOSING, _OFFERED)


class Stages:
    """All stages.

    `tick` tells who listens: `on_contact(stage_id, closed, at_ms, cause, order)`,
    `on_result(stage_id, what, order, reason)`, where `what` is a letter of the table, also when
    what hindered an order is gone, `on_expiry(stage_ids, moving, order)`, and `event(code, body)`
    of interlocks; `limit` tells `on_limit(stage_ids)` of those that were on their way back. An
    order is [order-id, counter], or None.
    """

    def __init__(self, stages_, clock, journal, random):
        self._stages = {stage.id: stage for stage in stages_}
        self._clock = clock
        self._journal = journal
        self._random = random

    def listen(self, listener) -> None:
        self._listener = listener

    def ids(self) -> list:
        return sorted(self._stages)

    def restore(self, ramp, lost: bool) -> None:
        """After a start: what was ordered open stays so, the rest returns by its ramp.

        `lost`: the supply was, for long, so that every stage starts open.
        """
        uptime_ms = self._clock.uptime_ms()
        cell = self._journal.get_cell(_CELL)
        kept = cbor.decode(cell) if cell else {}
        cell = self._journal.get_cell(_LATCHED_CELL) or b""
        moving = []
        for stage_id in self.ids():
            stage = self._stages[stage_id]
            if stage_id in kept:
                stage.held, stage.order, stage.until_ms, stage.ramp, opened_ms = kept[stage_id][:5]
                stage.limits = sum(kept[stage_id][5:])
                if opened_ms is not None and self._clock.known():
                    stage.opened_at = uptime_ms - max(0, self._clock.now_ms() - opened_ms)
            if stage.equipment:
                latched = _OPENED_BY_OTHER if stage_id in cell else 0
                stage.interlocks = stage.equipment.check(latched, None, True)
                self._tell_interlocks(stage)
            if stage.interlocks & _BARS:
                stage.state = _BARRED
            elif not stage.is_free():
                stage.feed(_ORDER, uptime_ms)
            elif lost:
                stage.feed(_ORDER, uptime_ms)
                stage.feed(_PERMIT, uptime_ms)
                moving.append(stage)
            elif not stage.is_allowed():
                stage.state = _WAITING
                moving.append(stage)
            else:
                stage.order = None
        self._plan_return(moving, ramp, True)

    def moving(self) -> list:
        """What is under way: [(stage id, opening, order), …] of the stages that obey an order."""
        return [
            (stage.id, not stage.is_free(), stage.order)
            for stage in self._stages.values()
            if stage.order and stage.state != _CLOSED and (stage.held or not stage.limits)
        ]

    def is_free(self) -> bool:
        """Whether none is held open, and none moves; where it is a person's turn, none does."""
        return all(
            stage.is_free() and (stage.interlocks or stage.state in (_CLOSED, _OFFERED, _BARRED))
            for stage in self._stages.values()
        )

    def limited(self, owner: int) -> list:
        """Those that an owner beside orders holds open."""
        return [stage_id for stage_id in self.ids() if self._stages[stage_id].limits & owner]

    def are_back(self, ids) -> bool:
        """Whether each is closed, or somebody else's to close."""
        returned = [self._stages[stage_id] for stage_id in ids]
        return all(stage.state == _CLOSED or not stage.is_free() for stage in returned)

    def limit(self, ids, owner: int, order) -> None:
        """Hold open for an owner beside orders, durably, whatever orders say."""
        limited = [self._stages[stage_id] for stage_id in ids]
        self._listener.on_limit([stage.id for stage in limited if stage.is_returning()])
        for stage in limited:
            stage.limits |= owner
            if not stage.held:
                stage.order = order
        self._save({})
        uptime_ms = self._clock.uptime_ms()
        for stage in limited:
            if not stage.is_held():
                stage.cause = "limit"
                stage.feed(_ORDER, uptime_ms)

    def unlimit(self, ids, owner: int, ramp, order) -> None:
        """The owner lets go: what nobody else holds open closes in its slot, or by the ramp."""
        moving = [self._stages[stage_id] for stage_id in ids]
        for stage in moving:
            stage.limits &= ~owner
        moving = [stage for stage in moving if stage.is_free() and stage.is_held()]
        for stage in moving:
            stage.order = order
        self._save({})
        self._permit(moving, "limit", ramp, True)

    def open(self, ids, order, until_ms, ramp) -> None:
        """Open now, durably. Raises what the journal raises when that cannot be."""
        opening = [self._stages[stage_id] for stage_id in ids]
        uptime_ms = self._clock.uptime_ms()
        ramp = ramp or _DEFAULT_RAMP
        self._save({stage.id: (True, order, until_ms, ramp) for stage in opening})
        for stage in opening:
            stage.order = order
            stage.held = True
            stage.until_ms = until_ms
            stage.ramp = ramp
            stage.cause = "command"
            stage.feed(_ORDER, uptime_ms)

    def release(self, ids, order, ramp, cause="ramp", lost=False) -> list:
        """No order holds them open any more: they close by the ramp, unless somebody else does.

        `lost`: the moment that was planned is; whoever has a slot waits for that. Returns the ids
        of those that will move.
        """
        moving = [self._stages[stage_id] for stage_id in ids]
        moving = [stage for stage in moving if _can_return(stage)]
        self._save({stage.id: (False, order, None, ramp or stage.ramp) for stage in moving})
        for stage in moving:
            stage.order = order
            stage.held = False
            stage.until_ms = None
        moving = [stage for stage in moving if stage.is_free()]
        ramp = ramp or (moving[0].ramp if moving else _DEFAULT_RAMP)
        self._permit(moving, cause, ramp, lost)
        return [stage.id for stage in moving]

    def _permit(self, moving, cause, ramp, lost):
        uptime_ms = self._clock.uptime_ms()
        for stage in moving:
            stage.feed(_PERMIT, uptime_ms)
            stage.cause = cause
        self._plan_return(moving, ramp, lost)

    def tick(self) -> None:
        """Look at contacts, interlocks and times; to be called every few tens of ms."""
        uptime_ms = self._clock.uptime_ms()
        now_ms = self._clock.now_ms()
        slot_ms = now_ms if self._clock.known() else uptime_ms - _FOR_CLOCK_MS
        for stage in self._stages.values():
            change = stage.contact_change(now_ms)
            if change:
                closed, at_ms, cause = change
                if not closed and cause != "boot":
                    stage.opened_at = uptime_ms
                order = stage.order if cause in ("command", "ramp", "expiry", "limit") else None
                self._listener.on_contact(stage.id, closed, at_ms, cause, order)
            if stage.equipment:
                self._look_at_equipment(stage, uptime_ms)
            if stage.told:
                self._tell_result(stage)
            if stage.is_due(uptime_ms, slot_ms):
                self._tell(stage, stage.due_input(uptime_ms), uptime_ms)
            contact = stage.contact_input()
            if contact is not None:
                self._tell(stage, contact, uptime_ms)
            if uptime_ms >= stage.late_at:
                if stage.state == _STOPPING:
                    self._tell(stage, _STOPPED, uptime_ms)
                elif stage.state in (_OPENING, _CLOSING):
                    self._tell(stage, _LATE, uptime_ms)
        self._expire()

    def _look_at_equipment(self, stage, uptime_ms):
        off_ms = uptime_ms - stage.opened_at if stage.is_off() and stage.closed is False else None
        stage.equipment.tick(uptime_ms, off_ms)
        before = stage.interlocks
        after = stage.interlocks = stage.equipment.check(before, stage.closed)
        if after == before:
            return
        self._tell_interlocks(stage)
        came, bars = after & ~before, _BARS
        if after & bars and not before & bars:
            self._tell(stage, _BAR, uptime_ms)
        elif before & bars and not after & bars:
            self._free(stage, uptime_ms)
        elif not after and stage.state == _WAITING:
            self._return(stage)
        if came & _LOCKED_OUT:
            self._tell(stage, _LOCK, uptime_ms)
        if came & _TRIPPED:
            self._tell(stage, _BLOCK, uptime_ms)

    def _free(self, stage, uptime_ms):
        """Nothing bars it any more: it opens if it is to be open, and else returns by its ramp."""
        stage.feed(_FREE, uptime_ms)
        if not stage.is_free():
            if stage.held:
                self._listener.on_result(stage.id, _OPENS_YET, stage.order, None)
            stage.cause = "command" if stage.held else "limit"
            stage.feed(_ORDER, uptime_ms)
        elif not stage.interlocks:
            self._return(stage)
            if stage.closed and stage.is_allowed():
                stage.due_at, stage.lost = uptime_ms, False  # nothing moves

    def _return(self, stage):
        """What hindered it is gone."""
        if stage.order:
            self._listener.on_result(stage.id, _CLOSES_YET, stage.order, None)
        stage.cause = "ramp"
        self._plan_return([stage], stage.ramp, True)

    def _tell_interlocks(self, stage):
        """Keep what is latched, and say what is set."""
        latched = [s.id for s in self._stages.values() if s.interlocks & _OPENED_BY_OTHER]
        try:
            self._journal.put_cell(_LATCHED_CELL, bytes(latched))
        except (OSError, ValueError):
            pass  # flash that fails makes no stage close
        self._listener.event(_INTERLOCK_EVENT, {0: stage.id, 1: _words(stage.interlocks)})

    def _expire(self):
        """An order ends when its time is surely past.

        A clock that anybody else set, by NTP for one, must not end it, nor after a restart.
        """
        proven_ms = self._clock.proven_ms()
        for stage in self._stages.values():
            if not stage.held or stage.until_ms is None:
                continue
            if proven_ms >= stage.until_ms:
                order = stage.order
                ids = [s.id for s in self._stages.values() if s.held and s.order == order]
                is_late = proven_ms - stage.until_ms >= _LATE_END_MS
                moving = self.release(sorted(ids), order, None, "expiry", is_late)
                self._listener.on_expiry(sorted(ids), moving, order)
                return

    def _tell(self, stage, what, uptime_ms):
        before = stage.interlocks
        stage.feed(what, uptime_ms)
        if stage.interlocks != before:
            self._tell_interlocks(stage)
        if stage.told:
            self._tell_result(stage)

    def _tell_result(self, stage):
        told, stage.told = stage.told, 0
        reason = _words(stage.interlocks)[0] if told == _HINDERED else "contact"
        if stage.order:
            self._listener.on_result(stage.id, told, stage.order, reason)

    def _plan_return(self, moving, ramp, lost):
        """Close times: a random offset, then a step apart, none before its minimum off time.

        `lost`: nobody planned for this, so whoever has a slot waits for that instead.
        """
        max_offset_ms, step_ms = ramp
        uptime_ms = at = self._clock.uptime_ms()
        if max_offset_ms:
            at += int.from_bytes(self._random(4), "big") % (max_offset_ms + 1)
        for stage in moving:
            rested_at = stage.opened_at + stage.min_off_ms
            stage.lost = lost and stage.slot is not None
            if stage.lost:
                stage.due_at = max(uptime_ms, rested_at)
                continue
            at = max(at, rested_at)
            stage.due_at = at
            at += step_ms

    def _save(self, changes):
        """Make durable what orders say of stages; `changes` are (held, order, until, ramp)."""
        uptime_ms, now_ms = self._clock.uptime_ms(), self._clock.now_ms()
        kept = {}
        for stage in self._stages.values():
            if stage.id in changes:
                held, order, until_ms, ramp = changes[stage.id]
            elif stage.state != _CLOSED or stage.limits:
                held, order, until_ms, ramp = (
                    stage.held,
                    stage.order,
                    stage.until_ms,
                    stage.ramp,
                )
            else:
                continue
            opened_ms = None
            if self._clock.known():
                off_ms = uptime_ms - stage.opened_at if stage.is_off() else 0
                opened_ms = now_ms - off_ms
            kept[stage.id] = [held, order, until_ms, list(ramp), opened_ms, stage.limits]
        self._journal.put_cell(_CELL, cbor.encode(kept))


def _can_return(stage):
    if stage.state == _BARRED:
        return stage.held
    return stage.state not in (_CLOSED, _CLOSING)
