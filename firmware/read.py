"""Read every meter now and sign it, while the gateway is stopped: before and after an exchange.

One line of JSON: {"gateway": id, "meters": [[slot, serial number, profile, [CT], [VT], Unix time in
ms, quality in hex or null, registers in hex], …]}. Each meter's is a billing frame of its own.
"""

import asyncio
import gc
import json
import sys

gc.threshold(8192)  # collect often: importing leaves the heap in pieces

import at_hand
from board import Board
from gateway import records
from gateway.configuration import SetupError
from gateway.stopped import Stopped

_WATCHDOG_MS = 60_000


def main() -> int:
    try:
        gateway = Stopped(Board())
        read = asyncio.run(_read(gateway))
    except SetupError as error:
        print("esep: nothing was signed:", error, file=sys.stderr)
        return 1
    print(json.dumps({"gateway": gateway.identity.gateway.hex(), "meters": read}))
    return 0


async def _read(gateway):
    board, clock, key = gateway.board, gateway.clock, gateway.identity
    if key.retired is not None:
        raise SetupError("this gateway is retired (%s)" % key.retired)
    gateway.next()
    watchdog = board.watchdog(_WATCHDOG_MS)
    config = await at_hand.load(board, gateway.journal, clock, key.gateway)
    if config.hash != gateway.in_force():
        raise SetupError("it has a configuration that it did not start with yet: start it once")
    clock.at_least(config.issued_ms)
    read = []
    for each, meter, _ in at_hand.meters(board, config, clock):
        watchdog.feed()
        reading = await meter.confirm(await meter.read(True))
        slot, read_at, quality, raw = meter.record(reading)
        read_ms = clock.unix_ms(read_at)
        told = await meter.events(clock.now_ms())
        await gateway.append(*told, records.reading(slot, read_ms, quality, raw))
        quality = quality and quality.hex()
        read.append([slot, each[1], each[2], each[6], each[7], read_ms, quality, raw.hex()])
        gc.collect()
    return read
