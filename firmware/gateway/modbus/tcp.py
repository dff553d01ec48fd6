"""A Modbus TCP server and the units behind it. Answers are told apart by transaction id."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from gateway.connection import connect
from gateway.modbus import NoAnswer, Unreachable, frames
from gateway.modbus.bus import Bus

_CONNECT_MS = const(5_000)


class TcpBus(Bus):
    def __init__(self, host: str, port: int):
        super().__init__()
        self._host = host
        self._port = port
        self._stream = None
        self._transaction = 0
        self._failed_at = ticks_ms()  # the last attempt to connect, after which this rests
        self._rest_ms = 0

    async def _exchange(self, request):
        if not self._is_fit():
            await self._close()
            await self._open()
        try:
            return await asyncio.wait_for_ms(
                self._converse(self._stream, request), request.manners.timeout_ms
            )
        except (asyncio.TimeoutError, OSError, EOFError):
            # The request may be on its way to the unit all the same: it was not answered.
            await self._close()
            raise NoAnswer(request.unit)

    def _is_fit(self):
        """Whether the connection is there, and nothing came on it that nobody waits for."""
        if self._stream is None:
            return False
        try:
            return self._stream.s.read(1) is None
        except OSError:
            return False

    async def _open(self):
        # A server that is off must not hold up every request to it, each for as long.
        if ticks_diff(ticks_ms(), self._failed_at) < self._rest_ms:
            raise Unreachable
        began = ticks_ms()
        try:
            # Resolving a name would block every task: the configuration holds an address.
            self._stream = await connect(self._host, self._port, _CONNECT_MS)
            self._rest_ms = 0
        except OSError as error:
            self._failed_at = ticks_ms()
            self._rest_ms = ticks_diff(self._failed_at, began)
            raise Unreachable(error)

    async def _converse(self, stream, request):
        self._transaction = self._transaction + 1 & 0xFFFF
        stream.write(
            frames.tcp_request(
                self._transaction, request.unit, request.function, request.address, request.count
            )
        )
        await stream.drain()
        while True:
            head = await stream.readexactly(7)
            length = head[4] << 8 | head[5]
            if head[2] or head[3] or not 2 <= length <= 254:
                raise OSError("not a Modbus TCP answer")
            pdu = await stream.readexactly(length - 1)
            if head[0] << 8 | head[1] == self._transaction and head[6] == request.unit:
                registers = frames.tcp_answer(pdu, request.function, request.count)
                if registers is not None:
                    return registers

    async def _close(self):
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.wait_closed()
