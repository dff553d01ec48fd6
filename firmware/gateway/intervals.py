"""The snapshots that end one interval and begin the next."""

import asyncio

from micropython import const

from gateway import records
from gateway.quality import NO_ANSWER

_RETRY_FOR_MS = const(10_000)
_PAUSE_MS = const(200)


class Intervals:
    """`bill(record)` keeps a record."""

    def __init__(self, clock, period_ms: int, meters_, bill):
        self._clock = clock
        self._meters = meters_
        self._bill = bill
        self._retry_for_ms = min(_RETRY_FOR_MS, period_ms // 4)

    async def take(self, boundary_ms: int) -> None:
        """Read every meter for a boundary that has just come, a silent one again for some seconds.

        A meter's record comes once all its registers were read, or is that of the first attempt.
        """
        boundary_at = self._clock.uptime_ms() - (self._clock.now_ms() - boundary_ms)
        missed: dict = {}  # slot: its reading

        def sort(reading):
            slot, _, quality, _ = reading
            if quality and NO_ANSWER in quality:
                missed.setdefault(slot, reading)
            else:
                missed.pop(slot, None)
                self._record(boundary_ms, boundary_at, reading)

        for reading in await self._meters.read_intervals():
            sort(reading)
        while missed and self._clock.uptime_ms() - boundary_at < self._retry_for_ms:
            await asyncio.sleep_ms(_PAUSE_MS)
            for reading in await self._meters.read_again(list(missed)):
                sort(reading)
        for slot in sorted(missed):
            self._record(boundary_ms, boundary_at, missed[slot])

    def _record(self, boundary_ms, boundary_at, reading):
        slot, read_at, quality, raw = reading
        self._bill(records.interval(slot, boundary_ms, read_at - boundary_at, quality, raw))
