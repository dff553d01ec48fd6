"""Reads a cycle of requests and says how long it took: a client of the bus benchmark."""

from serve import serve  # isort: skip

import asyncio
import sys
from time import ticks_diff, ticks_us

from board.unix import Uart
from gateway.modbus import Manners, ModbusException, NoAnswer, Request
from gateway.modbus.rtu import RtuBus

path, baud, keep_gaps = sys.argv[1:]
bus = RtuBus(Uart(path), (int(baud), 0, 1))
_WATCH_MS = 5


async def read_all(asks):
    longest_us = 0

    async def watch():
        nonlocal longest_us
        while True:
            before = ticks_us()
            await asyncio.sleep_ms(_WATCH_MS)
            longest_us = max(longest_us, ticks_diff(ticks_us(), before) - 1000 * _WATCH_MS)

    requests = []
    for unit, function, address, count, timeout_ms, gap_ms in asks:
        bus.register(unit, (count,))
        manners = Manners(timeout_ms, gap_ms if keep_gaps == "gaps" else 0)
        requests.append(Request(unit, function, address, count, manners))
    answers = []
    watching = asyncio.create_task(watch())
    await asyncio.sleep_ms(0)
    begin = ticks_us()
    for request in requests:
        try:
            answers.append(await bus.read(request))
        except (ModbusException, NoAnswer) as error:
            answers.append(error)
    elapsed_us = ticks_diff(ticks_us(), begin)
    watching.cancel()
    return {
        "elapsed_s": elapsed_us / 1_000_000,
        "answers": [each.hex() if isinstance(each, bytes) else repr(each) for each in answers],
        "longest_stall_ms": longest_us / 1000,
    }


def read(asks):
    return asyncio.run(read_all(asks))


serve(read=read)
