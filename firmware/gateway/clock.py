"""Unix time as receipts bound it and NTP tells it, and how far it can be trusted."""

from time import ticks_diff

from micropython import const

from gateway import BUILT_MS
from gateway.drift import Drift

_LATEST_MS = BUILT_MS + 20 * 365 * 86_400_000  # a clock beyond it is out of its mind
# A receipt that may be older than this says nothing of the time.
_LONGEST_AGE_MS = const(90_000)
_BEHIND_BY_MS = const(2_000)
_AHEAD_BY_MS = const(5_000)
_FRESH_FOR_MS = const(3_600_000)
# A smaller difference is left as it is; one that needs no step is made up for at 1 in 2000.
_LEFT_MS = const(200)
_SLEW = const(2_000)

UNKNOWN, INFORMATIVE, SYNCHRONISED = "U", "I", "S"


class Clock:
    """The board's clock at start, carried on by its ticks, set or slewed by what it is told.

    Unix time is the uptime, which nothing touches, and an offset. What changes the offset returns
    the `before, after, source` of a clock event, or None when it changed nothing.
    """

    def __init__(self, board):
        self._board = board
        self._ticks = board.ticks_ms()
        self._uptime_ms = 0
        self._offset_ms = board.now_ms()
        self._slew_ms = 0  # of the offset, still to come
        self._slewed_at = 0  # uptime
        self._bound = None  # (lowest offset, highest, uptime) that receipts leave
        self._synchronised_at: int | None = None  # uptime, as the next
        self._agreed_at: int | None = None  # with a receipt
        self._drift = Drift()
        self._known = BUILT_MS <= self._offset_ms <= _LATEST_MS
        self._floor_ms = BUILT_MS
        self._past = (BUILT_MS, 0)  # Unix time that was surely past, and the uptime then
        self.raised = None if self._known else self._step(BUILT_MS, "floor")

    def uptime_ms(self) -> int:
        """Time since start. To be called more often than the tick counter wraps (6 days)."""
        ticks = self._board.ticks_ms()
        self._uptime_ms += ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        if self._slew_ms:
            due_ms = (self._uptime_ms - self._slewed_at) // _SLEW
            self._slewed_at += due_ms * _SLEW
            part_ms = max(-due_ms, min(due_ms, self._slew_ms))
            self._slew_ms -= part_ms
            self._offset_ms += part_ms
        return self._uptime_ms

    def now_ms(self) -> int:
        """Unix time, ms, UTC."""
        return self.uptime_ms() + self._offset_ms

    def unix_ms(self, uptime_ms: int) -> int:
        """Unix time at an uptime, as far as is known now."""
        return uptime_ms + self._offset_ms

    def known(self) -> bool:
        return self._known

    def synchronised(self) -> bool:
        """Whether receipts vouch for it."""
        self.uptime_ms()
        return self._letter() == SYNCHRONISED

    def drift_ppb(self):
        """How fast the tick counter runs, in parts in 10^9, or None: not known yet."""
        return self._drift.ppb

    def at_least(self, time_ms: int, proven: bool = True) -> None:
        """A time that is past. A clock that is unknown is carried to it, and stays unknown.

        Without this a clock that starts in the year 2000 finds no TLS certificate valid.
        """
        if proven:
            self._floor_ms = max(self._floor_ms, time_ms)
            self.prove(time_ms)
        if not self._known and self.now_ms() < time_ms:
            step = self._step(time_ms, "floor")
            self.raised = (self.raised or step)[:1] + step[1:]

    def prove(self, time_ms: int) -> None:
        """The operator's signature says that this time is past."""
        if self._past_ms() < time_ms <= _LATEST_MS:
            self._past = (time_ms, self._uptime_ms)

    def proven_ms(self) -> int:
        """A time that is surely past, whatever NTP says: by signatures, and the ticks since."""
        return self.now_ms() if self.synchronised() else self._past_ms()

    def range_ms(self, most_ms: int) -> tuple:
        """(earliest, latest) Unix time that now may be; the latest None: nobody knows.

        By the newest receipt of this start and the ticks since; without one a clock that is known
        may be wrong by `most_ms`.
        """
        uptime_ms, past_ms = self.uptime_ms(), self.proven_ms()
        if self._bound:
            low, high, at = self._bound
            wider_ms = (uptime_ms - at) // _SLEW + 1
            low, high = uptime_ms + low - wider_ms, uptime_ms + high + wider_ms
        elif self._known:
            low, high = self.now_ms() - most_ms, self.now_ms() + most_ms
        else:
            return past_ms, None
        return max(low, min(past_ms, high)), high

    def _past_ms(self):
        time_ms, at = self._past
        since_ms = self.uptime_ms() - at
        return time_ms + since_ms - since_ms // _SLEW

    def triplet(self) -> list:
        """The `clock` of a frame: time, letter, seconds since the last synchronisation or None."""
        now_ms = self.now_ms()
        at = self._synchronised_at
        return [now_ms, self._letter(), None if at is None else (self._uptime_ms - at) // 1000]

    def _letter(self):
        if not self._known:
            return UNKNOWN
        return SYNCHRONISED if self._is_fresh(self._agreed_at) else INFORMATIVE

    def _is_fresh(self, at):
        return at is not None and self._uptime_ms - at <= _FRESH_FOR_MS

    def hear(self, collector_ms: int, age_ms):
        """Take the time of a verified receipt that was signed at most `age_ms` ago.

        The collector's clock then shows `collector_ms` at least, and `age_ms` more at most. Far
        outside of that this clock is set to what it shows at least, and not believed before another
        receipt agrees. An age of None is unknown.
        """
        if age_ms is None or age_ms > _LONGEST_AGE_MS:
            return None
        ahead_ms = self.now_ms() - collector_ms
        at = self._synchronised_at = self._uptime_ms
        low = collector_ms - at
        high = low + age_ms
        self._drift.note(low, at)
        self._known = True
        if -_BEHIND_BY_MS <= ahead_ms <= age_ms + _AHEAD_BY_MS:
            self._agreed_at = at
            self.prove(collector_ms)
            change = self._pull(low, high, "receipt, slewed")
        else:
            self._agreed_at = None
            change = self._step(collector_ms, "receipt")
        earlier = self._bounds()
        if earlier and earlier[0] <= high and low <= earlier[1]:
            low, high = max(low, earlier[0]), min(high, earlier[1])
        self._bound = (low, high, at)
        return change

    def _bounds(self):
        """The lowest and the highest offset by the receipts of the last hour, or None."""
        bound = self._bound
        if bound is None or not self._is_fresh(bound[2]):
            return None
        wider_ms = (self._uptime_ms - bound[2]) // _SLEW + 1
        return bound[0] - wider_ms, bound[1] + wider_ms

    def refuses(self, offset_ms: int):
        """Why unix time cannot be the uptime and `offset_ms`, or None when it can."""
        now_ms = self.uptime_ms() + offset_ms
        if not self._floor_ms <= now_ms <= _LATEST_MS:
            return "a time that cannot be"
        bounds = self._bounds()
        if bounds and not bounds[0] - _LEFT_MS <= offset_ms <= bounds[1] + _LEFT_MS:
            return "a time that receipts exclude"
        return None

    def follow(self, offset_ms: int):
        """Unix time is the uptime and `offset_ms`, as NTP tells it; not to be refused."""
        at = self._synchronised_at = self.uptime_ms()
        self._known = True
        if not self._bounds():
            self._drift.note(offset_ms, at)
        if abs(offset_ms - self._offset_ms) > _BEHIND_BY_MS:
            return self._step(at + offset_ms, "ntp")
        return self._pull(offset_ms, offset_ms, "ntp, slewed")

    def _pull(self, low, high, source):
        """Bring the offset between these two, little by little, unless it comes there anyway."""
        heading = self._offset_ms + self._slew_ms
        if low - _LEFT_MS <= heading <= high + _LEFT_MS:
            return None
        self._slew_ms = max(low, min(high, heading)) - self._offset_ms
        at = self._slewed_at = self._uptime_ms
        before_ms = at + self._offset_ms
        after_ms = before_ms + self._slew_ms
        self._board.set_now_ms(after_ms)
        return before_ms, after_ms, source

    def _step(self, time_ms, source):
        before_ms = self.now_ms()
        self._offset_ms += time_ms - before_ms
        self._slew_ms = 0
        self._board.set_now_ms(time_ms)
        return before_ms, time_ms, source
