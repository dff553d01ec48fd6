"""The driver of Modbus meters: a configuration's requests, and their bytes a quantity at a time.

A driver of another protocol has the same methods and `fault`.
"""

from array import array
from time import ticks_diff, ticks_ms

from micropython import const

from gateway.modbus import Manners, ModbusException, NoAnswer, Request
from gateway.records import EXCEPTION, GOOD, NO_ANSWER, packed

_SAMPLE = const(11)
_QUANTITIES = const(12)
_INTERVAL = const(13)
_IDENTITY = const(14)
_FENCES = const(4)
_NO_SUCH_REGISTERS = (2, 3)  # illegal address, illegal value
# A snapshot has one time: what an interval would get so much later is asked for again.
_SPAN_MS = const(1_000)


class ModbusDriver:
    """One meter of the configuration on its bus."""

    def __init__(self, config: dict, bus):
        self._faults = {False: "", True: ""}
        self._bus = bus
        self._unit = config[5]
        self._function = config[8]
        self._manners = Manners(*config[9])
        # A configuration's lists take ten times as much of the heap as arrays.
        self._addresses = array("H", [quantity[0] for quantity in config[_QUANTITIES]])
        self._sizes = bytes([quantity[1] for quantity in config[_QUANTITIES]])
        self._requests = {True: _flat(config[_INTERVAL]), False: _flat(config[_SAMPLE])}
        self._identity = _flat(config[_IDENTITY])
        self._register_counts()

    @property
    def fault(self) -> str:
        """What the unit refused of the last snapshots, or nothing."""
        return self._faults[False] or self._faults[True]

    def urgent(self, begins: bool) -> None:
        """Keep samples off the bus while a boundary's snapshots are read."""
        self._bus.urgent(begins)

    def answered_twice(self) -> bool:
        """Whether, since the last call, two units answered one request."""
        return self._bus.answered_twice(self._unit)

    def missed(self) -> bool:
        """Whether, since the last call, the unit did not answer once, if only until asked again."""
        return self._bus.missed(self._unit)

    async def snapshot(self, interval_only: bool, indices, patient: bool = True):
        """Read the quantities of these indices, now: ({index: bytes}, {index: quality}, age).

        The age is the time in ms since the first answer; what an interval has more than a second
        after it counts as not answered. Without patience the first request without an answer is
        the last.
        """
        first = None
        values: dict = {}
        quality: dict = {}
        self._faults[interval_only] = ""
        at = 0
        while at < len(self._requests[interval_only]):
            address, count = self._requests[interval_only][at : at + 2]
            members = [i for i in indices if self._is_in(i, address, count)]
            try:
                registers = await self._read(interval_only, self._function, address, count)
                if first is None:
                    first = ticks_ms()
                elif interval_only and ticks_diff(ticks_ms(), first) > _SPAN_MS:
                    raise NoAnswer(self._unit)
                for i in members:
                    start = 2 * (self._addresses[i] - address)
                    values[i] = registers[start : start + 2 * self._sizes[i]]
                    quality[i] = GOOD
            except ModbusException as error:
                if error.code in _NO_SUCH_REGISTERS and len(members) > 1:
                    self._split(interval_only, at, members)
                    continue
                self._faults[interval_only] = "exception %d at %d" % (error.code, address)
                for i in members:
                    quality[i] = EXCEPTION
            except NoAnswer:
                for i in members:
                    quality[i] = NO_ANSWER
                if not patient:
                    break
            at += 2
        age_ms = 0 if first is None else ticks_diff(ticks_ms(), first)
        return values, {i: quality.get(i, NO_ANSWER) for i in indices}, age_ms

    def has_identity(self) -> bool:
        """Whether the profile names registers that say which meter this is."""
        return len(self._identity) > 0

    async def identity(self):
        """Those registers: (quality or None, raw). Raises NoAnswer when one had no answer."""
        quality = []
        raw = b""
        for at in range(0, len(self._identity), 3):
            try:
                raw += await self._read(False, *self._identity[at : at + 3])
                quality.append(GOOD)
            except ModbusException:
                quality.append(EXCEPTION)
        return packed(quality), raw

    def no_identity(self):
        """What is said of an identity without an answer."""
        return bytes([NO_ANSWER]) * (len(self._identity) // 3), b""

    def _read(self, urgent, function, address, count):
        """To be awaited."""
        request = Request(self._unit, function, address, count, self._manners)
        return self._bus.read(request, urgent)

    def _is_in(self, index, address, count):
        start = self._addresses[index]
        return address <= start and start + self._sizes[index] <= address + count

    def _split(self, interval_only, at, members):
        """The unit has no registers in a gap that was read over: no gap is from now on."""
        kept = self._requests[interval_only]
        parts = _flat([(self._addresses[i], self._sizes[i]) for i in members])
        self._requests[interval_only] = kept[:at] + parts + kept[at + 2 :]
        self._register_counts()

    def _register_counts(self):
        counts = [self._identity[at] for at in range(2, len(self._identity), 3)]
        for requests in self._requests.values():
            counts += [requests[at] for at in range(1, len(requests), 2)]
        self._bus.register(self._unit, counts, self._fences(counts))

    def _fences(self, counts):
        """The beginnings of requests, up to the end of a quantity: what the unit surely answers."""
        found = {}
        for requests in self._requests.values():
            for at in range(0, len(requests), 2):
                address, count = requests[at : at + 2]
                for i in range(len(self._sizes)):
                    if self._is_in(i, address, count):
                        found[self._addresses[i] + self._sizes[i] - address] = address
        counts = [count for count in sorted(found) if count not in counts]
        return [(self._function, found[count], count) for count in counts[:_FENCES]]


def _flat(rows):
    return array("H", [number for row in rows for number in row])
