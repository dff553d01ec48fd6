"""A Modbus TCP server and the units behind it. Answers are told apart by transaction id."""

import asyncio

from micropython import const

from gateway.modbus import NoAnswer, Unreachable, frames
from gateway.modbus.bus import Bus

_CONNECT_MS = const(5000)


class TcpBus(Bus):
    def __init__(self, host: str, port: int):
        super().__init__()
        self._host = host
        self._port = port
        self._stream = None
        self._transaction = 0

    async def _exchange(self, request):
        was_open = self._stream is not None
        try:
            return await self._transact(request)
        except asyncio.TimeoutError:
            await self._close()  # half an answer may have been taken from the stream
            raise NoAnswer(request.unit)
        except (OSError, EOFError):
            await self._close()
            if not was_open:
                raise NoAnswer(request.unit)
        # The connection had gone stale between two requests.
        try:
            return await self._transact(request)
        except (asyncio.TimeoutError, OSError, EOFError):
            await self._close()
            raise NoAnswer(request.unit)

    async def _transact(self, request):
        if self._stream is None:
            await self._open()
        return await asyncio.wait_for_ms(
            self._converse(self._stream, request), request.manners.timeout_ms
        )

    async def _open(self):
        try:
            # Resolving a name would block every task: the configuration holds an address.
            self._stream, _ = await asyncio.wait_for_ms(
                asyncio.open_connection(self._host, self._port), _CONNECT_MS
            )
        except (asyncio.TimeoutError, OSError) as error:
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
