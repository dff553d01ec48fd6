"""One bus: one request at a time, repeated when it fails, and no answer taken for another's.

A request that went unanswered may still be answered, when the next one is waited for, and one that
was answered may be answered twice; RTU answers carry no transaction id, and a TCP gateway may
itself mistake one. So the unit is first asked a *fence*: a read of a number of registers that no
other request to it uses, nor another fence that may be unanswered still. A unit answers in order;
once the fence is answered, nothing older can follow. It is asked after a request without answer,
and between two for as many registers at different addresses. When fences run out the unit is left
alone until nothing can follow.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from gateway.modbus import ModbusException, NoAnswer, Request, Unreachable

# A unit is taken to be never later than so many timeouts for each request it has to answer still.
_LATEST_TIMEOUTS = const(8)
_MOST_FENCES = const(3)
_KINDS = const(4)
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
        self._fences: dict = {}
        self._unanswered: dict = {}  # unit: fences asked since, and when something was last asked
        self._turns: dict = {}  # unit: how many fences it was asked
        self._last_answered: dict = {}  # unit: the request that it answered last
        self._twice: set = set()
        self._missed: set = set()
        self.requests = 0  # since the start, each repetition and fence for itself
        self.failures = 0  # of these, without an answer

    def register(self, unit: int, counts, fences=()) -> None:
        """Tell which numbers of registers will be asked of a unit; a fence uses another.

        `fences`: reads of other numbers, (function, address, count), that the unit surely answers.
        """
        self._counts.setdefault(unit, set()).update(counts)
        if fences:
            self._fences[unit] = fences

    def answered_twice(self, unit: int) -> bool:
        """Whether, since the last call, one request had two answers: an address used twice."""
        found = unit in self._twice
        self._twice.discard(unit)
        return found

    def alive(self) -> bool:
        """Whether any unit answered since the start."""
        return bool(self._last_answered)

    def missed(self, unit: int) -> bool:
        """Whether, since the last call, the unit did not answer once, if only until asked again."""
        found = unit in self._missed
        self._missed.discard(unit)
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
                except Unreachable:
                    raise
                except NoAnswer:
                    if not left:
                        raise
                except ModbusException as error:
                    if not left or error.code not in _BUSY:
                        raise
                    await asyncio.sleep_ms(_BUSY_PAUSE_MS)
                left -= 1

    async def _ask(self, request):
        self.requests += 1
        try:
            registers = await self._exchange(request)
            self._last_answered[request.unit] = request
            return registers
        except Unreachable:
            self.failures += 1
            raise
        except NoAnswer:
            self.failures += 1
            self._note_unanswered(request.unit)
            raise
        except ModbusException as error:
            if error.code not in _UNIT_SILENT:
                raise
            self.failures += 1
            self._note_unanswered(request.unit)
            raise NoAnswer(request.unit)

    def _note_unanswered(self, unit):
        self._missed.add(unit)
        asked = self._unanswered.get(unit, (0, 0))[0]
        self._unanswered[unit] = asked, ticks_ms()

    async def _fence(self, request):
        unit = request.unit
        if unit not in self._unanswered:
            if self._is_like_the_last(request):
                try:
                    await self._ask(self._next_fence(request))
                except ModbusException:
                    pass  # that is an answer to it too: nothing of its kind came before
            return
        asked, since = self._unanswered[unit]
        latest_ms = (asked + 2) * _LATEST_TIMEOUTS * request.manners.timeout_ms
        if ticks_diff(ticks_ms(), since) < latest_ms:
            if asked >= min(_MOST_FENCES, self._kinds(unit)):
                raise NoAnswer(unit)
            self._unanswered[unit] = asked + 1, since
            try:
                await self._ask(self._next_fence(request))
            except ModbusException:
                # It may be the exception of an older request, and the fence's own still to come.
                raise NoAnswer(unit)
        self._unanswered.pop(unit, None)

    def _is_like_the_last(self, request):
        last = self._last_answered.get(request.unit)
        return (
            last is not None
            and last.address != request.address
            and (last.function, last.count) == (request.function, request.count)
        )

    def _kinds(self, unit):
        """How many fences of different lengths a unit may be asked."""
        sure = len(self._fences.get(unit, ()))
        return sure if sure > 1 else _KINDS

    def _next_fence(self, request):
        """They come in turn: one may be answered a second time while the next is waited for."""
        unit = request.unit
        fences = self._fences.get(unit, ())
        turn = self._turns[unit] = (self._turns.get(unit, -1) + 1) % self._kinds(unit)
        if turn < len(fences):
            function, address, count = fences[turn]
        else:
            function, address, count = request.function, request.address, 0
            used = self._counts.get(unit, set()) | {fence[2] for fence in fences} | {request.count}
            while turn >= len(fences):
                count += 2  # some units read pairs of registers only
                if count not in used:
                    turn -= 1
        return Request(unit, function, address, count, request.manners)

    async def _exchange(self, request) -> bytes:
        raise NotImplementedError
