"""The snapshots that end one interval and begin the next."""

import asyncio

from micropython import const

from gateway import records
from gateway.health import alive
from gateway.records import DOUBTFUL, EXCEPTION, NO_ANSWER

_RETRY_FOR_MS = const(10_000)
_PAUSE_MS = const(200)
_AGAIN = (NO_ANSWER, EXCEPTION, DOUBTFUL)


class Intervals:
    """`bill(record)` keeps a record."""

    def __init__(self, clock, period_ms: int, meters_, bill):
        self._clock = clock
        self._meters = meters_
        self._bill = bill
        self._retry_for_ms = min(_RETRY_FOR_MS, period_ms // 4)

    async def take(self, boundary_ms: int) -> None:
        """Read every meter for a boundary that has come; each bus goes on by itself.

        What was not read whole, and believed, is asked for again for some seconds. A meter's
        record comes once it was, or is that of the first attempt.
        """
        boundary_at = self._clock.uptime_ms() - (self._clock.now_ms() - boundary_ms)
        buses = self._meters.buses()
        await asyncio.gather(*[self._take(bus, boundary_ms, boundary_at) for bus in buses])

    async def _take(self, bus, boundary_ms, boundary_at):
        missed: dict = {}  # slot: its first reading
        begun_at = self._clock.uptime_ms()  # which for a boundary without power is late

        def sort(reading):
            slot, _, quality, _ = reading
            if quality and any(again in quality for again in _AGAIN):
                missed.setdefault(slot, reading)
            else:
                missed.pop(slot, None)
                self._record(boundary_ms, boundary_at, reading)

        await self._meters.read_intervals(bus, sort)
        while missed and self._clock.uptime_ms() - begun_at < self._retry_for_ms:
            await asyncio.sleep_ms(_PAUSE_MS)
            await self._meters.read_intervals(bus, sort, list(missed))
        for slot in sorted(missed):
            self._record(boundary_ms, boundary_at, missed[slot])

    def _record(self, boundary_ms, boundary_at, reading):
        slot, read_at, quality, raw = reading
        alive("intervals")
        self._bill(records.interval(slot, boundary_ms, read_at - boundary_at, quality, raw))
