"""A release by cable, while the gateway is stopped: into the slot that does not run, for trial.

Argument: the bundle's file, which may lie on the laptop (docs/update.md). The next start tries it,
and tells of it.
"""

import asyncio
import hashlib
import os
import sys

from board import Board
from gateway import cbor
from gateway.clock import Clock
from gateway.journal import Journal
from gateway.sealed import Reader
from gateway.trust import Trust
from gateway.update import Update
from slots import BY_CABLE

_WATCHDOG_MS = 60_000
_PART_BYTES = 1024


class _Console:
    """In place of the uplink."""

    update = None
    told = True


def main(path) -> int:
    board = Board()
    slots, root = board.slots(), board.read_setting("root.pub")
    if not slots or root is None:
        return _fail("this board has no two slots, or was never provisioned")
    refused: list = []
    journal = Journal(board.flash())
    update = Update(
        slots,
        (Trust(root), Clock(board), journal, None, None, lambda event: refused.append(event[3])),
        _Console(),
        lambda: not _is_held(journal),
        [],
        BY_CABLE,
    )
    try:
        with open(path, "rb") as file:
            asyncio.run(_take(update, file, os.stat(path)[6], board.watchdog(_WATCHDOG_MS)))
    except (OSError, ValueError) as error:
        return _fail("%s cannot be read: %s" % (path, error))
    if update.complete:
        print("esep: the release is in flash; the next start tries it")
        return 0
    if refused:
        return _fail("the release is refused: %s" % refused[-1][3])
    return _fail("an order holds a stage, or an update is on trial: nothing was changed")


async def _take(update, file, size, watchdog):
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
    await update.handle(cbor.encode([name, None, message]))
    for at in range(0, count, _PART_BYTES):
        watchdog.feed()
        part = read(start + at, min(_PART_BYTES, count - at))
        await update.handle(cbor.encode([name, at, part]))


def _is_held(journal):
    """Whether an order, or the gateway's own limit, holds a stage open."""
    kept = cbor.decode(journal.get_cell("stages") or b"\xa0")
    return any(each[0] or any(each[5:]) for each in kept.values())


def _fail(why):
    print("esep: " + why, file=sys.stderr)
    return 1
