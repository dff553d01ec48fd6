"""Meters: what is asked of them when, whether it is believed, and what is said of them."""

from micropython import const

from gateway import records
from gateway.health import log

_SAME_FAULT_MS = const(900_000)


class Meters:
    """All meters, bus by bus. The meters of a bus are read one after another.

    Readings are handed to `keep((slot, uptime_ms, quality, raw))`.
    """

    def __init__(self, meters, clock, bill):
        """`bill(record)` keeps a record of what happens to a meter."""
        self._clock = clock
        self._bill = bill
        self._on_load = None
        self._buses: dict = {}
        self._faults: dict = {}  # slot: until when nothing more is told of it (uptime)
        for meter in meters:
            self._buses.setdefault(meter.bus_index, []).append(meter)

    def listen(self, on_load) -> None:
        """`on_load(slot, point, Wh, W, uptime)` is told of each sample of what is limited."""
        self._on_load = on_load

    def places(self) -> list:
        """Those of the meters that measure what is limited."""
        places = [meter.place() for meters in self._buses.values() for meter in meters]
        return [place for place in places if place]

    def buses(self):
        """The indices of the buses that have meters."""
        return list(self._buses)

    async def read_intervals(self, bus: int, keep, slots=None) -> None:
        """Interval registers of every meter of a bus; of some again, which makes none silent.

        All are read before the first is read again to confirm it, so that each is read as near to
        the boundary as the bus allows.
        """
        meters = _silent_last(self._buses[bus])
        asked = [meter for meter in meters if slots is None or meter.slot in slots]
        if not asked:
            return
        asked[0].urgent(True)
        taken = []
        try:
            for meter in asked:
                taken.append(await self._try(meter, meter.read(True, slots is not None)))
            for at, meter in enumerate(asked):
                taken[at] = await self._try(meter, meter.confirm(taken[at]))
        finally:
            asked[0].urgent(False)
        for meter, reading in zip(asked, taken):
            await self._settle(meter, reading, keep)

    async def read_samples(self, bus: int, keep) -> None:
        """All registers of every meter of a bus that is not in back-off."""
        for meter in _silent_last(self._buses[bus]):
            if meter.due():
                try:
                    reading = await meter.follow(await meter.read(False))
                except Exception as error:
                    self._note_fault(meter, error)
                    continue
                await self._settle(meter, reading, keep)
                if self._on_load and meter.place():
                    self._on_load(*meter.load(reading))

    async def _try(self, meter, reading):
        """What comes of it; if it fails, the other meters are read all the same."""
        try:
            return await reading
        except Exception as error:
            self._note_fault(meter, error)
            return meter.unread()

    async def _settle(self, meter, reading, keep):
        """Tell what the reading showed of its meter, before it is kept."""
        try:
            for event in await meter.events(self._clock.now_ms()):
                log("meter %d: %s" % (meter.slot, records.told(event)))
                self._bill(event)
        except Exception as error:
            self._note_fault(meter, error)
        keep(meter.record(reading))

    def _note_fault(self, meter, error):
        what = "%s: %s" % (type(error).__name__, error)
        log("meter %d: %s" % (meter.slot, what))
        at_ms = self._clock.uptime_ms()
        if at_ms >= self._faults.get(meter.slot, 0):  # or a fault that lasts would fill the journal
            self._faults[meter.slot] = at_ms + _SAME_FAULT_MS
            self._bill(records.fault(self._clock.now_ms(), "meter %d" % meter.slot, what))


def _silent_last(meters):
    """Waiting for the silent must not make the others late. MicroPython's sort is not stable."""
    return [m for m in meters if not m.silent] + [m for m in meters if m.silent]
