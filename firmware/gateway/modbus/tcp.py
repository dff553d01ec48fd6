"""A Modbus TCP server and the units behind it. Answers are told apart by transaction id."""

import asyncio

from gateway.modbus import NoAnswer, Request, frames

_CONNECT_MS = 5000


class TcpBus:
    def __init__(self, host: str, port: int):
        self._host = host
        self._port = port
        self._lock = asyncio.Lock()
        self._stream = None
        self._transaction = 0

    def register(self, unit: int, counts) -> None:
        """Nothing to prepare: transaction ids tell answers apart."""

    async def read(self, request: Request) -> bytes:
        """The registers' bytes. Raises ModbusException or NoAnswer, after one reconnection."""
        async with self._lock:
            try:
                return await self._transact(request)
            except (OSError, EOFError):
                await self._close()
            try:
                return await self._transact(request)
            except (OSError, EOFError) as error:
                await self._close()
                raise NoAnswer(error)

    async def _transact(self, request):
        try:
            if self._stream is None:
                # Resolving a name would block every task: the configuration holds an address.
                self._stream, _ = await asyncio.wait_for_ms(
                    asyncio.open_connection(self._host, self._port), _CONNECT_MS
                )
            return await asyncio.wait_for_ms(
                self._exchange(self._stream, request), request.timeout_ms
            )
        except asyncio.TimeoutError:
            await self._close()  # half an answer may have been taken from the stream
            raise NoAnswer(request.unit)

    async def _exchange(self, stream, request):
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
