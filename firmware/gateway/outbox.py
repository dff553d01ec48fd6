"""Which frame of the journal is to be sent next.

Live frames go first, billing before telemetry: what is made while there is a connection, and the
newest few that it finds. Behind them, in measure, goes what the collector wants again, and the
backlog, oldest first. Within a session each frame is offered once, unless it is lost:

- The collector wants it, and confirmed it once, or holds one that was made later and sent after it.
- The broker took it seconds ago, and two receipts in a row reach no further than before it.
- The broker took it, and for `resend_after_ms` no receipt came at all.
"""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from gateway.journal import BILLING, TELEMETRY

_LIVE_FRAMES = const(4)  # of what a connection finds
_BACKLOG_IN_FLIGHT = const(4)
_LONGEST_WANTED_RANGE = const(256)
_WANTED_AT_ONCE = const(16)
_PASSED = const(8)
_LOOK_MS = const(1_000)
_COLLECTOR_MS = const(5_000)  # from the broker's having a frame to a receipt that covers it
_NOTHING = (0, 0)


class _Way:
    """How far a stream's frames have gone, in their order: each an (epoch, seq)."""

    def __init__(self, start):
        self.offered = start
        self.taken = start
        self.settled = start  # taken at least _COLLECTOR_MS ago


class _Stream:
    """Frames after `edge` are live, those up to it are backlog."""

    def __init__(self, newest, oldest):
        """`oldest` is the first frame without receipt, None when every frame has one."""
        self.newest = newest
        self.edge = (newest[0], max(newest[1] - _LIVE_FRAMES, 0))
        self.live = _Way(self.edge)
        self.backlog = _Way(min(self.edge, (oldest[0], oldest[1] - 1)) if oldest else self.edge)
        # (a frame made in this session, how far the backlog was when it was offered): the collector
        # that holds it will not get by itself what was offered before it.
        self._passed: list = []
        self._proved = (_NOTHING, _NOTHING)
        self.reached: dict = {}  # epoch: the highest seq that its last receipt covers

    def note(self, frame):
        if frame > self.newest and len(self._passed) < _PASSED:
            self._passed.append((frame, self.backlog.offered))

    def prove(self, held):
        while self._passed and self._passed[0][0] <= held:
            self._proved = self._passed.pop(0)

    def is_lost(self, frame):
        """Whether a frame that the collector has not got was offered and cannot come any more."""
        return frame <= self._proved[1] or self.edge < frame <= self._proved[0]


class Outbox:
    def __init__(self, journal, resend_after_ms: int, backlog_apart_ms: int):
        self._journal = journal
        self._resend_after_ms = resend_after_ms
        self._settle_ms = min(_COLLECTOR_MS, resend_after_ms)
        self._apart_ms = backlog_apart_ms
        self.restart()

    def restart(self) -> None:
        """A session begins: nothing is with the broker."""
        self._streams = [self._begin(stream) for stream in (BILLING, TELEMETRY)]
        self._in_flight: dict = {}  # (stream, epoch, seq): its way; None: it was wanted
        self._wanted: list = []  # [stream, epoch, first, last]
        self._settled = self._heard = self._backlog_due = ticks_ms()

    def next(self):
        """(stream, epoch, seq, message), or None when nothing is to be sent now."""
        for stream, state in enumerate(self._streams):
            found = self._offer(stream, state.live, self._newest(stream))
            if found:
                state.note(found[1:3])
                return found
        if self._backlog_wait_ms():
            return None
        found = self._next_wanted()
        for stream, state in enumerate(self._streams):
            found = found or self._offer(stream, state.backlog, state.edge)
        if found:
            self._backlog_due = ticks_add(ticks_ms(), self._apart_ms)
        return found

    def wait_ms(self) -> int:
        """After how long to ask again, if nothing happens meanwhile."""
        return self._backlog_wait_ms() or (self._apart_ms if self._wanted else _LOOK_MS)

    def taken(self, stream: int, epoch: int, seq: int) -> None:
        """The broker has the frame."""
        way = self._in_flight.pop((stream, epoch, seq), None)
        if way:
            way.taken = max(way.taken, (epoch, seq))

    def receipt_came(self, stream: int, epoch: int, upto: int, held, wanted) -> None:
        """Ranges are [[first, last], …]. `wanted` replaces what the last receipt asked for."""
        self._heard = ticks_ms()
        reached = max([upto] + [last for _, last in held])
        if self._streams[stream].reached.get(epoch) == reached and self._is_overdue(stream, epoch):
            self._streams[stream] = self._begin(stream)
        self._streams[stream].reached[epoch] = reached
        self._streams[stream].prove((epoch, reached))
        self._wanted = [old for old in self._wanted if old[0] != stream]
        newest = self._newest(stream)
        for first, last in wanted:
            if newest[0] == epoch:
                last = min(last, newest[1])
            first = max(first, last - _LONGEST_WANTED_RANGE + 1)
            if first <= last:
                self._wanted.append([stream, epoch, first, last])

    def look(self) -> None:
        """To be called every second or so."""
        now = ticks_ms()
        if ticks_diff(now, self._backlog_due) > 0:
            self._backlog_due = now  # ticks of days ago would seem to lie ahead
        if ticks_diff(now, self._heard) >= self._resend_after_ms:
            self._heard = now
            for stream in (BILLING, TELEMETRY):
                if self._is_overdue(stream):
                    self._streams[stream] = self._begin(stream)
        if ticks_diff(now, self._settled) >= self._settle_ms:
            self._settled = now
            for state in self._streams:
                for way in (state.live, state.backlog):
                    way.settled = way.taken

    def _begin(self, stream):
        return _Stream(self._newest(stream), self._pending_after(stream, _NOTHING))

    def _newest(self, stream):
        return (self._journal.last(stream) or _NOTHING)[:2]

    def _backlog_wait_ms(self):
        """0 when a frame of the backlog may go now."""
        behind = 0
        for key, way in self._in_flight.items():
            behind += way is not self._streams[key[0]].live
        if behind >= _BACKLOG_IN_FLIGHT:
            return _LOOK_MS
        return max(0, ticks_diff(self._backlog_due, ticks_ms()))

    def _is_overdue(self, stream, epoch=None):
        """Whether a frame that settled has no receipt; of one epoch, or of any."""
        state = self._streams[stream]
        for way, after in ((state.backlog, _NOTHING), (state.live, state.edge)):
            after = max(after, (epoch or 0, 0))
            oldest = way.settled > after and self._pending_after(stream, after)
            if oldest and oldest[:2] <= way.settled and epoch in (None, oldest[0]):
                return True
        return False

    def _offer(self, stream, way, upto):
        while way.offered < upto:
            found = self._pending_after(stream, way.offered)
            if not found or found[:2] > upto:
                way.offered = upto
                break
            epoch, seq, message = found
            way.offered = (epoch, seq)
            under_way = (stream, epoch, seq) in self._in_flight
            self._in_flight[stream, epoch, seq] = way
            if not under_way:
                return stream, epoch, seq, message
        return None

    def _next_wanted(self):
        for _ in range(_WANTED_AT_ONCE):
            if not self._wanted:
                break
            wanted = self._wanted[0]
            stream, epoch, seq, last = wanted
            wanted[2] += 1
            if seq == last:
                self._wanted.pop(0)
            key = (stream, epoch, seq)
            if key not in self._in_flight and self._must_be_sent_again(stream, (epoch, seq)):
                message = self._journal.find(stream, seq, epoch)
                if message:
                    self._in_flight[key] = None
                    return stream, epoch, seq, message
        return None

    def _must_be_sent_again(self, stream, frame):
        """Of one that is wanted: whether it does not come by itself any more."""
        state = self._streams[stream]
        if state.backlog.offered < frame <= state.edge:
            return False
        if state.is_lost(frame):
            return True
        pending = self._pending_after(stream, (frame[0], frame[1] - 1))
        return not pending or pending[:2] != frame  # the collector had it once

    def _pending_after(self, stream, position):
        """(epoch, seq, message) of the first frame after a position without receipt, or None."""
        oldest_epoch = self._journal.pending_epoch(stream)
        if oldest_epoch is None:
            return None
        epoch, seq = max(position, (oldest_epoch, 0))
        while epoch <= self._newest(stream)[0]:
            for found in self._journal.pending_after(stream, seq, epoch):
                return epoch, found[0], found[1]
            epoch += 1
            seq = 0
        return None
