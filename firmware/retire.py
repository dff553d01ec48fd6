"""End the gateway: its last frame says why; when all is handed over, its key is destroyed.

To be run while it is stopped, with the reason; again, without one, while frames are left; and with
--destroy when they were taken in another way. With --sign-only nothing is handed over, and the key
stays; an empty reason does nothing. At last one line of JSON: {"retired": why or null}.
"""

import asyncio
import gc
import json
import sys
from time import ticks_add, ticks_diff, ticks_ms

gc.threshold(8192)  # collect often: importing leaves the heap in pieces

from board import Board
from gateway import health, records
from gateway.configuration import SetupError
from gateway.journal import BILLING, TELEMETRY
from gateway.stopped import OLD_KEY_LEFT, Stopped
from micropython import const

_HAND_OVER_MS = const(120_000)
_LOOK_MS = const(100)
_WATCHDOG_MS = const(60_000)
_DESTROY = "--destroy"
_SIGN_ONLY = "--sign-only"


def main(*args) -> int:
    try:
        gateway = Stopped(Board())
        if args != ("",):
            asyncio.run(retire(gateway, args))
        print(json.dumps({"retired": gateway.identity.retired}))
    except SetupError as error:
        print("esep:", error, file=sys.stderr)
        return 1
    return 0


async def retire(gateway, args):
    key = gateway.identity
    if key.retired is None:
        if not args or args[0] == _DESTROY:
            raise SetupError("this gateway is in service: give the reason why it ends")
        await _sign_the_last(gateway, args[0])
    if _SIGN_ONLY in args:
        return
    if not key.is_destroyed() and _DESTROY not in args:
        await _hand_over(gateway)
    key.destroy()
    if not key.forget_old():
        raise SetupError(OLD_KEY_LEFT)
    print("esep: retired (%s), and its key is destroyed" % key.retired, file=sys.stderr)


async def _sign_the_last(gateway, why):
    gateway.next()
    journal = gateway.journal
    for stream in (BILLING, TELEMETRY):
        told = journal.dropped(stream)
        while told:
            await gateway.append(records.dropped(gateway.clock.now_ms(), stream, *told))
            journal.clear_dropped(told, stream)
            told = journal.dropped(stream)
    await gateway.take_step(records.retired(gateway.clock.now_ms(), why), why)


def _left(journal):
    return journal.pending(BILLING) + journal.pending(TELEMETRY)


async def _hand_over(gateway):
    """Until receipts cover all that the journal holds."""
    if not _left(gateway.journal):
        return
    watchdog = gateway.board.watchdog(_WATCHDOG_MS)  # the application may have started it
    uplink = await _connect(gateway)
    until = ticks_add(ticks_ms(), _HAND_OVER_MS)
    while _left(gateway.journal):
        if ticks_diff(until, ticks_ms()) < 0:
            raise SetupError(
                "retired; %d frames have no receipt yet: run this again, or take them in another "
                "way and run it with --destroy" % _left(gateway.journal)
            )
        watchdog.feed()
        await asyncio.sleep_ms(_LOOK_MS)
    await uplink.stop()


def _tell_nobody(*_args):
    """What would be an event, were anything still signed; the console has it too."""


async def _connect(gateway):
    """The application's way up and what comes back, and nothing else of it."""
    from gateway import provisioned
    from gateway.receipts import Receipts
    from gateway.sent import Sent
    from gateway.trust import Trust
    from gateway.uplink import Uplink

    board, key, journal, clock = gateway.board, gateway.identity, gateway.journal, gateway.clock
    trust = Trust(provisioned.required(board, "root.pub", 64))
    board.staging().clear()  # a configuration that waits is of no use any more
    config = await provisioned.load(board, journal, trust, clock, key.gateway)
    clock.at_least(config.issued_ms)
    sent = Sent(journal, clock)

    def offer(message):
        receipts.offer(message)

    async def ignore(*_message):
        pass

    uplink = Uplink(
        board,
        journal,
        provisioned.network(board, key),
        key.gateway,
        config.zone,
        config.hash,
        sent.note,
        offer,
        ignore,
        ignore,
        ignore,
    )
    health.forget("provisioned", "sealed")
    board.forget_settings()
    receipts = Receipts(
        key.gateway, trust, clock, journal, sent, uplink.outbox, _tell_nobody, uplink.wake
    )
    for name, task in (("receipts", receipts.run), ("uplink", uplink.run)):
        asyncio.create_task(health.supervise(name, task, _tell_nobody))
    return uplink
