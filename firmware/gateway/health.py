"""Tasks that must not end: one that fails is told, and started again."""

import asyncio
import gc
import sys
from time import ticks_diff, ticks_ms

_FIRST_PAUSE_MS = 1_000
_LONGEST_PAUSE_MS = 60_000
_RAN_WELL_MS = 60_000


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


async def supervise(name: str, task, on_fault) -> None:
    """Run `task()` for ever. `on_fault(name, what)` is told of each exception that ends it.

    The pause before it is started again doubles each time, unless it ran well for a while.
    """
    pause_ms = _FIRST_PAUSE_MS
    while True:
        started = ticks_ms()
        try:
            await task()
            what = "ended"
        except Exception as error:
            gc.collect()
            sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
            what = "%s: %s" % (type(error).__name__, error)
        if ticks_diff(ticks_ms(), started) >= _RAN_WELL_MS:
            pause_ms = _FIRST_PAUSE_MS
        log("task %s failed: %s" % (name, what))
        on_fault(name, what)
        await asyncio.sleep_ms(pause_ms)
        pause_ms = min(2 * pause_ms, _LONGEST_PAUSE_MS)
