"""The plant side without a plant: snapshots, supervision."""

import asyncio
from time import ticks_diff
from time import ticks_ms as real_ms

from gateway import clock as clocks
from gateway import health, intervals
from gateway.meter import Meter
from gateway.meters import Meters
from gateway.modbus import NoAnswer, driver
from gateway.modbus.driver import ModbusDriver
from serve import serve

ticks = 0
driver.ticks_ms = lambda: ticks


class Passing:
    """Time that passes at once."""

    gather = staticmethod(intervals.asyncio.gather)

    async def sleep_ms(self, ms):
        global ticks
        ticks += ms


class Bus:
    """Units that do not answer as often as they are said to fail; a request takes `takes_ms`.

    A failure that is text is an error of the program.
    """

    def __init__(self, failures, takes_ms=100):
        self.failures = failures
        self._takes_ms = takes_ms

    def register(self, unit, counts, fences=()):
        pass

    def urgent(self, begins):
        pass

    def answered_twice(self, unit):
        return False

    def missed(self, unit):
        return False

    async def read(self, request, urgent):
        await intervals.asyncio.sleep_ms(self._takes_ms)
        if isinstance(self.failures[request.unit], str):
            raise MemoryError(self.failures[request.unit])
        if self.failures[request.unit]:
            self.failures[request.unit] -= 1
            raise NoAnswer
        return bytes([request.unit, request.address] * request.count)


class Rtc:
    def __init__(self, now_ms):
        self.now_ms = lambda: now_ms
        self.ticks_ms = lambda: ticks


def config(slot, bus_index):
    return {
        0: slot,
        4: bus_index,
        5: slot,
        8: 3,
        9: [0, 0, 0, None],
        10: 0,
        11: [],
        12: [[0, 1, 1, 1000], [100, 1, 1, 1000]],
        13: [[0, 1], [100, 1]],
        14: [],
    }


def snapshot(failures, late_ms, period_ms, takes_ms=100):
    """Of meters with two registers each, on one bus, that fail so often: the records of a boundary.

    Returns [slot, offset, quality, raw] of each, and the meters that were said to fall silent.
    """
    intervals.asyncio = Passing()
    bus = Bus(failures, takes_ms)
    told = []
    events = []
    boundary_ms = 1_800_000_000_000
    clock = clocks.Clock(Rtc(boundary_ms + late_ms))
    configs = [config(slot, 0) for slot in range(len(failures))]
    group = Meters(
        [Meter(each, ModbusDriver(each, bus), clock) for each in configs],
        clock,
        events.append,
    )
    asyncio.run(intervals.Intervals(clock, period_ms, group, told.append).take(boundary_ms))
    assert all(record[0] == 1 and record[2] == boundary_ms for record in told)
    records = [[r[1], r[3], list(r[4]) if r[4] else None, list(r[5])] for r in told]
    return records, [event[3][0] for event in events]


def on_two_buses(slow_ms):
    """When each of two meters was recorded, in real time; one answers at once, one never."""
    began = real_ms()
    kept = []
    clock = clocks.Clock(Rtc(1_800_000_000_000))
    meters = [
        Meter(config(slot, slot), ModbusDriver(config(slot, slot), SlowBus(ms)), clock)
        for slot, ms in enumerate((0, slow_ms))
    ]

    def bill(record):
        if record[0] == 1:
            kept.append((record[1], ticks_diff(real_ms(), began)))

    intervals.asyncio = asyncio
    group = Meters(meters, clock, bill)
    asyncio.run(intervals.Intervals(clock, 0, group, bill).take(1_800_000_000_000))
    return sorted(kept)


class SlowBus(Bus):
    """Answers at once, or after so long that it does not."""

    def __init__(self, ms):
        super().__init__({0: 0, 1: 99})
        self._ms = ms

    async def read(self, request, urgent):
        if self._ms:
            await asyncio.sleep_ms(self._ms)
            raise NoAnswer
        return bytes([1] * 2 * request.count)


def supervise(runs_ms):
    """How long a task paused after each of its runs, which lasted so long and failed."""
    health.asyncio = Passing()
    health.ticks_ms = lambda: ticks
    failed_at = []
    pauses_ms = []
    left = list(runs_ms)

    async def task():
        global ticks
        if failed_at:
            pauses_ms.append(ticks - failed_at[-1])
        if not left:
            raise KeyboardInterrupt  # which nobody supervises
        ticks += left.pop(0)
        failed_at.append(ticks)
        raise ValueError

    try:
        asyncio.run(health.supervise("task", task, lambda name, what: None))
    except KeyboardInterrupt:
        return pauses_ms


serve(
    on_two_buses=on_two_buses,
    supervise=supervise,
    snapshot=snapshot,
)
