"""How the gateway is: a health event a while after each start, and hourly."""

import asyncio
import gc

from micropython import const

from gateway import records
from gateway.health import alive
from gateway.journal import BILLING, TELEMETRY

MINUTE_MS = 60_000
_EVERY_MINUTES = const(60)


class Vitals:
    """`buses` are in the configuration's order; `bill(record)` keeps an event."""

    def __init__(self, board, clock, journal, buses, supervisor, bill):
        self._board = board
        self._clock = clock
        self._journal = journal
        self.buses = buses
        self._supervisor = supervisor
        self._bill = bill
        self._least_free = None

    async def run(self) -> None:
        minutes = 0
        while True:
            alive("health")
            await asyncio.sleep_ms(MINUTE_MS)
            gc.collect()
            free = gc.mem_free()
            if self._least_free is None or free < self._least_free:
                self._least_free = free
            if minutes % _EVERY_MINUTES == 0:
                self._report()
            minutes += 1

    def _report(self):
        journal = self._journal
        self._bill(
            records.health(
                self._clock.now_ms(),
                self._clock.uptime_ms() // 1000,
                self._least_free,
                self._supervisor.stall_ms,
                [journal.pending(BILLING), journal.pending(TELEMETRY)],
                [journal.days_left(BILLING), journal.days_left(TELEMETRY)],
                journal.erasures(),
                self._board.signal_dbm(),
                [[bus.requests, bus.failures] for bus in self.buses],
                self._clock.drift_ppb(),
            )
        )
        self._supervisor.stall_ms = 0
