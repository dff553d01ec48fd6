"""The driver of Modbus meters: a configuration's requests, and their bytes a quantity at a time.

A driver of another protocol has the same three methods: `snapshot`, `identity`, `answered_twice`.
"""

from time import ticks_diff, ticks_ms

from micropython import const

from gateway.modbus import Manners, ModbusException, NoAnswer, Request
from gateway.quality import EXCEPTION, GOOD, NO_ANSWER

_SAMPLE = const(11)
_QUANTITIES = const(12)
_INTERVAL = const(13)
# Illegal address, illegal value, device failure: what units say of registers they do not have.
_NO_SUCH_REGISTERS = (2, 3, 4)


class ModbusDriver:
    """One meter of the configuration on its bus."""

    def __init__(self, config: dict, bus):
        self._faults = {False: "", True: ""}
        self._bus = bus
        self._unit = config[5]
        self._function = config[8]
        self._manners = Manners(*config[9])
        self._spans = [(quantity[0], quantity[1]) for quantity in config[_QUANTITIES]]
        self._requests = {only: config[_INTERVAL if only else _SAMPLE] for only in (False, True)}
        self._identity = config[14]
        self._register_counts()

    @property
    def fault(self) -> str:
        """What the unit refused of the last snapshots, or nothing."""
        return self._faults[False] or self._faults[True]

    def answered_twice(self) -> bool:
        """Whether, since the last call, two units answered one request."""
        return self._bus.answered_twice(self._unit)

    async def snapshot(self, interval_only: bool, indices, patient: bool = True):
        """Read the quantities of these indices, now: ({index: bytes}, {index: quality}, age).

        The age is the time in ms since the first answer. Without patience the first request
        without an answer is the last.
        """
        first = None
        values: dict = {}
        quality: dict = {}
        self._faults[interval_only] = ""
        requests = list(self._requests[interval_only])
        while requests:
            request = requests.pop(0)
            address, count = request
            members = [i for i in indices if self._is_in(i, address, count)]
            try:
                registers = await self._read(self._function, address, count)
                if first is None:
                    first = ticks_ms()
                for i in members:
                    at = 2 * (self._spans[i][0] - address)
                    values[i] = registers[at : at + 2 * self._spans[i][1]]
                    quality[i] = GOOD
            except ModbusException as error:
                if error.code in _NO_SUCH_REGISTERS and len(members) > 1:
                    requests = self._split(interval_only, request, members) + requests
                    continue
                self._faults[interval_only] = "exception %d at %d" % (error.code, address)
                for i in members:
                    quality[i] = EXCEPTION
            except NoAnswer:
                for i in members:
                    quality[i] = NO_ANSWER
                if not patient:
                    break
        age_ms = 0 if first is None else ticks_diff(ticks_ms(), first)
        return values, {i: quality.get(i, NO_ANSWER) for i in indices}, age_ms

    async def identity(self):
        """The registers that say which meter this is: (quality or None, raw).

        Raises NoAnswer when one of them had no answer; None when the profile names none.
        """
        if not self._identity:
            return None
        quality = []
        raw = b""
        for function, address, count in self._identity:
            try:
                raw += await self._read(function, address, count)
                quality.append(GOOD)
            except ModbusException:
                quality.append(EXCEPTION)
        return (bytes(quality) if any(quality) else None), raw

    async def _read(self, function, address, count):
        return await self._bus.read(Request(self._unit, function, address, count, self._manners))

    def _is_in(self, index, address, count):
        start, registers = self._spans[index]
        return address <= start and start + registers <= address + count

    def _split(self, interval_only, request, members):
        """The unit has no registers in a gap that was read over: no gap is from now on."""
        kept = self._requests[interval_only]
        at = kept.index(request)
        parts = [list(self._spans[i]) for i in members]
        self._requests[interval_only] = kept[:at] + parts + kept[at + 1 :]
        self._register_counts()
        return parts

    def _register_counts(self):
        counts = [count for _, _, count in self._identity]
        for requests in self._requests.values():
            counts += [count for _, count in requests]
        self._bus.register(self._unit, counts)
