"""One meter: read, read again until it can be believed, its identity, its silence."""

import asyncio
import binascii
from array import array
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from gateway import energies, records
from gateway.modbus import NoAnswer
from gateway.records import DOUBTFUL, GOOD, NO_ANSWER, OUT_OF_RANGE, STALE, has_bytes, packed

_SILENT_AFTER = const(3)
_FIRST_BACK_OFF_MS = const(10_000)
_LONGEST_BACK_OFF_MS = const(300_000)
_CONFIRMATIONS = const(4)
_QUESTION_PAUSE_MS = const(1_000)
_IDENTITY_EVERY_MS = const(86_400_000)
_IDENTITY_AGAIN_MS = const(60_000)
_TWICE_TOLD_FOR_MS = const(3_600_000)


class Reading:
    """Bytes and quality of each quantity by index, and when they were read (uptime)."""

    def __init__(self, interval_only: bool, at_ms: int, values: dict, quality: dict):
        self.interval_only = interval_only
        self.at_ms = at_ms
        self.values = values
        self.quality = quality


class Meter:
    """A meter of the configuration, read by its driver."""

    def __init__(self, config: dict, driver, clock):
        self.slot = config[0]
        self.bus_index = config[4]
        self.silent = False
        self._driver = driver
        self._clock = clock
        self._stale_ms = config[10]
        # What it measures, and where (docs/wire-format.cddl), or nothing.
        self._counts: list = config.get(15, [])
        quantities = config[12]
        self._indices = {
            False: range(len(quantities)),
            True: bytes([i for i, quantity in enumerate(quantities) if len(quantity) == 4]),
        }
        self._forms = {i: quantities[i][2:] for i in self._indices[True]}
        self._believed: dict = {}  # index: (number, uptime), of the last reading believed
        self._failures = 0
        self._retry_at = ticks_ms()
        self._back_off_ms = 0
        self._told_silent = False
        self._told_fault = ""
        self._twice_told_at = None
        self._identity = None  # as it was last told
        self._identity_at = None
        self._identity_not_before = 0
        self._identify = True
        self._identity_missed = False
        self._fell: list = []  # (index, bytes believed before, bytes now) of what went backwards
        self._measured = array("I", [0] * len(quantities))  # CRC-32 of each one's bytes
        self._unchanged_since = 0
        self._stale = False

    def urgent(self, begins: bool) -> None:
        """Keep samples off this meter's bus while a boundary's snapshots are read."""
        self._driver.urgent(begins)

    def due(self) -> bool:
        """Whether a sample is worth the bus's time: a silent meter is asked ever more rarely."""
        return not self.silent or ticks_diff(ticks_ms(), self._retry_at) >= 0

    def unread(self) -> Reading:
        """The interval reading of a meter that could not be read."""
        quality = dict.fromkeys(self._indices[True], NO_ANSWER)
        return Reading(True, self._clock.uptime_ms(), {}, quality)

    async def read(self, interval_only: bool, again: bool = False) -> Reading:
        """Read now. `again`: not answering once more makes no meter silent."""
        reading = await self._take(interval_only, not self.silent)
        answered = any(code != NO_ANSWER for code in reading.quality.values())
        if answered or not again:
            self._note(answered)
        if self._is_stale(reading):
            for index in reading.values:
                reading.quality[index] = STALE
        return reading

    async def _take(self, interval_only, patient=True):
        values, quality, age_ms = await self._driver.snapshot(
            interval_only, self._indices[interval_only], patient
        )
        return Reading(interval_only, self._clock.uptime_ms() - age_ms, values, quality)

    async def follow(self, reading: Reading) -> Reading:
        """Believe the energies that follow from those before them, and confirm any other."""
        for index in self._unconfirmed(reading):
            if not self._follows(index, self._believed.get(index), reading):
                return await self.confirm(reading)
        self._believe(reading, ())
        return reading

    def _follows(self, index, believed, reading):
        if believed is None:
            return False
        earlier, before_ms, _ = believed
        form, most = self._forms[index]
        raw = reading.values[index]
        if form == energies.OPAQUE:
            return earlier == raw
        later = energies.number(raw, form)
        return energies.follows(earlier, later, most, reading.at_ms - before_ms)

    async def confirm(self, reading: Reading) -> Reading:
        """Read again until the energies of two readings in succession agree; the first of the two.

        One that went backwards is asked for again after a pause, and then believed. What finds no
        confirmation is doubtful, what is no number out of range.
        """
        questioned = False
        for _ in range(_CONFIRMATIONS):
            if not self._unconfirmed(reading):
                return reading
            second = await self._take(reading.interval_only)
            if not self._unconfirmed(second):
                break
            if all(self._agrees(i, reading, second) for i in self._unconfirmed(reading)):
                fallen = [i for i in self._unconfirmed(reading) if self._went_back(i, reading)]
                if questioned or not fallen:
                    self._believe(reading, fallen)
                    return reading
                questioned = True
                await asyncio.sleep_ms(_QUESTION_PAUSE_MS)
                second = await self._take(reading.interval_only)
                if not self._unconfirmed(second):
                    break
            reading = second
        for i in self._unconfirmed(reading):
            no_number = self._number(i, reading) is None
            reading.quality[i] = OUT_OF_RANGE if no_number else DOUBTFUL
        return reading

    def _unconfirmed(self, reading):
        return [i for i in self._forms if reading.quality[i] == GOOD]

    def _agrees(self, index, first, second):
        if second.quality[index] != GOOD:
            return False
        number = self._number(index, first)
        return self._follows(index, (number, first.at_ms, None), second)

    def _number(self, index, reading):
        raw = reading.values[index]
        form = self._forms[index][0]
        return raw if form == energies.OPAQUE else energies.number(raw, form)

    def _went_back(self, index, reading):
        believed = self._believed.get(index)
        if believed is None:
            return False
        form = self._forms[index][0]
        return form != energies.OPAQUE and self._number(index, reading) < believed[0]

    def _believe(self, reading, fallen):
        for i in fallen:
            self._fell.append((i, self._believed[i][2], reading.values[i]))
        for i in self._forms:
            if reading.quality[i] == GOOD:
                # A meter in another's place rarely goes on where that one stood.
                if i in self._believed and not self._follows(i, self._believed[i], reading):
                    self._identify = True
                self._believed[i] = self._number(i, reading), reading.at_ms, reading.values[i]

    def _is_stale(self, reading):
        """An instrument that measures never gives the same bytes for long; a copy of it does.

        An interval has no measurements of its own: it is as stale as the sample before it, unless
        an energy has moved since.
        """
        if reading.interval_only:
            return self._stale and all(
                self._believed.get(i, (None,))[-1] == raw for i, raw in reading.values.items()
            )
        if self._has_moved(reading):
            self._unchanged_since = reading.at_ms
            self._stale = False
        elif reading.at_ms - self._unchanged_since >= self._stale_ms > 0:
            self._stale = True
        return self._stale

    def _has_moved(self, reading):
        """Whether any measurement that was answered is another than before, or all are zero."""
        moved = False
        zero = True
        measured = [i for i in reading.values if i not in self._forms]
        for i in measured:
            raw = reading.values[i]
            crc = binascii.crc32(raw)
            moved = moved or crc != self._measured[i]
            zero = zero and not any(raw)
            self._measured[i] = crc
        return moved or (zero and len(measured) > 0)

    def _note(self, answered):
        if self._driver.missed() or not answered:
            self._identify = True
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

    async def events(self, at_ms: int) -> list:
        """Records of what changed since they were last asked for; reads the identity when due."""
        events = []
        again = self._told_silent and not self.silent
        if self.silent != self._told_silent:
            self._told_silent = self.silent
            events.append(records.meter(at_ms, self.slot, not self.silent))
        if self._driver.fault != self._told_fault and not self.silent:
            self._told_fault = self._driver.fault
            events.append(records.meter(at_ms, self.slot, True, self._told_fault or "no exception"))
        if self._driver.answered_twice() and self._may_tell_twice():
            events.append(records.meter(at_ms, self.slot, True, "two answers to one request"))
        for index, before, now in self._fell:
            events.append(records.register(at_ms, self.slot, index, before, now))
        self._fell = []
        identity = await self._identity_if_due()
        if identity is not None and (again or identity != self._identity or self._is_daily()):
            self._identity = identity
            self._identity_at = self._clock.uptime_ms()
            events.append(records.identity(at_ms, self.slot, *identity))
        return events

    async def _identity_if_due(self):
        if self._failures or not (self._identify or self._is_daily()):
            return None
        if self._clock.uptime_ms() < self._identity_not_before:
            return None
        if not self._driver.has_identity():
            self._identify = False
            self._identity_at = self._clock.uptime_ms()
            return None
        try:
            identity = await self._driver.identity()
        except NoAnswer:
            self._identity_not_before = self._clock.uptime_ms() + _IDENTITY_AGAIN_MS
            missed, self._identity_missed = self._identity_missed, True
            return self._driver.no_identity() if missed else None
        self._identity_missed = self._identify = False
        return identity

    def _is_daily(self):
        if self._identity_at is None:
            return True
        return self._clock.uptime_ms() - self._identity_at >= _IDENTITY_EVERY_MS

    def _may_tell_twice(self):
        now = self._clock.uptime_ms()
        if self._twice_told_at is not None and now - self._twice_told_at < _TWICE_TOLD_FOR_MS:
            return False
        self._twice_told_at = now
        return True

    def place(self):
        """(slot, point) of what it measures: 0 the delivery point, else a stage; None: neither."""
        return (self.slot, self._counts[0]) if self._counts else None

    def load(self, reading: Reading):
        """Its place, Wh, W and uptime of a sample; None of what is not believed."""
        point, energy, wh, wh_of, power, form, watts, watts_of, most_w = self._counts
        energy_wh = self._scaled(reading, energy, self._forms[energy][0], wh, wh_of)
        power_w = self._scaled(reading, power, form, watts, watts_of)
        if power_w is not None and abs(power_w) > most_w:
            power_w = None
        return self.slot, point, energy_wh, power_w, reading.at_ms

    def _scaled(self, reading, index, form, numerator, denominator):
        if reading.quality.get(index) != GOOD:
            return None
        count = energies.number(reading.values[index], form)
        return None if count is None else count * numerator // denominator

    def record(self, reading: Reading) -> tuple:
        """(slot, uptime_ms, quality or None, raw) as in the wire format's readings."""
        indices = self._indices[reading.interval_only]
        qualities = [reading.quality[i] for i in indices]
        raw = b"".join([reading.values[i] for i in indices if has_bytes(reading.quality[i])])
        return self.slot, reading.at_ms, packed(qualities), raw
