"""Asks real NTP servers in real time."""

import asyncio
import time

from gateway import clock, ntp
from serve import serve


class Board:
    """`random` gives what the servers of the tests cannot know."""

    def now_ms(self):
        return time.time_ns() // 1_000_000

    def ticks_ms(self):
        return time.ticks_ms()

    def random(self, n):
        return bytes([time.ticks_ms() & 0xFF] * n)


def ask(servers):
    """How far each is ahead in ms, or why it says nothing; and how often another task ran."""
    own = clock.Clock(Board())
    client = ntp.Ntp(Board(), own, servers, None, None)
    turns = [0]

    async def turn():
        while True:
            turns[0] += 1
            await asyncio.sleep_ms(10)

    async def consult():
        other = asyncio.create_task(turn())
        told = []
        for server in client._servers:
            try:
                _, offset_ms = await client._ask(server)
                told.append(offset_ms + own.uptime_ms() - own.now_ms())
            except Exception as error:
                told.append("%s %s" % (type(error).__name__, error))
        other.cancel()
        return told

    return asyncio.run(consult()), turns[0]


serve(ask=ask)
