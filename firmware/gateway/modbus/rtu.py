"""A Modbus RTU bus. RTU answers carry no transaction id: the care here is that none is mistaken.

After a request that went unanswered its answer may still come, when the next one is waited for.
So the line must first fall quiet, and the unit is then asked a *fence*: a read of a number of
registers that no other request to it uses. A unit answers in order; once the fence is answered,
nothing older can follow.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from gateway.modbus import ModbusException, NoAnswer, Request, frames

_LATEST_ANSWER_MS = 10_000
_BITS_A_CHARACTER = 11


class RtuBus:
    def __init__(self, uart, baud: int):
        self._uart = uart
        self._reader = asyncio.StreamReader(uart.stream)
        self._lock = asyncio.Lock()
        self._baud = baud
        # Silence between frames: 3.5 characters, above 19200 baud a fixed 1.75 ms.
        self._frame_gap_ms = max(2, self._line_ms(4))
        self._last_byte = ticks_ms()
        self._counts: dict = {}
        self._unanswered: dict = {}

    def register(self, unit: int, counts) -> None:
        """Tell which numbers of registers will be asked of a unit; a fence uses another."""
        self._counts.setdefault(unit, set()).update(counts)

    async def read(self, request: Request) -> bytes:
        """The registers' bytes. Raises ModbusException or NoAnswer, after one repetition."""
        async with self._lock:
            await self._fence(request)
            try:
                return await self._transact(request)
            except NoAnswer:
                await self._fence(request)
                return await self._transact(request)

    async def _fence(self, request):
        since = self._unanswered.get(request.unit)
        if since is None:
            return
        if ticks_diff(ticks_ms(), since) < _LATEST_ANSWER_MS:
            used = self._counts.get(request.unit, ())
            count = 1
            while count in used:
                count += 1
            fence = Request(
                request.unit,
                request.function,
                request.address,
                count,
                request.timeout_ms,
                request.gap_ms,
            )
            try:
                await self._transact(fence)
            except ModbusException:
                pass
        self._unanswered.pop(request.unit, None)

    async def _transact(self, request):
        await self._quiet(max(request.gap_ms, self._frame_gap_ms))
        wait_ms = request.timeout_ms + self._line_ms(frames.rtu_answer_bytes(request.count))
        try:
            await self._uart.send(
                frames.rtu_request(request.unit, request.function, request.address, request.count)
            )
            self._last_byte = ticks_ms()
            return await asyncio.wait_for_ms(self._answer(request), wait_ms)
        except (asyncio.TimeoutError, OSError):
            self._unanswered[request.unit] = ticks_ms()
            self._last_byte = ticks_ms()
            await self._quiet(request.timeout_ms)
            raise NoAnswer(request.unit)

    async def _answer(self, request):
        longest = frames.rtu_answer_bytes(request.count)
        buf = b""
        while True:
            buf = buf[-(longest - 1) :] + await self._read()
            registers = frames.find_rtu_answer(buf, request.unit, request.function, request.count)
            if registers is not None:
                return registers

    async def _read(self):
        data = await self._reader.read(256)
        if data:
            self._last_byte = ticks_ms()
        else:
            await asyncio.sleep_ms(10)  # the far end of a pty is closed
        return data

    async def _quiet(self, quiet_ms):
        """Throw away what comes until nothing has come for `quiet_ms`."""
        give_up = ticks_add(ticks_ms(), 4 * quiet_ms + 1000)
        while True:
            while self._uart.stream.read(256):
                self._last_byte = ticks_ms()
            remaining_ms = quiet_ms - ticks_diff(ticks_ms(), self._last_byte)
            if remaining_ms <= 0:
                return
            if ticks_diff(give_up, ticks_ms()) <= 0:
                raise NoAnswer("the line is never quiet")
            await asyncio.sleep_ms(min(remaining_ms, 10))

    def _line_ms(self, characters):
        return characters * _BITS_A_CHARACTER * 1000 // self._baud + 1
