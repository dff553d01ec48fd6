"""Everything a gateway must not forget, on one flash device: both streams' frames, and cells.

The device is as esp32.Partition (see region.py). Four blocks hold the cells; the rest is halved
between the streams. What the figures come to on a board is in docs/journal.md.
"""

import struct

from micropython import const

from gateway import room
from gateway.cells import Cells
from gateway.region import Region
from gateway.ring import JournalFull, Ring  # noqa: F401  JournalFull is for our callers

BILLING = const(0)
TELEMETRY = const(1)

_CELL_BLOCKS = const(4)  # one is enough, two for a move, and two may go bad
_SEGMENT_BYTES = const(8192)  # a frame of 4096 bytes and its headers fit
_MOST_SEGMENTS = const(64)  # a ring's: each takes 13 bytes of the heap

_TELEMETRY_EPOCH = "telemetry epoch"
_DROPPED = "dropped"
_DROPPED_RANGE = "<III"


class Journal:
    def __init__(self, device) -> None:
        """Mounts what is there; an erased device is an empty journal.

        Raises ValueError when the device is smaller than 16 blocks of 4096 bytes.
        """
        ring_blocks = (device.ioctl(4, 0) - _CELL_BLOCKS) // 2
        segment_blocks = max(
            -(-_SEGMENT_BYTES // device.ioctl(5, 0)), -(-ring_blocks // _MOST_SEGMENTS)
        )
        self._cells = Cells(Region(device, 0, _CELL_BLOCKS))
        billing = Region(device, _CELL_BLOCKS, ring_blocks)
        telemetry = Region(device, _CELL_BLOCKS + ring_blocks, ring_blocks)
        self._rings = (
            Ring(billing, segment_blocks, b"ESB1"),
            Ring(telemetry, segment_blocks, b"EST1", self._note_dropped),
        )
        self._paces = (room.Pace(), room.Pace())
        self._pressure = 0
        # A stream's newest frames are not here: none was ever written, or they were lost. The
        # chain begins a new epoch and clears this.
        self.fresh = self.last(BILLING) is None or self._telemetry_lost()
        # [epoch, upto] of billing, as the receipt had it that showed the loss, if one did.
        self.confirmed: list | None = None

    def append(self, stream: int, epoch: int, seq: int, message: bytes) -> None:
        """Durable on return. Raises JournalFull (billing), ValueError out of order.

        Telemetry makes room by dropping its oldest frames: see `dropped`.
        """
        if stream == TELEMETRY:
            self._cells.put(_TELEMETRY_EPOCH, struct.pack("<I", epoch))
        self._paces[stream].note(self._rings[stream].append(epoch, seq, message))

    def last(self, stream: int):
        """(epoch, seq, SHA-256) of the stream's newest frame, or None."""
        return self._rings[stream].last

    def receipt(self, stream: int, epoch: int, upto: int, held_ranges) -> None:
        """The collector has the frames 1…upto and those in the ranges [(first, last), …]."""
        self._rings[stream].receipt(epoch, upto, held_ranges)

    def has_lost(self, stream: int, epoch: int, seq: int) -> bool:
        """Whether a frame of this name, if it exists, shows that the stream's counter was lost.

        One of an epoch that is over shows nothing.
        """
        if epoch < max(self._epoch(BILLING), self._epoch(TELEMETRY)):
            return False
        return seq > (self.last(stream)[1] if self._epoch(stream) == epoch else 0)

    def _telemetry_lost(self) -> bool:
        """Whether the newest epoch has begun in telemetry, and nothing of that is here."""
        record = self._cells.get(_TELEMETRY_EPOCH)
        begun = struct.unpack("<I", record)[0] if record else 0
        return self._epoch(BILLING) <= begun and self._epoch(TELEMETRY) < begun

    def _epoch(self, stream: int) -> int:
        last = self.last(stream)
        return last[0] if last else 0

    def pending(self, stream: int) -> int:
        """Frames without receipt."""
        return self._rings[stream].pending()

    def pending_epoch(self, stream: int):
        """The epoch of the oldest frame without receipt, or None."""
        return self._rings[stream].pending_epoch()

    def pending_after(self, stream: int, seq: int, epoch=None):
        """Yields (seq, message) of the frames after `seq` without receipt, in order, from flash.

        Of one epoch: unless given, the oldest that has any. The journal may change meanwhile.
        """
        ring = self._rings[stream]
        if epoch is None:
            epoch = ring.pending_epoch()
        while True:
            found = ring.next_pending(epoch, seq)
            if found is None:
                return
            yield found
            seq = found[0]

    def find(self, stream: int, seq: int, epoch=None):
        """A frame's message as long as it is in flash, with or without receipt, or None.

        Unless given, the epoch is the newest frame's.
        """
        ring = self._rings[stream]
        if epoch is None and ring.last is not None:
            epoch = ring.last[0]
        return ring.find(epoch, seq)

    def frames(self, stream: int):
        """Yields (message, whether it has no receipt) of every frame in flash, oldest first."""
        return self._rings[stream].frames()

    # ---- room and wear ---------------------------------------------------------------------

    def days_left(self, stream: int):
        """Days until frames without receipt fill the stream's room, at the rate of the last day.

        None while that is not known (an hour from the start), or more than 9999.
        """
        return self._paces[stream].days(self._rings[stream].room())

    def pressure(self) -> int:
        """0, 1 or 2: how short room for telemetry is, as it fills with frames without receipt."""
        self._pressure = room.level(self._pressure, *self._rings[TELEMETRY].segments.fullness())
        return self._pressure

    def erasures(self) -> int:
        """How often a block was erased since the journal began, the most of any."""
        return max(self._cells.erasures(), *[ring.segments.erasures() for ring in self._rings])

    # ---- dropped telemetry -----------------------------------------------------------------

    def dropped(self):
        """(epoch, first, last) of telemetry dropped for room and not yet told, or None.

        Survives a power failure. Some of the range may have had a receipt.
        """
        record = self._cells.get(_DROPPED)
        return struct.unpack(_DROPPED_RANGE, record[:12]) if record else None

    def clear_dropped(self, told: tuple) -> None:
        """To be called when the event that tells of this range is in the journal."""
        record = self._cells.get(_DROPPED)
        ranges = [struct.unpack_from(_DROPPED_RANGE, record, i) for i in range(0, len(record), 12)]
        epoch, _, last = told
        kept = []
        for range_ in ranges:
            if range_[0] == epoch:
                range_ = (epoch, max(range_[1], last + 1), range_[2])
            if range_[1] <= range_[2]:
                kept.append(struct.pack(_DROPPED_RANGE, *range_))
        self._cells.put(_DROPPED, b"".join(kept))

    def _note_dropped(self, epoch: int, first: int, last: int) -> None:
        record = self._cells.get(_DROPPED) or b""
        if record and struct.unpack(_DROPPED_RANGE, record[-12:])[0] == epoch:
            first = min(first, struct.unpack(_DROPPED_RANGE, record[-12:])[1])
            record = record[:-12]
        self._cells.put(_DROPPED, record + struct.pack(_DROPPED_RANGE, epoch, first, last))

    # ---- cells -----------------------------------------------------------------------------

    def get_cell(self, name: str):
        """The cell's bytes, or None."""
        return self._cells.get(name)

    def put_cell(self, name: str, value: bytes) -> None:
        """Durable on return; cut before that, the old value stands."""
        self._cells.put(name, value)
