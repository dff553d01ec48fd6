"""A release by cable, while the gateway is stopped: into the slot that does not run, for trial.

Argument: the bundle's file, which may lie on the laptop (docs/update.md). The next start tries it,
and tells of it; why one is refused is signed at once. Run again after the cable was pulled it goes
on from the last block that was whole.
"""

import asyncio
import hashlib
import json
import os
import sys

from board import Board
from gateway import cbor, records, trial
from gateway.configuration import SetupError
from gateway.sealed import Reader
from gateway.stopped import Stopped
from gateway.trust import Trust
from gateway.update import Update
from slots import BY_CABLE

_WATCHDOG_MS = 60_000
_PART_BYTES = 1024
_REFUSED = 5
_CUT_SHORT = "cut short"


class _CutShort(Exception):
    """Of the file a part is missing."""


class _Console:
    """In place of the uplink."""

    update = None
    told = True


def main(path) -> int:
    board = Board()
    slots, root = board.slots(), board.read_setting("root.pub")
    if not slots or root is None:
        return _fail("this board has no two slots, or was never provisioned")
    told: list = []
    try:
        stopped = Stopped(board)
        console = _Console()
        update = Update(
            slots,
            (Trust(root), stopped.clock, stopped.journal, None, None, told.append),
            console,
            lambda: not _is_held(stopped.journal),
            [],
            BY_CABLE,
        )
        with open(path, "rb") as file:
            size, watchdog = os.stat(path)[6], board.watchdog(_WATCHDOG_MS)
            asyncio.run(_take(update, console, file, size, watchdog))
        refused = [event for event in told if event[3][0] == _REFUSED]
        for event in refused:
            asyncio.run(_sign(stopped, event))
    except _CutShort as cut:
        asyncio.run(_sign(stopped, _refusal(stopped.clock, cut)))
        return _fail("the release is refused: %s" % _CUT_SHORT)
    except (OSError, ValueError, SetupError) as error:
        return _fail("%s: %s" % (path, error))
    if update.complete:
        print(json.dumps({"release": slots.coming, "bytes": size}))
        return 0
    if refused:
        return _fail("the release is refused: %s" % refused[-1][3][3])
    return _fail("an order holds a stage, or an update is on trial: nothing was changed")


async def _take(update, console, file, size, watchdog):
    def read(at, count):
        file.seek(at)
        return file.read(count)

    reader = Reader(read, 0, size)
    if reader.head() != (4, 2):
        raise ValueError("this is no bundle")
    message = reader.value(1)
    count = reader.head()[1]
    start = reader.pos
    name = hashlib.sha256(message).digest()
    if start + count != size:
        raise _CutShort(name)
    await update.handle(cbor.encode([name, None, message]))
    if not console.update or console.update[1] is None:
        return  # it does not want it
    for at in range(console.update[1], count, _PART_BYTES):
        watchdog.feed()
        part = read(start + at, min(_PART_BYTES, count - at))
        await update.handle(cbor.encode([name, at, part]))


async def _sign(stopped, event):
    """Into the journal; a gateway that never ran has no configuration to sign by, nor a past."""
    if not stopped.journal.fresh:
        await stopped.append(event)


def _refusal(clock, cut):
    body = {0: _REFUSED, 1: 0, 2: cut.args[0][:8], 3: _CUT_SHORT}
    return records.event(clock.now_ms(), trial.EVENT, body)


def _is_held(journal):
    """Whether an order, or the gateway's own limit, holds a stage open."""
    kept = cbor.decode(journal.get_cell("stages") or b"\xa0")
    return any(each[0] or any(each[5:]) for each in kept.values())


def _fail(why):
    print("esep: " + why, file=sys.stderr)
    return 1
