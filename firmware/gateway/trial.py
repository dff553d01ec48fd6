"""A release on trial: what is told of an update, and when it is found good or given up."""

import slots as table
from micropython import const

from gateway import records, supervisor

EVENT = 19
_CELL = "firmware"  # bundle, what was told of it last, buses that worked before, newest number
_NUMBER_AT = const(10)
_RECEIVED = const(1)
_TRIAL = const(2)
_GOOD = const(3)
_ROLLED_BACK = const(4)
_TOLD = {
    table.WHOLE: (_RECEIVED,),
    table.TRIAL: (_RECEIVED, _TRIAL),
    table.GOOD: (_RECEIVED, _TRIAL, _GOOD),
    table.BAD: (_RECEIVED, _TRIAL, _ROLLED_BACK),
}

# How long it must go on without a fault; the same, where it came by cable and no broker is reached
# (one that came by the broker must reach it in that time); the longest that it may take. Seconds.
LIMITS_S = (120, 1800, 3600)
_LOOK_MS = const(1000)


def _cell(journal, slots) -> bytes:
    """What is kept of this update."""
    cell = journal.get_cell(_CELL) or bytes(_NUMBER_AT + 4)
    return cell if cell[:8] == slots.bundle else slots.bundle + bytes(2) + cell[_NUMBER_AT:]


def newest(journal) -> int:
    """The highest number that was ever found good here."""
    return int.from_bytes((journal.get_cell(_CELL) or b"")[_NUMBER_AT:], "big")


def _untold(slots, journal) -> list:
    told = _cell(journal, slots)[8]
    return [what for what in _TOLD.get(slots.state, ()) if what > told]


def tell(slots, journal, clock, bill) -> list:
    """What is still to be told of the update, which is told now."""
    what = _untold(slots, journal)
    for each in what:
        body = {0: each, 1: slots.coming, 2: slots.bundle}
        if each == _ROLLED_BACK:
            body[3] = slots.why
        bill(records.event(clock.now_ms(), EVENT, body))
    return what


def keep(journal, slots, what, buses=None) -> None:
    """This was told; before a trial also which buses work. Durable on return."""
    cell = bytearray(_cell(journal, slots))
    cell[8] = what
    if buses is not None:
        cell[9] = sum([1 << at for at, bus in enumerate(buses) if bus.alive()])
    number = max(slots.number, int.from_bytes(cell[_NUMBER_AT:], "big"))
    journal.put_cell(_CELL, bytes(cell[:_NUMBER_AT]) + number.to_bytes(4, "big"))


class Trial:
    """Tells what is not told yet. `look` is to be called now and then.

    `faults` are of this start's tasks. `complete`: it is given up, and a restart is due.
    """

    def __init__(self, slots, context, buses, uplink, faults):
        self._slots = slots
        self._journal, self._clock, self._billing = context
        self._uplink = uplink
        self._faults = faults
        before = _cell(self._journal, slots)[9]
        self._all_buses = buses
        self._buses = [bus for at, bus in enumerate(buses) if before >> at & 1]
        self._at_ms = self._healthy_since = self._clock.uptime_ms()
        self._seen: list = []
        self._reached = self.complete = False
        self._told = tell(slots, self._journal, self._clock, self._billing.add)
        if self._told or slots.state == table.TRIAL:
            supervisor.forgive(self._journal)  # its failed starts are counted, and have their end

    def settle(self) -> None:
        """What was told is in the journal."""
        if self._told:
            keep(self._journal, self._slots, self._told[-1])
            self._told = []

    def look(self) -> bool:
        """Whether there is nothing more to see: none is on trial, and all is told."""
        if self._told:
            if not self._billing.held():
                self.settle()
        elif self._slots.state != table.TRIAL:
            return not self.complete
        else:
            self._look_at(self._clock.uptime_ms())
        return False

    def _look_at(self, now_ms):
        if now_ms - self._at_ms < _LOOK_MS:
            return
        self._at_ms = now_ms
        seen = list(self._faults.values())
        if seen != self._seen:
            self._seen = seen
            self._healthy_since = now_ms
        if self._uplink.alive():
            self._reached = True
        healthy_s = (now_ms - self._healthy_since) // 1000
        by_cable = self._slots.by == table.BY_CABLE
        is_silent = not all(bus.alive() for bus in self._buses)
        if by_cable:  # nobody noted which ones worked
            is_silent = not any(bus.alive() for bus in self._all_buses)
        if not is_silent and (
            (self._reached and healthy_s >= LIMITS_S[0]) or (by_cable and healthy_s >= LIMITS_S[1])
        ):
            self._slots.feed(table.WELL, "")
            self._told = tell(self._slots, self._journal, self._clock, self._billing.add)
            return
        in_time = self._reached or by_cable
        if now_ms // 1000 < (LIMITS_S[2] if in_time else LIMITS_S[1]):
            return
        why = "no broker was reached"
        if is_silent:
            why = "a bus is silent that was not"
        elif in_time:
            why = "tasks fail again and again"
        self._slots.feed(table.FAILED, why)
        self.complete = True
