"""Collects a stream's records and closes frames of them."""

import asyncio

from gateway import cbor
from gateway.chain import MAX_RECORDS
from gateway.journal import JournalFull

# Half of what a frame may hold: to encode and seal it takes several times this of the heap.
_FRAME_RECORD_BYTES = 2000
_HELD_RECORDS = 128
_RETRY_MS = 5_000


class Recorder:
    """One stream. While the journal has no room the newest records are held in memory.

    A frame is closed after `period_ms` or when enough for one is there; without a period at once.
    `on_frame()` is called for each. `on_lost(n)` tells of records that found no room at all.
    """

    def __init__(self, chain, clock, config_hash: bytes, period_ms, on_frame, on_lost):
        self._chain = chain
        self._clock = clock
        self._config_hash = config_hash
        self._period_ms = period_ms
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._records: list = []
        self._bytes = 0
        self._due = asyncio.Event()
        self._lost = 0

    def add(self, record: list) -> None:
        if len(self._records) >= _HELD_RECORDS:
            self._bytes -= self._records.pop(0)[0]
            self._lost += 1
        size = len(cbor.encode(record))
        self._records.append((size, record))
        self._bytes += size
        if self._period_ms is None or self._bytes >= _FRAME_RECORD_BYTES:
            self._due.set()

    async def run(self) -> None:
        while True:
            if self._period_ms is None:
                await self._due.wait()
            else:
                try:
                    await asyncio.wait_for_ms(self._due.wait(), self._period_ms)
                except asyncio.TimeoutError:
                    pass
            self._due.clear()
            try:
                await self.flush()
            except JournalFull:
                await asyncio.sleep_ms(_RETRY_MS)
                self._due.set()

    async def flush(self) -> None:
        """Put all that is here into the journal. Raises what Chain.append raises, keeping it."""
        while self._records:
            count = size = 0
            while count < min(len(self._records), MAX_RECORDS - 1):
                size += self._records[count][0]
                if count and size > _FRAME_RECORD_BYTES:
                    break
                count += 1
            frame = self._records[:count]
            await self._chain.append(
                [record for _, record in frame], self._config_hash, self._clock.triplet()
            )
            for entry in frame:
                # What was held too long may have been given up while the frame was signed.
                if entry in self._records:
                    self._records.remove(entry)
                    self._bytes -= entry[0]
            self._on_frame()
        if self._lost:
            lost, self._lost = self._lost, 0
            self._on_lost(lost)
