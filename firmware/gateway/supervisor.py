"""Feeds the watchdog while every task goes on, and counts the starts that came to nothing.

A gateway that failed in several starts in a row starts in safe mode: only what meters, obeys and
hands over. Loss of supply is no failure: whoever can cut it must not be able to choose safe mode,
in which there are no samples.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from gateway import health
from gateway.health import log

# How long a task may say nothing, ms.
LIMITS_MS = {
    "stages": 2_000,
    "billing": 60_000,
    "telemetry": 60_000,
    "dropped": 60_000,
    "receipts": 60_000,
    "schedule": 60_000,
    "uplink": 300_000,
    "health": 300_000,
}
LIMIT_MS = 900_000  # of the others, which read meters: every one of a full bus may be silent
WELL_S = 600  # a start that goes on for so long came to something
SAFE_S = 3_600  # after which safe mode ends

_FAILED_STARTS = const(3)
_FAILURES = ("watchdog", "software")
_CELL = "starts"
_TICK_MS = const(50)
_CHECK_MS = const(1_000)
_STOOD_STILL_MS = const(500)


def count_start(journal, cause: str) -> bool:
    """Count a start; whether it is to be a safe one. `cause` as the board gives it."""
    kept = journal.get_cell(_CELL)
    failed = kept[0] if kept else 0
    if cause in _FAILURES:
        failed = min(failed + 1, 255)
        journal.put_cell(_CELL, bytes((failed,)))
    return failed >= _FAILED_STARTS


def forgive(journal) -> None:
    """Forget the starts that failed; to be called also before a reset that is no failure."""
    if journal.get_cell(_CELL):
        journal.put_cell(_CELL, b"\x00")


class Supervisor:
    """`on_stale(task)` is told once of a task that says nothing, `on_safe_mode_over()` when it is.

    `stall_ms` is the longest that the loop stood still, until somebody sets it back.
    """

    def __init__(self, watchdog, journal, on_stale, on_safe_mode_over):
        self._watchdog = watchdog
        self._journal = journal
        self._on_stale = on_stale
        self._on_safe_mode_over = on_safe_mode_over
        self._stale: set = set()
        self._well_s = 0
        self.stall_ms = 0

    async def run(self) -> None:
        """The watchdog is fed from here and nowhere else."""
        before = checked = ticks_ms()
        while True:
            await asyncio.sleep_ms(_TICK_MS)
            health.alive("supervisor")
            now = ticks_ms()
            stood_ms = ticks_diff(now, before) - _TICK_MS
            before = now
            if stood_ms > self.stall_ms:
                self.stall_ms = stood_ms
            # After a stall the others must first have had their turn.
            if stood_ms < _STOOD_STILL_MS and ticks_diff(now, checked) >= _CHECK_MS:
                checked = now
                self.check(now)

    def check(self, now) -> None:
        """To be called every second."""
        for task, at in health.seen.items():
            if at is None or ticks_diff(now, at) <= LIMITS_MS.get(task, LIMIT_MS):
                self._stale.discard(task)
            elif task not in self._stale:
                self._stale.add(task)
                log("task %s says nothing: the watchdog is not fed" % task)
                self._on_stale(task)
        if self._stale:
            self._well_s = 0
            return
        self._watchdog.feed()
        self._well_s += 1
        if self._well_s == WELL_S:
            forgive(self._journal)
            log("this start is well")
        if self._well_s == SAFE_S:
            self._on_safe_mode_over()
