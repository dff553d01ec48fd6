"""A release by cable, while the gateway is stopped: into the slot that does not run, for trial.

Argument of `main`: the bundle's file. A laptop brings it part by part: `begin`, `put`, `end`
(docs/update.md). The next start tries it, and tells of it; why one is refused is signed at once.
Run again after the cable was pulled it goes on from the last block that was whole.
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


class _Console:
    """In place of the uplink."""

    update = None
    told = True


class Install:
    """Raises SetupError."""

    def __init__(self, board):
        slots, root = board.slots(), board.read_setting("root.pub")
        if not slots or root is None:
            raise SetupError("this board has no two slots, or was never provisioned")
        self._slots = slots
        self._told: list = []
        self._console = _Console()
        self.stopped = stopped = Stopped(board)
        self._update = Update(
            slots,
            (Trust(root), stopped.clock, stopped.journal, None, None, self._told.append),
            self._console,
            lambda: not _is_held(stopped.journal),
            [],
            BY_CABLE,
        )
        self._watchdog = board.watchdog(_WATCHDOG_MS)
        self._name = b""

    async def begin(self, message):
        """How many bytes of the image are here; None: it is not wanted."""
        self._name = hashlib.sha256(message).digest()
        await self._update.handle(cbor.encode([self._name, None, message]))
        update = self._console.update
        return update[1] if update else None

    async def put(self, at, part):
        self._watchdog.feed()
        await self._update.handle(cbor.encode([self._name, at, part]))

    async def end(self) -> int:
        refused = [event for event in self._told if event[3][0] == _REFUSED]
        for event in refused:
            await _sign(self.stopped, event)
        if self._update.complete:
            print(json.dumps({"release": self._slots.coming}))
            return 0
        if refused:
            return _fail("the release is refused: %s" % refused[-1][3][3])
        return _fail("an order holds a stage, or an update is on trial: nothing was changed")


_running: list = []  # what a laptop brings part by part


def begin(message) -> int:
    """Prints how many bytes of the image are here, as JSON, or why it is not wanted."""
    try:
        _running[:] = [Install(Board())]
    except SetupError as error:
        return _fail(str(error))
    have = asyncio.run(_running[0].begin(message))
    if have is None:
        return asyncio.run(_running[0].end())
    print(json.dumps({"held": have}))
    return 0


def put(at, part) -> int:
    asyncio.run(_running[0].put(at, part))
    print(json.dumps({"held": at + len(part)}))
    return 0


def end() -> int:
    return asyncio.run(_running[0].end())


def main(path) -> int:
    try:
        install = Install(Board())
        with open(path, "rb") as file:
            return asyncio.run(_take(install, file, os.stat(path)[6]))
    except (OSError, ValueError, SetupError) as error:
        return _fail("%s: %s" % (path, error))


async def _take(install, file, size):
    def read(at, count):
        file.seek(at)
        return file.read(count)

    reader = Reader(read, 0, size)
    if reader.head() != (4, 2):
        raise ValueError("this is no bundle")
    message = reader.value(1)
    count = reader.head()[1]
    start = reader.pos
    if start + count != size:
        body = {0: _REFUSED, 1: 0, 2: hashlib.sha256(message).digest()[:8], 3: _CUT_SHORT}
        event = records.event(install.stopped.clock.now_ms(), trial.EVENT, body)
        await _sign(install.stopped, event)
        return _fail("the release is refused: %s" % _CUT_SHORT)
    have = await install.begin(message)
    if have is not None:
        for at in range(have, count, _PART_BYTES):
            await install.put(at, read(start + at, min(_PART_BYTES, count - at)))
    return await install.end()


async def _sign(stopped, event):
    """Into the journal; a gateway that never ran has no configuration to sign by, nor a past."""
    if not stopped.journal.fresh:
        await stopped.append(event)


def _is_held(journal):
    """Whether an order, or the gateway's own limit, holds a stage open."""
    kept = cbor.decode(journal.get_cell("stages") or b"\xa0")
    return any(each[0] or any(each[5:]) for each in kept.values())


def _fail(why):
    print("esep: " + why, file=sys.stderr)
    return 1
