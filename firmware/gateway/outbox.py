"""Which frame of the journal is to be sent next."""

from time import ticks_diff, ticks_ms

from gateway.journal import BILLING, TELEMETRY

_LONGEST_WANTED_RANGE = 256
# From the broker's having a frame to a receipt that covers it, when receipts come at all.
_COLLECTOR_MS = 5_000


class Outbox:
    """Frames without receipt, oldest first, billing before telemetry; before all what is wanted.

    What the broker took is offered again when a receipt comes that should cover it and does not,
    and when none has come for `resend_after_ms`.
    """

    def __init__(self, journal, resend_after_ms: int):
        self._journal = journal
        self._resend_after_ms = resend_after_ms
        self._wanted: list = []
        self._cursors: dict = {}
        self._marks: dict = {}

    def restart(self) -> None:
        """Offer everything without receipt again."""
        self._cursors.clear()
        self._marks.clear()

    def want(self, stream: int, epoch: int, ranges) -> None:
        """Replace what the collector asks for again of a stream: [[first, last], …]."""
        self._wanted = [wanted for wanted in self._wanted if wanted[0] != stream]
        newest = self._journal.last(stream)
        for first, last in ranges:
            if newest and newest[0] == epoch:
                last = min(last, newest[1])
            first = max(first, last - _LONGEST_WANTED_RANGE + 1)
            self._wanted.append((stream, epoch, first, last))

    def next(self):
        """(stream, epoch, seq, message), or None when nothing is to be sent now."""
        return self._next_wanted() or self._next_of(BILLING) or self._next_of(TELEMETRY)

    def taken(self, stream: int, epoch: int, seq: int) -> None:
        """The broker has the frame."""
        if stream not in self._marks:
            self._marks[stream] = (epoch, seq, ticks_ms())

    def receipt_came(self) -> None:
        self._rewind(_COLLECTOR_MS)

    def look(self) -> None:
        """To be called now and then, for the time when no receipts come."""
        self._rewind(self._resend_after_ms)

    def _rewind(self, after_ms):
        """Begin a stream again when something that the broker took longer ago has no receipt."""
        for stream in list(self._marks):
            epoch, seq, taken = self._marks[stream]
            if ticks_diff(ticks_ms(), taken) > after_ms:
                del self._marks[stream]
                oldest = self._pending_after(stream, epoch, 0)
                if oldest and oldest[0] <= seq:
                    self._cursors.pop(stream, None)

    def _next_wanted(self):
        while self._wanted:
            stream, epoch, seq, last = self._wanted.pop(0)
            if seq < last:
                self._wanted.insert(0, (stream, epoch, seq + 1, last))
            message = self._journal.find(stream, seq, epoch) if seq <= last else None
            if message:
                return stream, epoch, seq, message
        return None

    def _next_of(self, stream):
        epoch, seq = self._cursors.get(stream) or (self._journal.pending_epoch(stream), 0)
        if epoch is None:
            return None
        found = self._pending_after(stream, epoch, seq)
        if not found:
            newest_epoch = self._journal.last(stream)[0]
            if newest_epoch == epoch:
                return None
            epoch = newest_epoch
            found = self._pending_after(stream, epoch, 0)
            if not found:
                return None
        self._cursors[stream] = (epoch, found[0])
        return stream, epoch, found[0], found[1]

    def _pending_after(self, stream, epoch, seq):
        for found in self._journal.pending_after(stream, seq, epoch):
            return found
        return None
