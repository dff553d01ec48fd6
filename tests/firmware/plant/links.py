"""Links and brokers that fail in ways that a socket does not report."""

import asyncio
import socket
import threading
from typing import Any

from plant.modbus import Loop

CONNECT, PUBLISH, SUBSCRIBE, PINGREQ = 1, 3, 8, 12
CONNACK, PUBACK, SUBACK, PINGRESP = b"\x20\x02\x00\x00", b"\x40\x02", 0x90, b"\xd0\x00"


class Listener:
    """A port whose connections `serve` handles."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server = loop.run(self._start())
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self.serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the gateway is gone, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    async def serve(self, *_: Any) -> None:
        """Say nothing: a program that hangs, or the wrong service."""
        await asyncio.Event().wait()

    def close(self) -> None:
        self.loop.run(self._stop())

    async def _stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)


class Proxy(Listener):
    """Passes on to a broker, until it is told to forget its connections without a word."""

    def __init__(self, loop: Loop, broker_port: int) -> None:
        self._broker_port = broker_port
        self._frozen = asyncio.Event()
        super().__init__(loop)

    def freeze(self) -> None:
        """Nothing passes any more through the connections there are; neither end is told."""

        async def freeze() -> None:
            self._frozen.set()
            self._frozen = asyncio.Event()

        self.loop.run(freeze())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frozen = asyncio.create_task(self._frozen.wait())
        from_broker, to_broker = await asyncio.open_connection("127.0.0.1", self._broker_port)
        passing = [
            asyncio.create_task(self._pass(reader, to_broker)),
            asyncio.create_task(self._pass(from_broker, writer)),
        ]
        try:
            await asyncio.wait([frozen, *passing], return_when=asyncio.FIRST_COMPLETED)
            if frozen.done():
                for task in passing:
                    task.cancel()
                await asyncio.Event().wait()
        finally:
            to_broker.close()

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()


class FakeBroker(Listener):
    """Takes what is published; `acknowledges` whether it says so."""

    def __init__(self, loop: Loop, *, acknowledges: bool = True) -> None:
        self._acknowledges = acknowledges
        self.published: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()
        super().__init__(loop)

    def frames(self) -> list[bytes]:
        with self._changed:
            return [payload for topic, payload in self.published if topic.endswith("/frame")]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            first = (await reader.readexactly(1))[0]
            body = await reader.readexactly(await self._length(reader))
            if first >> 4 == CONNECT:
                writer.write(CONNACK)
            elif first >> 4 == SUBSCRIBE:
                writer.write(bytes([SUBACK, 5]) + body[:2] + b"\1\1\1")
            elif first >> 4 == PINGREQ:
                writer.write(PINGRESP)
            elif first >> 4 == PUBLISH:
                end = 2 + int.from_bytes(body[:2])
                with self._changed:
                    self.published.append((body[2:end].decode(), body[end + 2 :]))
                if self._acknowledges:
                    writer.write(PUBACK + body[end : end + 2])

    @staticmethod
    async def _length(reader: asyncio.StreamReader) -> int:
        length = shift = 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return length


class StandingBroker(Listener):
    """Lets the gateway in, and reads nothing after that."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(CONNACK)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.Event().wait()


class EndlessPacket(Listener):
    """Sends a packet that does not end, a little at a time: before it has let the gateway in, or
    after. `pause_s` lies between its pieces, and `length` is what it says it has.
    """

    def __init__(self, loop: Loop, *, lets_in: bool, pause_s: float, length: int) -> None:
        self._lets_in = lets_in
        self._pause_s = pause_s
        self._length = length
        super().__init__(loop)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        if self._lets_in:
            writer.write(CONNACK)
        left, head = self._length, bytearray(b"\x30")
        while left > 0x7F:
            head.append(left & 0x7F | 0x80)
            left >>= 7
        head.append(left)
        writer.write(head + b"\x00\x01t")
        while not reader.at_eof():
            writer.write(bytes(600))
            await writer.drain()
            await asyncio.sleep(self._pause_s)


class BlackHole:
    """A port whose connections are never accepted: what is sent there is lost on the way."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port: int = self._server.getsockname()[1]
        self._filling = [self._fill() for _ in range(3)]

    def _fill(self) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(("127.0.0.1", self.port))
        return sock

    def close(self) -> None:
        for sock in (*self._filling, self._server):
            sock.close()
