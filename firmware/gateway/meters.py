"""Meters: what is asked of them when, whether it is believed, and what is said of them."""

import asyncio

from gateway import records
from gateway.health import log
from gateway.meter import Meter


class Meters:
    """All meters: buses are read at the same time, the meters of a bus one after another."""

    def __init__(self, meters, clock, bill):
        """`bill(record)` keeps a record of what happens to a meter."""
        self._clock = clock
        self._bill = bill
        self._buses: dict = {}
        for meter in meters:
            self._buses.setdefault(meter.bus_index, []).append(meter)

    async def read_intervals(self):
        """Interval registers of every meter: [(slot, uptime_ms, quality, raw), …] by slot.

        All are read before the first is read again to confirm it, so that each is read as near to
        the boundary as the bus allows.
        """
        return await self._on_every_bus(self._snapshots, None)

    async def read_again(self, slots):
        """As `read_intervals`, of some meters; none falls silent by not answering once more."""
        return await self._on_every_bus(self._snapshots, slots)

    async def read_samples(self):
        """All registers of every meter that is not in back-off, as `read_intervals`."""
        return await self._on_every_bus(self._samples)

    async def _on_every_bus(self, read, *args):
        readings: list = []
        await asyncio.gather(*[read(bus, readings, *args) for bus in self._buses.values()])
        readings.sort(key=lambda reading: reading[0])
        return readings

    async def _snapshots(self, meters, readings, slots):
        asked = [meter for meter in _silent_last(meters) if slots is None or meter.slot in slots]
        if not asked:
            return
        asked[0].urgent(True)
        taken = []
        try:
            for meter in asked:
                taken.append(await meter.read(True, slots is not None))
            for at, meter in enumerate(asked):
                taken[at] = await meter.confirm(taken[at])
        finally:
            asked[0].urgent(False)
        for meter, reading in zip(asked, taken):
            readings.append(await self._settle(meter, reading))

    async def _samples(self, meters, readings):
        for meter in _silent_last(meters):
            if meter.due():
                reading = await meter.follow(await meter.read(False))
                readings.append(await self._settle(meter, reading))

    async def _settle(self, meter: Meter, reading):
        """Tell what the reading showed of its meter, before it is kept."""
        for event in await meter.events(self._clock.now_ms()):
            log("meter %d: %s" % (meter.slot, records.told(event)))
            self._bill(event)
        return meter.record(reading)


def _silent_last(meters):
    """Waiting for the silent must not make the others late. MicroPython's sort is not stable."""
    return [m for m in meters if not m.silent] + [m for m in meters if m.silent]
