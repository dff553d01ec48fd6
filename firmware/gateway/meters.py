"""Meters: which registers to ask for, and what came back as records of the wire format."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from gateway.modbus import ModbusException, NoAnswer, Request

GOOD = 0
NO_ANSWER = 2
EXCEPTION = 3

_INTERVAL_FLAG = 1
# Illegal address, illegal value, device failure: what units say of registers they do not have.
_NO_SUCH_REGISTERS = (2, 3, 4)
# Reading over a few unused registers costs less line time than another request.
_WIDEST_GAP = 16
_SILENT_AFTER = 3
_FIRST_BACK_OFF_MS = 10_000
_LONGEST_BACK_OFF_MS = 300_000


def plan(quantities, max_registers: int, widest_gap: int = _WIDEST_GAP):
    """The fewest requests that cover `quantities`, a list of (index, address, registers).

    Returns [(address, count, [quantity, …]), …]. No quantity is split over two requests.
    """
    requests: list = []
    for quantity in sorted(quantities, key=lambda q: (q[1], q[2])):
        _, address, registers = quantity
        if requests:
            start, count, members = requests[-1]
            end = max(start + count, address + registers)
            if address <= start + count + widest_gap and end - start <= max_registers:
                requests[-1] = (start, end - start, members + [quantity])
                continue
        requests.append((address, registers, [quantity]))
    return requests


def answered(quality) -> bool:
    """Whether a reading of this quality shows that the meter is there."""
    return quality is None or any(each != NO_ANSWER for each in quality)


class Meter:
    """One meter of the configuration on its bus."""

    def __init__(self, config: dict, bus):
        self.slot = config[0]
        self.bus_index = config[4]
        self.silent = False
        self.reported_silent = False
        self._bus = bus
        self._unit = config[5]
        self._function = config[8]
        self._max_registers = config[9]
        self._timeout_ms = config[10]
        self._gap_ms = config[11]
        self._failures = 0
        self._retry_at = ticks_ms()
        self._back_off_ms = 0
        every = [(i, q[0], q[1]) for i, q in enumerate(config[12])]
        flags = [q[2] for q in config[12]]
        self._quantities = {
            False: every,
            True: [q for q in every if flags[q[0]] & _INTERVAL_FLAG],
        }
        self._plans = {
            only: plan(chosen, self._max_registers) for only, chosen in self._quantities.items()
        }
        self._register_counts()

    def due(self) -> bool:
        """Whether a sample is worth the bus's time: a silent meter is asked ever more rarely."""
        return not self.silent or ticks_diff(ticks_ms(), self._retry_at) >= 0

    async def read(self, interval_only: bool, again: bool):
        """Read now, or again. Returns (quality or None, raw) as in the wire format's readings."""
        values: dict = {}
        quality: dict = {}
        answered = False
        requests = list(self._plans[interval_only])
        while requests:
            request = requests.pop(0)
            address, count, members = request
            try:
                registers = await self._bus.read(
                    Request(
                        self._unit,
                        self._function,
                        address,
                        count,
                        self._timeout_ms,
                        self._gap_ms,
                    )
                )
                answered = True
                for index, at, n in members:
                    values[index] = registers[2 * (at - address) : 2 * (at - address + n)]
            except ModbusException as error:
                answered = True
                parts = plan(members, self._max_registers, 0)
                if error.code in _NO_SUCH_REGISTERS and len(parts) > 1:
                    self._split(interval_only, request, parts)
                    requests = parts + requests
                    continue
                for member in members:
                    quality[member[0]] = EXCEPTION
            except NoAnswer:
                for member in members:
                    quality[member[0]] = NO_ANSWER
                if self.silent and not answered:
                    break
        if answered or not again:
            self._note(answered)
        indices = [q[0] for q in self._quantities[interval_only]]
        raw = b"".join([values[i] for i in indices if i in values])
        if all(i in values for i in indices):
            return None, raw
        return bytes([GOOD if i in values else quality.get(i, NO_ANSWER) for i in indices]), raw

    def _split(self, interval_only, request, parts):
        """The unit has no registers in a gap that was read over: leave its gaps out from now on."""
        kept = self._plans[interval_only]
        at = kept.index(request)
        self._plans[interval_only] = kept[:at] + parts + kept[at + 1 :]
        self._register_counts()

    def _register_counts(self):
        for requests in self._plans.values():
            self._bus.register(self._unit, [count for _, count, _ in requests])

    def _note(self, answered):
        if answered:
            self.silent = False
            self._failures = self._back_off_ms = 0
            return
        self._failures += 1
        if self._failures >= _SILENT_AFTER:
            self.silent = True
            self._back_off_ms = min(
                2 * self._back_off_ms or _FIRST_BACK_OFF_MS, _LONGEST_BACK_OFF_MS
            )
            self._retry_at = ticks_add(ticks_ms(), self._back_off_ms)


class Meters:
    """All meters: buses are read at the same time, the meters of a bus one after another."""

    def __init__(self, meters, clock, on_change):
        """`on_change(slot, answering)` is called when a meter falls silent or answers again."""
        self._clock = clock
        self._on_change = on_change
        self._buses: dict = {}
        for meter in meters:
            self._buses.setdefault(meter.bus_index, []).append(meter)

    async def read_intervals(self):
        """Interval registers of every meter: [(slot, uptime_ms, quality, raw), …] by slot."""
        return await self._read(True)

    async def read_again(self, slots):
        """As `read_intervals`, of some meters; none falls silent by not answering once more."""
        return await self._read(True, slots)

    async def read_samples(self):
        """All registers of every meter that is not in back-off, as `read_intervals`."""
        return await self._read(False)

    async def _read(self, interval_only, again=None):
        readings: list = []
        await asyncio.gather(
            *[self._read_bus(bus, interval_only, again, readings) for bus in self._buses.values()]
        )
        readings.sort(key=lambda reading: reading[0])
        return readings

    async def _read_bus(self, meters, interval_only, again, readings):
        # The silent last: waiting for them must not make the others' snapshot late.
        for meter in sorted(meters, key=lambda meter: meter.silent):
            if again is not None and meter.slot not in again:
                continue
            if not interval_only and not meter.due():
                continue
            quality, raw = await meter.read(interval_only, again is not None)
            readings.append((meter.slot, self._clock.uptime_ms(), quality, raw))
            if meter.silent != meter.reported_silent:
                meter.reported_silent = meter.silent
                self._on_change(meter.slot, not meter.silent)
