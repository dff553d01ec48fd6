"""Modbus RTU on a serial line: framed by what was asked for, silence only before and after."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms, ticks_us

from micropython import const

from gateway.modbus import NoAnswer, frames
from gateway.modbus.bus import Bus

_CHUNK = const(256)
_NEVER_QUIET_MS = const(1000)


class RtuBus(Bus):
    """`line` is (baud, parity, stop bits) as docs/wire-format.cddl has them."""

    def __init__(self, uart, line):
        super().__init__()
        self._uart = uart
        self._reader = asyncio.StreamReader(uart.stream)
        self._own_line = tuple(line)
        self._line: tuple = ()
        self._take_up(self._own_line)
        self._last_byte_us = ticks_us()
        self._answered = None  # the request that was answered last, and what came after that

    def _take_up(self, line):
        self._line = line
        baud, parity, stop_bits = line
        self._baud = baud
        self._character_bits = 9 + stop_bits + (1 if parity else 0)
        # Silence between frames: 3.5 characters, above 19200 baud 1.75 ms.
        self._frame_gap_us = 1750 if baud > 19200 else 3_500_000 * self._character_bits // baud

    async def _exchange(self, request):
        manners = request.manners
        line = self._own_line if manners.line is None else tuple(manners.line)
        if line != self._line:
            self._uart.set_line(*line)
            self._take_up(line)
        await self._quiet(max(1000 * manners.gap_ms, self._frame_gap_us))
        length = frames.rtu_answer_bytes(request.count)
        until = ticks_add(
            ticks_ms(), manners.timeout_ms + self._line_ms(frames.REQUEST_BYTES + length)
        )
        try:
            await self._uart.send(
                frames.rtu_request(request.unit, request.function, request.address, request.count)
            )
            return frames.rtu_registers(await self._answer(request, length, until))
        except (asyncio.TimeoutError, OSError):
            pass
        await self._quiet(1000 * manners.timeout_ms)
        raise NoAnswer(request.unit)

    async def _answer(self, request, length, until):
        """The frame that answers; raises TimeoutError when none came by `until`."""
        buf = b""
        while True:
            buf += await asyncio.wait_for_ms(self._arrived(), max(1, ticks_diff(until, ticks_ms())))
            place = frames.locate_rtu_answer(buf, request.unit, request.function, request.count)
            if place is not None:
                start, end = place
                self._answered = request, buf[end:]
                return buf[start:end]
            # Of what came too early, only what may be the beginning of the answer is kept.
            buf = buf[-(length - 1) :]
            missing = self._missing(buf, request, length)
            # Not to be woken by every character: the answer cannot be whole before.
            await asyncio.sleep_ms(
                min(self._characters_ms(missing), max(0, ticks_diff(until, ticks_ms())))
            )

    def _missing(self, buf, request, length):
        """How many characters the answer lacks if it begins where its first two bytes stand."""
        at = buf.find(bytes((request.unit, request.function)))
        if at >= 0:
            return max(1, at + length - len(buf))
        return 1

    async def _arrived(self):
        while True:
            data = await self._reader.read(_CHUNK)
            if data:
                self._last_byte_us = ticks_us()
                return data
            await asyncio.sleep_ms(10)  # the far end of a pty is closed

    async def _quiet(self, quiet_us):
        """Throw away what comes until nothing has come for `quiet_us`. Raises NoAnswer."""
        give_up = ticks_add(ticks_ms(), quiet_us // 250 + _NEVER_QUIET_MS)
        self._note_stray(b"")
        while True:
            while True:
                data = self._uart.stream.read(_CHUNK)
                if not data:
                    break
                self._last_byte_us = ticks_us()
                self._note_stray(data)
            elapsed_us = ticks_diff(ticks_us(), self._last_byte_us)
            if not 0 <= elapsed_us < quiet_us:  # below 0: so long ago that the ticks wrapped
                self._answered = None
                return
            if ticks_diff(give_up, ticks_ms()) <= 0:
                raise NoAnswer("the line is never quiet")
            await asyncio.sleep_ms(min((quiet_us - elapsed_us + 999) // 1000, 10))

    def _note_stray(self, data):
        """A second answer to the request that was just answered is another unit's."""
        if self._answered is None:
            return
        request, after = self._answered
        after = (after + data)[-_CHUNK:]
        self._answered = request, after
        if frames.locate_rtu_answer(after, request.unit, request.function, request.count):
            self._twice.add(request.unit)
            self._answered = None

    def _line_ms(self, characters):
        return self._characters_ms(characters) + 1

    def _characters_ms(self, characters):
        return characters * self._character_bits * 1000 // self._baud
