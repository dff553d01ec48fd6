"""Tasks that must not end: one that fails is told, and started again."""

import asyncio
import gc
import sys
from asyncio import CancelledError
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

_FIRST_PAUSE_MS = const(1_000)
LONGEST_PAUSE_MS = 60_000
_RAN_WELL_MS = const(60_000)
_AGES_MS = const(1 << 28)  # longer than any limit; ticks differ by less than 1 << 29

seen: dict = {}  # task: when it last showed that it goes on (ticks); None: it rests


def log(text: str) -> None:
    """A line for whoever stands at the console."""
    print("esep:", text, file=sys.stderr)


def forget(*names) -> None:
    """Give back the memory of modules of this package that nobody needs again."""
    package = sys.modules["gateway"]
    for name in names:
        del sys.modules["gateway." + name]
        delattr(package, name)
    gc.collect()


def alive(task: str) -> None:
    """The task goes on; it will say so again within its limit (supervisor.LIMITS_MS)."""
    seen[task] = ticks_ms()


def at_rest(task: str) -> None:
    """The task waits for what others bring, however long; `alive` ends it."""
    seen[task] = None


async def supervise(name: str, task, on_fault) -> None:
    """Run `task()` for ever. `on_fault(name, what)` is told of each exception that ends it.

    The pause before it is started again doubles each time, unless it ran well for a while. One
    that runs out of memory again and again is given up, since only a reset gives it back.
    """
    pause_ms = _FIRST_PAUSE_MS
    while True:
        started = ticks_ms()
        alive(name)
        starved = False
        try:
            await task()
            what = "ended"
        except (Exception, CancelledError) as error:
            alive(name)
            gc.collect()
            what = _told(error)
            starved = isinstance(error, MemoryError)
        if ticks_diff(ticks_ms(), started) >= _RAN_WELL_MS:
            pause_ms = _FIRST_PAUSE_MS
        try:
            log("task %s failed: %s" % (name, what))
            on_fault(name, what)
        except Exception as error:
            log(_told(error))
        at_rest(name)
        if starved and pause_ms == LONGEST_PAUSE_MS:
            seen[name] = ticks_add(ticks_ms(), -_AGES_MS)
        await asyncio.sleep_ms(pause_ms)
        pause_ms = min(2 * pause_ms, LONGEST_PAUSE_MS)


def _told(error) -> str:
    try:
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
        return "%s: %s" % (type(error).__name__, error)
    except MemoryError:
        return "no memory to say"
