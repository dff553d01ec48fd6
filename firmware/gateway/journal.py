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
_GONE = ("unreadable", "dropped")  # of each stream
_RANGE = "<III"
_RANGE_BYTES = const(12)
_MOST_RANGES = const(32)


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
            Ring(billing, segment_blocks, b"ESB1", self._note_unreadable, False),
            Ring(telemetry, segment_blocks, b"EST1", self._note_dropped, True),
        )
        self._paces = (room.Pace(), room.Pace())
        self._pressure = 0
        # A stream's newest frames are not here: none was ever written, or they were lost. The
        # chain begins a new epoch and clears this.
        self.fresh = self.last(BILLING) is None or self._telemetry_lost() or self._is_spoilt()
        # [epoch, upto, hash] of billing, as the receipt had it that showed the loss, if one did.
        self.confirmed: list | None = None

    def append(self, stream: int, epoch: int, seq: int, message: bytes) -> None:
        """Durable on return. Raises JournalFull (billing), ValueError out of order.

        Telemetry makes room by dropping its oldest frames: see `dropped`.
        """
        self._paces[stream].note(self._rings[stream].append(epoch, seq, message))
        if stream == TELEMETRY:  # after it: a power cut between the two is no lost counter
            try:
                self._cells.put(_TELEMETRY_EPOCH, struct.pack("<I", epoch))
            except OSError:
                pass  # worn out: that telemetry alone was lost would not be seen

    def last(self, stream: int):
        """(epoch, seq, SHA-256) of the stream's newest frame, or None."""
        return self._rings[stream].last

    def receipt(self, stream: int, epoch: int, upto: int, held_ranges) -> None:
        """The collector has the frames 1…upto and those in the ranges [(first, last), …]."""
        self._rings[stream].receipt(epoch, upto, held_ranges)

    def is_known(self, stream: int, epoch: int, seq: int, digest: bytes):
        """Whether the stream's frame of this name is the one with this SHA-256.

        None where nothing says so, and nothing speaks against it: it is not here any more, or the
        epoch is over. False shows that the stream's counter was lost.
        """
        own = self._rings[stream].digest(epoch, seq)
        if own == digest:
            return True
        if epoch < max(self._epoch(BILLING), self._epoch(TELEMETRY)):
            return None
        last = self.last(stream)
        return None if own is None and last and (epoch, seq) <= last[:2] else False

    def ends(self, before: int) -> list:
        """[stream, epoch, seq, SHA-256] of the newest frame of each epoch before that which has
        frames without receipt here.
        """
        return [
            [stream] + end
            for stream in (BILLING, TELEMETRY)
            for end in self._rings[stream].ends(before)
        ]

    def _is_spoilt(self) -> bool:
        """Whether the newest frame of a stream is, so that its counter is lost."""
        newest = max(self._epoch(BILLING), self._epoch(TELEMETRY))
        return any(
            self._rings[stream].lost and self._epoch(stream) == newest
            for stream in (BILLING, TELEMETRY)
        )

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

    # ---- frames that are gone ----------------------------------------------------------------

    def dropped(self, stream: int = TELEMETRY):
        """(epoch, first, last) of frames that are gone and not yet told of, or None.

        Telemetry dropped for room, and of both streams what flash cannot give back. Survives a
        power failure. Some of the range may have had a receipt.
        """
        record = self._cells.get(_GONE[stream])
        return struct.unpack_from(_RANGE, record) if record else None

    def clear_dropped(self, told: tuple, stream: int = TELEMETRY) -> None:
        """To be called when the event that tells of this range is in the journal."""
        kept = []
        for epoch, first, last in self._gone(stream):
            parts = [(first, last)]
            if epoch == told[0] and first <= told[1] and told[2] <= last:  # it may have grown
                parts = [(first, told[1] - 1), (told[2] + 1, last)]
            kept += [(epoch, a, b) for a, b in parts if a <= b]
        self._keep_gone(stream, kept)

    def _gone(self, stream) -> list:
        record = self._cells.get(_GONE[stream]) or b""
        return [struct.unpack_from(_RANGE, record, i) for i in range(0, len(record), _RANGE_BYTES)]

    def _keep_gone(self, stream, ranges) -> None:
        self._cells.put(_GONE[stream], b"".join([struct.pack(_RANGE, *r) for r in ranges]))

    def _note_unreadable(self, epoch: int, first: int, last: int) -> None:
        self._note_gone(BILLING, epoch, first, last)

    def _note_dropped(self, epoch: int, first: int, last: int) -> None:
        self._note_gone(TELEMETRY, epoch, first, last)

    def _note_gone(self, stream, epoch, first, last) -> None:
        ranges = self._gone(stream)
        for i, (other, start, end) in enumerate(ranges):
            meets = first <= end + 1 and start <= last + 1
            if other == epoch and (meets or i >= _MOST_RANGES):
                ranges[i] = (epoch, min(first, start), max(last, end))
                break
        else:
            ranges.append((epoch, first, last))
        self._keep_gone(stream, ranges)

    # ---- cells -----------------------------------------------------------------------------

    def get_cell(self, name: str):
        """The cell's bytes, or None."""
        return self._cells.get(name)

    def put_cell(self, name: str, value: bytes) -> None:
        """Durable on return; cut before that, the old value stands."""
        self._cells.put(name, value)
