"""The collector's receipts: what may leave the journal, what to send again, what time it is."""

import asyncio

from gateway import cose, records
from gateway.health import log
from gateway.journal import BILLING, TELEMETRY


class Receipts:
    """Takes the newest receipt that came; an older one that still waits says nothing more."""

    def __init__(self, gateway, trust, clock, journal, outbox, bill, on_room):
        self._gateway = gateway
        self._trust = trust
        self._clock = clock
        self._journal = journal
        self._outbox = outbox
        self._bill = bill
        self._on_room = on_room
        self._message = b""
        self._arrived = asyncio.Event()
        self._number = -1

    def offer(self, message: bytes) -> None:
        self._message = message
        self._arrived.set()

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            try:
                await self._take(self._message)
            except cose.WireError as error:
                log("receipt refused: " + error.reason)

    async def _take(self, message):
        clock = self._clock
        body = await self._trust.accept(message, cose.RECEIPT, clock.known(), clock.now_ms())
        if not _well_shaped(body):
            raise cose.WireError("wrong_shape")
        if body[1] != self._gateway:
            raise cose.WireError("not_for_me")
        if body[2] <= self._number:
            return
        self._number = body[2]
        step = clock.hear(body[3])
        if step:
            self._bill(records.clock_step(clock.now_ms(), step[0], step[1], "receipt"))
        for stream, (epoch, upto, held, wanted) in zip((BILLING, TELEMETRY), body[4]):
            self._journal.receipt(stream, epoch, upto, held)
            self._outbox.want(stream, epoch, wanted)
        self._outbox.receipt_came()
        self._on_room()


def _well_shaped(body):
    streams = body.get(4)
    return (
        len(body) == 5
        and isinstance(body.get(1), bytes)
        and _uint(body.get(2))
        and _uint(body.get(3))
        and isinstance(streams, list)
        and len(streams) == 2
        and all(isinstance(stream, list) and len(stream) == 4 for stream in streams)
        and all(_uint(stream[0]) and _uint(stream[1]) for stream in streams)
        and all(_ranges(stream[2]) and _ranges(stream[3]) for stream in streams)
    )


def _ranges(value):
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and _uint(pair[0]) and _uint(pair[1])
        for pair in value
    )


def _uint(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
