"""Pure parts of the plant side: the plan of a meter's requests, the stages' table, the clock."""

from gateway import meters, stages
from gateway.clock import Clock, Ticker
from serve import serve


class Coil:
    def __init__(self):
        self.on = True

    def energised(self):
        return self.on

    def energise(self, on):
        self.on = on


def plan(quantities, max_registers):
    return meters.plan([tuple(quantity) for quantity in quantities], max_registers)


def walk(inputs):
    """Feed a stage inputs by name; returns [(state, coil energised, told), …] after each."""
    coil = Coil()
    stage = stages.Stage({0: 1, 1: 1, 2: 0, 3: 0, 4: 100}, coil, None)
    seen = []
    for name in inputs:
        told = stage.feed(getattr(stages, name), 0)
        seen.append((stage.state, coil.on, told))
    return seen


def names():
    wanted = [name for name in dir(stages) if name.isupper() and name[0] != "_"]
    return {name: getattr(stages, name) for name in wanted if name != "TRANSITIONS"}


class Rtc:
    def __init__(self, now_ms):
        self.ms = now_ms

    def now_ms(self):
        return self.ms

    def set_now_ms(self, now_ms):
        self.ms = now_ms


def hear(start_ms, offsets_ms):
    """A clock that starts at `start_ms` hears receipts' times, each relative to its own time.

    Returns [(letter, whether it made a step, now, RTC), …], and what its uptime came to in ms.
    """
    rtc = Rtc(start_ms)
    clock = Clock(rtc)
    seen = []
    for offset_ms in offsets_ms:
        step = clock.hear(clock.now_ms() + offset_ms)
        seen.append((clock.triplet()[1], step is not None, clock.now_ms(), rtc.ms))
    return seen, clock.uptime_ms()


def boundaries(start_ms, period_ms, steps_ms):
    """The boundaries due after each step forwards of a clock, asked for twice."""
    clock = Clock(Rtc(start_ms))
    ticker = Ticker(clock, period_ms)
    due = []
    for step_ms in steps_ms:
        if step_ms:
            clock.hear(clock.now_ms() + step_ms)
        due.append((ticker.due(), ticker.due()))
    return due


serve(plan=plan, walk=walk, names=names, hear=hear, boundaries=boundaries)
