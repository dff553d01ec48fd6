"""When meters are read: at the boundaries of intervals and samples, and on demand."""

import asyncio

from micropython import const

from gateway import records
from gateway.cadence import Cadence
from gateway.health import alive, at_rest
from gateway.intervals import Intervals
from gateway.ticker import Ticker

_LONGEST_SLEEP_MS = const(1_000)


class Readings:
    """`bill(record)` and `sample(record)` keep records of the two streams.

    `pressure()` says how short room for samples is (0, 1, 2). `send()` closes a frame of them.
    """

    def __init__(self, clock, config, boundaries, meters_, bill, sample, pressure, send):
        self._clock = clock
        self._config = config
        self._meters = meters_
        self._bill = bill
        self._sample = sample
        self._intervals = Intervals(clock, config.interval_ms, meters_, bill)
        self._boundaries = boundaries
        self._cadence = Cadence(clock, config, pressure, bill, send)
        self.hurry = self._cadence.hurry
        self._demands: list = []
        self._demanded = asyncio.Event()
        self._stopped = False
        self._under_way = 0
        self._sampled: set = set()  # buses whose samples are being taken

    def stop(self) -> None:
        """Begin no more at a boundary."""
        self._stopped = True

    def is_boundary_near(self, within_ms: int) -> bool:
        """Whether an interval ends so soon that a restart could miss it."""
        interval_ms = self._config.interval_ms
        left_ms = interval_ms - self._clock.now_ms() % interval_ms
        return left_ms < min(within_ms, interval_ms // 4)

    def under_way(self) -> bool:
        """Whether meters are being read, and records will follow."""
        return self._under_way > 0

    def demand(self, done) -> None:
        """Read every meter soon, and call `done(answered)`: whether any meter did."""
        self._demands.append(done)
        self._demanded.set()

    async def run_intervals(self) -> None:
        ticker = Ticker(self._clock, self._config.interval_ms, self._boundaries.carried_on_from())
        while True:
            alive("intervals")
            # A step of the clock may bring the boundary nearer than it seemed.
            await asyncio.sleep_ms(min(ticker.remaining_ms(), _LONGEST_SLEEP_MS))
            boundary_ms = ticker.due()
            if boundary_ms is None or self._stopped:
                continue
            if self._boundaries.is_new(boundary_ms):
                await self._busy(self._intervals.take(boundary_ms))

    async def run_samples(self) -> None:
        ticker = Ticker(self._clock, self._config.sample_ms)
        while True:
            alive("samples")
            await asyncio.sleep_ms(min(ticker.remaining_ms(), self._cadence.remaining_ms()))
            if not self._cadence.takes(ticker.due()) or self._stopped:
                continue
            for bus in self._meters.buses():
                if bus not in self._sampled:  # else it needs longer than the period
                    self._sampled.add(bus)
                    asyncio.create_task(self._take_samples(bus))

    async def _take_samples(self, bus):
        name = "samples of bus %d" % bus
        begun_at = self._clock.uptime_ms()
        alive(name)

        def keep(reading):
            alive(name)  # a bus of silent meters takes its time
            self._keep_sample(reading)

        try:
            await self._busy(self._meters.read_samples(bus, keep))
        finally:
            self._sampled.discard(bus)
            at_rest(name)
        self._cadence.taken(bus, begun_at, self._meters.buses())

    def _keep_sample(self, reading):
        slot, read_at, quality, raw = reading
        self._sample(records.sample(slot, self._clock.unix_ms(read_at), quality, raw))

    async def _busy(self, work):
        self._under_way += 1
        try:
            await work
        finally:
            self._under_way -= 1

    async def run_demands(self) -> None:
        while True:
            while self._demands:
                alive("readings")
                self._demands.pop(0)(await self._read_on_demand())
            at_rest("readings")
            await self._demanded.wait()
            self._demanded.clear()
            alive("readings")

    async def _read_on_demand(self):
        """Whether any meter answered."""
        answered: list = []

        def keep(reading):
            slot, read_at, quality, raw = reading
            self._bill(records.reading(slot, self._clock.unix_ms(read_at), quality, raw))
            answered.append(records.answered(quality))

        buses = self._meters.buses()
        await asyncio.gather(*[self._meters.read_intervals(bus, keep) for bus in buses])
        return any(answered)
