"""Collects a stream's records and closes frames of them."""

import asyncio

from micropython import const

from gateway import cbor
from gateway.chain import MAX_RECORDS
from gateway.health import alive, at_rest
from gateway.held import Held
from gateway.journal import JournalFull

# A quarter of what a frame may hold: to encode and seal it takes several times this of the heap,
# and in pieces as long as the frame.
_FRAME_RECORD_BYTES = const(1024)
_HELD_RECORDS = const(160)  # more than a boundary brings: two records of each of 64 meters
_RETRY_MS = const(5_000)


class Recorder:
    """One stream. While the journal has no room the newest records are held in memory.

    A frame is closed after `period_ms` or when enough for one is there; without a period at once.
    `on_frame()` is called for each, `on_trouble(what)` when the journal is full and when records
    were lost. `name` is that of the task which runs it.
    """

    def __init__(self, name, chain, clock, config_hash: bytes, period_ms, on_frame, on_trouble):
        self._name = name
        self._chain = chain
        self._clock = clock
        self._config_hash = config_hash
        self._period_ms = period_ms
        self._on_frame = on_frame
        self._on_trouble = on_trouble
        self._held = Held()
        self._due = asyncio.Event()
        self._room = asyncio.Event()
        self._full = False
        self._lost = 0

    def add(self, record: list) -> None:
        if self._held.count >= _HELD_RECORDS:
            self._held.drop()
            self._lost += 1
        self._held.add(cbor.encode(record))
        if self._period_ms is None or self._held.bytes >= _FRAME_RECORD_BYTES:
            self._due.set()

    async def run(self) -> None:
        while True:
            at_rest(self._name)
            if self._period_ms is None:
                await self._due.wait()
            else:
                try:
                    await asyncio.wait_for_ms(self._due.wait(), self._period_ms)
                except asyncio.TimeoutError:
                    pass
            self._due.clear()
            alive(self._name)
            try:
                await self.flush()
            except JournalFull:
                await self._wait_for_room()
                self._due.set()
            except Exception:
                self._due.set()  # what could not be kept is tried again at once, not with the next
                raise

    def hurry(self) -> None:
        """Close a frame of what is here."""
        self._due.set()

    def held(self) -> int:
        """Records that are in no frame yet."""
        return self._held.count

    def room(self) -> None:
        """The journal may have room again."""
        self._room.set()

    async def _wait_for_room(self):
        if not self._full:
            self._full = True
            self._on_trouble("full: records are held in memory")
        self._room.clear()
        try:
            await asyncio.wait_for_ms(self._room.wait(), _RETRY_MS)
        except asyncio.TimeoutError:
            pass

    async def flush(self) -> None:
        """Put all that is here into the journal. Raises what Chain.append raises, keeping it.

        A frame for which the heap has no piece long enough is made of fewer records.
        """
        most = MAX_RECORDS - 1
        while self._held.count:
            count = self._held.fitting(most, _FRAME_RECORD_BYTES)
            lost_before = self._lost
            try:
                await self._chain.append(
                    self._held.first(count), self._config_hash, self._clock.triplet()
                )
            except MemoryError:
                if count == 1:
                    raise
                most = count // 2
                continue
            # Some of them may have been given up while the frame was signed: they are in it.
            given_up = min(count, self._lost - lost_before)
            self._lost -= given_up
            for _ in range(count - given_up):
                self._held.drop()
            self._full = False
            self._on_frame()
        if self._lost:
            lost, self._lost = self._lost, 0
            self._on_trouble("full: %d records lost" % lost)
