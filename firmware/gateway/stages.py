"""Curtailable stages: who holds them open, how they return, and what is told of them.

What was ordered open is durable before anything moves, so that it stays open over a restart.

A stage may be open for several owners at once: the newest order, the gateway's own limit, a
setpoint. It closes when the last of them lets go.
"""

from gateway import cbor, switch

_CELL = "stages"
_LATCHED_CELL = "opened by other"


class Stages:
    """All stages.

    `tick` tells who listens: `on_contact(stage_id, closed, at_ms, cause, order)`,
    `on_result(stage_id, what, order, reason)`, `on_resumed(stage_id, opening, order)` when what
    hindered an order is gone, `on_expiry(stage_ids, moving, order)` and `on_interlocks(stage_id,
    at_ms, words)`; `limit` tells `on_limit(stage_ids)` of those that were on their way back. An
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

    def restore(self, boot_ramp, was_long_off: bool) -> None:
        """After a start: what was ordered open stays so, the rest returns by its ramp.

        `was_long_off`: the supply was, so that every stage starts open.
        """
        uptime_ms = self._clock.uptime_ms()
        cell = self._journal.get_cell(_CELL)
        kept = cbor.decode(cell) if cell else {}
        cell = self._journal.get_cell(_LATCHED_CELL) or b""
        returning = []
        for stage_id in self.ids():
            stage = self._stages[stage_id]
            if stage_id in kept:
                stage.ordered, stage.order, stage.until_ms, ramp, opened_ms = kept[stage_id][:5]
                stage.limits = sum(kept[stage_id][5:])
                stage.ramp = tuple(ramp)
                if opened_ms is not None and self._clock.known():
                    stage.opened_at = uptime_ms - max(0, self._clock.now_ms() - opened_ms)
            if stage.equipment:
                latched = switch.OPENED_BY_OTHER if stage_id in cell else 0
                stage.interlocks = stage.equipment.look(latched, None, True)
                self._tell_interlocks(stage)
            if stage.interlocks & switch.BARS:
                stage.state = switch.BARRED
            elif not stage.is_free():
                stage.feed(switch.ORDER, uptime_ms)
            elif was_long_off:
                stage.feed(switch.ORDER, uptime_ms)
                stage.feed(switch.PERMIT, uptime_ms)
                returning.append(stage)
            elif not stage.is_allowed():
                stage.state = switch.WAITING
                returning.append(stage)
            else:
                stage.order = None
        self._plan_return(returning, boot_ramp)

    def moving(self) -> list:
        """What is under way: [(stage id, opening, order), …] of the stages that obey an order."""
        return [
            (stage.id, not stage.is_free(), stage.order)
            for stage in self._stages.values()
            if stage.order and stage.state != switch.CLOSED and (stage.ordered or not stage.limits)
        ]

    def limited(self, owner: int) -> list:
        """Those that an owner beside orders holds open."""
        return [stage_id for stage_id in self.ids() if self._stages[stage_id].limits & owner]

    def are_back(self, ids) -> bool:
        """Whether each is closed, or somebody else's to close."""
        returned = [self._stages[stage_id] for stage_id in ids]
        return all(stage.state == switch.CLOSED or not stage.is_free() for stage in returned)

    def limit(self, ids, owner: int, order) -> None:
        """Hold open for an owner beside orders, durably, whatever orders say."""
        limited = [self._stages[stage_id] for stage_id in ids]
        self._listener.on_limit([stage.id for stage in limited if stage.is_returning()])
        for stage in limited:
            stage.limits |= owner
            if not stage.ordered:
                stage.order = order
        self._save({})
        uptime_ms = self._clock.uptime_ms()
        for stage in limited:
            if not stage.is_held():
                stage.cause = "limit"
                stage.feed(switch.ORDER, uptime_ms)

    def unlimit(self, ids, owner: int, ramp, order) -> None:
        """The owner lets go: what nobody else holds open closes by the ramp."""
        returning = [self._stages[stage_id] for stage_id in ids]
        for stage in returning:
            stage.limits &= ~owner
        returning = [stage for stage in returning if stage.is_free() and stage.is_held()]
        for stage in returning:
            stage.order = order
        self._save({})
        self._permit(returning, "limit", ramp)

    def open(self, ids, order, until_ms, ramp) -> None:
        """Open now, durably. Raises what the journal raises when that cannot be."""
        opening = [self._stages[stage_id] for stage_id in ids]
        uptime_ms = self._clock.uptime_ms()
        ramp = ramp or switch.DEFAULT_RAMP
        self._save({stage.id: (True, order, until_ms, ramp) for stage in opening})
        for stage in opening:
            stage.order = order
            stage.ordered = True
            stage.until_ms = until_ms
            stage.ramp = ramp
            stage.cause = "command"
            stage.feed(switch.ORDER, uptime_ms)

    def release(self, ids, order, ramp, cause="ramp") -> list:
        """No order holds them open any more: they close by the ramp, unless somebody else does.

        Returns the ids of those that will move.
        """
        returning = [self._stages[stage_id] for stage_id in ids]
        returning = [stage for stage in returning if _can_return(stage)]
        self._save({stage.id: (False, order, None, ramp or stage.ramp) for stage in returning})
        for stage in returning:
            stage.order = order
            stage.ordered = False
            stage.until_ms = None
        returning = [stage for stage in returning if stage.is_free()]
        self._permit(
            returning, cause, ramp or (returning[0].ramp if returning else switch.DEFAULT_RAMP)
        )
        return [stage.id for stage in returning]

    def _permit(self, returning, cause, ramp):
        uptime_ms = self._clock.uptime_ms()
        for stage in returning:
            stage.feed(switch.PERMIT, uptime_ms)
            stage.cause = cause
        self._plan_return(returning, ramp)

    def tick(self) -> None:
        """Look at contacts, interlocks and times; to be called every few tens of ms."""
        uptime_ms = self._clock.uptime_ms()
        now_ms = self._clock.now_ms()
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
            if stage.is_due(uptime_ms):
                self._tell(stage, stage.due_input(uptime_ms), uptime_ms)
            contact = stage.contact_input()
            if contact is not None:
                self._tell(stage, contact, uptime_ms)
            if uptime_ms >= stage.late_at:
                if stage.state == switch.STOPPING:
                    self._tell(stage, switch.STOPPED, uptime_ms)
                elif stage.state in (switch.OPENING, switch.CLOSING):
                    self._tell(stage, switch.LATE, uptime_ms)
        self._expire()

    def _look_at_equipment(self, stage, uptime_ms):
        off_ms = uptime_ms - stage.opened_at if stage.is_off() and stage.closed is False else None
        stage.equipment.tick(uptime_ms, off_ms)
        before = stage.interlocks
        after = stage.interlocks = stage.equipment.look(before, stage.closed)
        if after == before:
            return
        self._tell_interlocks(stage)
        came, bars = after & ~before, switch.BARS
        if after & bars and not before & bars:
            self._tell(stage, switch.BAR, uptime_ms)
        elif before & bars and not after & bars:
            self._free(stage, uptime_ms)
        elif not after and stage.state == switch.WAITING:
            self._return(stage)
        if came & switch.LOCKED_OUT:
            self._tell(stage, switch.LOCK, uptime_ms)
        if came & switch.TRIPPED:
            self._tell(stage, switch.BLOCK, uptime_ms)

    def _free(self, stage, uptime_ms):
        """Nothing bars it any more: it opens if it is to be open, and else returns by its ramp."""
        stage.feed(switch.FREE, uptime_ms)
        if not stage.is_free():
            if stage.ordered:
                self._listener.on_resumed(stage.id, True, stage.order)
            stage.cause = "command" if stage.ordered else "limit"
            stage.feed(switch.ORDER, uptime_ms)
        elif not stage.interlocks:
            self._return(stage)
            if stage.closed and stage.is_allowed():
                stage.due_at = uptime_ms  # nothing moves

    def _return(self, stage):
        """What hindered it is gone."""
        if stage.order:
            self._listener.on_resumed(stage.id, False, stage.order)
        stage.cause = "ramp"
        self._plan_return([stage], stage.ramp)

    def _tell_interlocks(self, stage):
        """Keep what is latched, and say what is set."""
        latched = [s.id for s in self._stages.values() if s.interlocks & switch.OPENED_BY_OTHER]
        try:
            self._journal.put_cell(_LATCHED_CELL, bytes(latched))
        except (OSError, ValueError):
            pass  # flash that fails makes no stage close
        words = switch.words(stage.interlocks)
        self._listener.on_interlocks(stage.id, self._clock.now_ms(), words)

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
        before = stage.interlocks
        stage.feed(what, uptime_ms)
        if stage.interlocks != before:
            self._tell_interlocks(stage)
        if stage.told:
            self._tell_result(stage)

    def _tell_result(self, stage):
        told, stage.told = stage.told, 0
        reason = switch.words(stage.interlocks)[0] if told == switch.HINDERED else "contact"
        if stage.order:
            self._listener.on_result(stage.id, told, stage.order, reason)

    def _plan_return(self, returning, ramp):
        """Close times: a random offset, then a step apart, none before its minimum off time."""
        max_offset_ms, step_ms = ramp
        at = self._clock.uptime_ms()
        if max_offset_ms:
            at += int.from_bytes(self._random(4), "big") % (max_offset_ms + 1)
        for stage in returning:
            at = max(at, stage.opened_at + stage.min_off_ms)
            stage.due_at = at
            at += step_ms

    def _save(self, changes):
        """Make durable what orders say of stages; `changes` are (ordered, order, until, ramp)."""
        uptime_ms, now_ms = self._clock.uptime_ms(), self._clock.now_ms()
        kept = {}
        for stage in self._stages.values():
            if stage.id in changes:
                ordered, order, until_ms, ramp = changes[stage.id]
            elif stage.state != switch.CLOSED or stage.limits:
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
                off_ms = uptime_ms - stage.opened_at if stage.is_off() else 0
                opened_ms = now_ms - off_ms
            kept[stage.id] = [ordered, order, until_ms, list(ramp), opened_ms, stage.limits]
        self._journal.put_cell(_CELL, cbor.encode(kept))


def _can_return(stage):
    if stage.state == switch.BARRED:
        return stage.ordered
    return stage.state not in (switch.CLOSED, switch.CLOSING)
