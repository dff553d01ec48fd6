"""Meters whose driver plays a script, in a time that passes at once."""

from serve import serve  # isort: skip

import asyncio

from gateway import clock as clocks
from gateway import energies, meter
from gateway.meter import Meter
from gateway.meters import Meters
from gateway.modbus import NoAnswer

SNAPSHOT_MS = 100
ticks = 0


def now():
    return ticks


meter.ticks_ms = now


class Passing:
    async def sleep_ms(self, ms):
        global ticks
        ticks += ms


meter.asyncio = Passing()


class Board:
    def now_ms(self):
        return 1_800_000_000_000

    def ticks_ms(self):
        return ticks


class Script:
    """Each snapshot takes the next entry: for each quantity its bytes in hex, or its quality.

    `identities` likewise; the last of each is given for ever. "silence" is no answer.
    """

    fault = ""

    def __init__(self, snapshots, identities):
        self.taken = self.identified = 0
        self._snapshots = snapshots
        self._identities = identities
        self.twice = False
        self._missed = False

    def urgent(self, begins):
        pass

    def answered_twice(self):
        return self.twice

    def missed(self):
        was_missed, self._missed = self._missed, False
        return was_missed

    def has_identity(self):
        return self._identities[0] is not None

    def no_identity(self):
        return bytes([2]), b""

    async def snapshot(self, interval_only, indices, patient=True):
        global ticks
        ticks += SNAPSHOT_MS
        entry = self._snapshots[min(self.taken, len(self._snapshots) - 1)]
        self.taken += 1
        if entry == "rescued":  # it answered when it was asked again
            self._missed = True
            entry = self._snapshots[self.taken - 2]
        if entry == "silence":
            self._missed = True
            return {}, dict.fromkeys(indices, 2), 0
        self._missed = self._missed or 2 in entry
        values = {i: bytes.fromhex(entry[i]) for i in indices if isinstance(entry[i], str)}
        return values, {i: 0 if i in values else entry[i] for i in indices}, 0

    async def identity(self):
        entry = self._identities[min(self.identified, len(self._identities) - 1)]
        self.identified += 1
        if entry == "silence":
            raise NoAnswer(1)
        return None, bytes.fromhex(entry)


def run(quantities, snapshots, identities, steps, stale_ms=0):
    """Do each step ("interval", "sample", "twice", or ms to wait) with one meter.

    Returns what was recorded, in order: readings as ["reading", at_ms, [quality, …] or None, hex],
    events as [code, …]; and how often the meter was asked.
    """
    global ticks
    ticks = 0
    driver = Script(snapshots, identities)
    clock = clocks.Clock(Board())
    told = []

    def bill(event):
        detail = event[3]
        told.append([event[2]] + [plain(detail[key]) for key in sorted(detail) if key])

    def keep(reading):
        _, at_ms, quality, raw = reading
        told.append(["reading", at_ms, list(quality) if quality else None, raw.hex()])

    one = Meter({0: 0, 4: 0, 10: stale_ms, 12: quantities}, driver, clock)
    group = Meters([one], clock, bill)
    for step in steps:
        if step == "twice":
            driver.twice = True
        elif isinstance(step, int):
            ticks += step
        else:
            read = group.read_intervals if step == "interval" else group.read_samples
            asyncio.run(read(0, keep))
    return {"told": told, "taken": driver.taken, "identified": driver.identified}


def plain(value):
    return value.hex() if isinstance(value, bytes) else value


def number(raw, form):
    return energies.number(bytes.fromhex(raw), form)


def numbers(pairs):
    return [number(*pair) for pair in pairs]


serve(run=run, numbers=numbers)
