"""A serial line: a pty for the gateway's end, and bytes that take their time."""

from __future__ import annotations

import asyncio
import os
import tty
from contextlib import suppress

READ_SIZE = 4096


class SerialLine:
    """Carries bytes between a pty and a stream, at the pace of a baud rate in each direction."""

    def __init__(self, baud: int, bits_per_character: int) -> None:
        self._character_s = bits_per_character / baud
        self._master = self._slave = -1
        self._pump: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._busy_until_s = 0.0
        self.path = ""

    async def connect(self, host: str, port: int) -> None:
        """Open the pty (its far end is `path`) and join it to a Modbus server that speaks RTU."""
        self._master, self._slave = os.openpty()
        # The far end stays open here too, or the line would break when the gateway restarts.
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        reader, self._writer = await asyncio.open_connection(host, port)
        asyncio.get_running_loop().add_reader(self._master, self._from_pty)
        self._pump = asyncio.create_task(self._to_pty(reader))

    async def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()
            with suppress(asyncio.CancelledError):
                await self._pump
        if self._writer is not None:
            self._writer.close()
        if self._master >= 0:
            asyncio.get_running_loop().remove_reader(self._master)
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    def _from_pty(self) -> None:
        with suppress(BlockingIOError):
            data = os.read(self._master, READ_SIZE)
            loop = asyncio.get_running_loop()
            loop.call_at(self._occupy(len(data)), self._send, data)

    def _send(self, data: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)

    async def _to_pty(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        while data := await reader.read(READ_SIZE):
            await asyncio.sleep(self._occupy(len(data)) - loop.time())
            # A gateway that reads nothing loses bytes, as on a real line.
            with suppress(BlockingIOError):
                os.write(self._master, data)

    def _occupy(self, characters: int) -> float:
        """When the last of these characters has passed; the line carries one at a time."""
        now = asyncio.get_running_loop().time()
        self._busy_until_s = max(now, self._busy_until_s) + characters * self._character_s
        return self._busy_until_s
