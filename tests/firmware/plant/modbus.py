"""Modbus servers by pymodbus, and a pty with a line that can misbehave."""

import asyncio
import os
import threading
import tty
from collections.abc import Callable, Coroutine
from typing import Any

from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def registers(address: int, values: list[int]) -> SimData:
    return SimData(address, values=values, datatype=DataType.REGISTERS)


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, task: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(20)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class Server:
    """Units on Modbus TCP; `rtu` has it speak RTU frames on the same socket."""

    def __init__(self, loop: Loop, devices: list[SimDevice], rtu: bool = False) -> None:
        self._loop = loop
        self._devices = devices
        self._framer = FramerType.RTU if rtu else FramerType.SOCKET
        self.port = 0
        self.start()

    def start(self) -> None:
        self._loop.run(self._start())

    async def _start(self) -> None:
        self._server = ModbusTcpServer(
            self._devices,
            framer=self._framer,
            address=("127.0.0.1", self.port),
            trace_packet=self._silence,
        )
        await self._server.serve_forever(background=True)
        listening = self._server.transport
        assert isinstance(listening, asyncio.Server)
        self.port = listening.sockets[0].getsockname()[1]

    def _silence(self, sending: bool, packet: bytes) -> bytes:
        """A bus is silent where there is no unit; pymodbus answers with an exception."""
        unit = packet[0] if self._framer == FramerType.RTU else packet[6]
        present = any(device.id == unit for device in self._devices)
        return packet if present or not sending else b""

    def stop(self) -> None:
        self._loop.run(self._server.shutdown())  # type: ignore[no-untyped-call]


Answer = Callable[[bytes], list[tuple[float, bytes]]]


class Line:
    """A pty whose far end is a server speaking RTU. `answer` makes of each of the server's answers
    what arrives: [(seconds to wait, bytes), …]. Answers stay in order, as a unit gives them."""

    def __init__(self, loop: Loop, port: int) -> None:
        self._loop = loop
        self._master, slave = os.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        self._slave = slave  # held open, so that the gateway may come and go
        self.answer: Answer = lambda frame: [(0, frame)]
        self._running = loop.run(self._start(port))

    async def _start(self, port: int) -> asyncio.Task[None]:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        asyncio.get_running_loop().add_reader(self._master, self._request)
        return asyncio.create_task(self._answers(reader))

    def _request(self) -> None:
        self._writer.write(os.read(self._master, 512))

    async def _answers(self, reader: asyncio.StreamReader) -> None:
        while frame := await reader.read(512):
            for wait_s, data in self.answer(frame):
                await asyncio.sleep(wait_s)
                os.write(self._master, data)

    def close(self) -> None:
        self._loop.run(self._stop())
        os.close(self._master)
        os.close(self._slave)

    async def _stop(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        self._writer.close()
        self._running.cancel()
