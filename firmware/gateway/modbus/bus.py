"""One bus: one request at a time, repeated when it fails, and no answer taken for another's.

A request that went unanswered may still be answered, when the next one is waited for; RTU answers
carry no transaction id, and a TCP gateway may itself mistake one. So the unit is first asked a
*fence*: a read of a number of registers that no other request to it uses. A unit answers in order;
once the fence is answered, nothing older can follow.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from gateway.modbus import ModbusException, NoAnswer, Request

_LATEST_ANSWER_MS = const(10_000)
_BUSY = (5, 6)  # acknowledge, device busy: ask again
_BUSY_PAUSE_MS = const(100)
_UNIT_SILENT = (10, 11)  # a gateway found no path to the unit, or had no answer from it


class Bus:
    """What is common to the transports; `_exchange(request)` is theirs. It returns the registers'
    bytes, or raises ModbusException or NoAnswer."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._urgent = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._counts: dict = {}
        self._unanswered: dict = {}
        self._twice: set = set()

    def register(self, unit: int, counts) -> None:
        """Tell which numbers of registers will be asked of a unit; a fence uses another."""
        self._counts.setdefault(unit, set()).update(counts)

    def answered_twice(self, unit: int) -> bool:
        """Whether, since the last call, one request had two answers: an address used twice."""
        found = unit in self._twice
        self._twice.discard(unit)
        return found

    def urgent(self, begins: bool) -> None:
        """From `True` to the `False` that goes with it only urgent requests are let in."""
        self._urgent += 1 if begins else -1
        if self._urgent:
            self._calm.clear()
        else:
            self._calm.set()

    async def read(self, request: Request, urgent: bool = True) -> bytes:
        """The registers' bytes. Raises ModbusException or NoAnswer, after all repetitions."""
        if not urgent:
            await self._calm.wait()
        async with self._lock:
            left = request.manners.retries
            while True:
                try:
                    await self._fence(request)
                    return await self._ask(request)
                except NoAnswer:
                    if not left:
                        raise
                except ModbusException as error:
                    if not left or error.code not in _BUSY:
                        raise
                    await asyncio.sleep_ms(_BUSY_PAUSE_MS)
                left -= 1

    async def _ask(self, request):
        try:
            return await self._exchange(request)
        except NoAnswer:
            self._unanswered[request.unit] = ticks_ms()
            raise
        except ModbusException as error:
            if error.code not in _UNIT_SILENT:
                raise
            self._unanswered[request.unit] = ticks_ms()
            raise NoAnswer(request.unit)

    async def _fence(self, request):
        unit = request.unit
        since = self._unanswered.get(unit)
        if since is None:
            return
        if ticks_diff(ticks_ms(), since) < _LATEST_ANSWER_MS:
            used = self._counts.get(unit, ())
            count = 2  # some units read pairs of registers only
            while count in used or count == request.count:
                count += 1
            fence = Request(unit, request.function, request.address, count, request.manners)
            try:
                await self._ask(fence)
            except ModbusException:
                # It may be the exception of an older request, and the fence's own still to come.
                await self._drain(request)
        self._unanswered.pop(unit, None)

    async def _exchange(self, request) -> bytes:
        raise NotImplementedError

    async def _drain(self, request) -> None:
        """Let what may still come pass by."""
        raise NotImplementedError
