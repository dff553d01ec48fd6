"""Unix time as the collector's receipts bound it, and how far it can be trusted."""

from time import ticks_diff, ticks_ms

from micropython import const

# A clock before this (2026-01-01) was never set.
_BUILT_MS = 1_767_225_600_000
# A receipt that may be older than this says nothing of the time.
_LONGEST_AGE_MS = const(90_000)
_BEHIND_BY_MS = const(2_000)
_AHEAD_BY_MS = const(5_000)
_SYNCHRONISED_FOR_MS = const(3_600_000)

UNKNOWN, INFORMATIVE, SYNCHRONISED = "U", "I", "S"


class Clock:
    """The board's clock at start, carried on by its ticks and set by receipts."""

    def __init__(self, board):
        self._board = board
        self._now_ms = board.now_ms()
        self._ticks = ticks_ms()
        self._started_ms = self._now_ms
        self._synchronised_at: int | None = None  # uptime
        self._letter = INFORMATIVE if self._now_ms >= _BUILT_MS else UNKNOWN

    def now_ms(self) -> int:
        """Unix time, ms, UTC. To be called more often than the tick counter wraps (6 days)."""
        ticks = ticks_ms()
        self._now_ms += ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_ms

    def uptime_ms(self) -> int:
        """Time since start, which no step of the clock touches."""
        return self.now_ms() - self._started_ms

    def unix_ms(self, uptime_ms: int) -> int:
        """Unix time at an uptime, as far as is known now."""
        return self._started_ms + uptime_ms

    def known(self) -> bool:
        return self._letter != UNKNOWN

    def at_least(self, time_ms: int) -> None:
        """Carry an unknown clock forward to a time that is surely past; it stays unknown.

        Without this a clock that starts in the year 2000 finds no TLS certificate valid.
        """
        if self._letter == UNKNOWN and self.now_ms() < time_ms:
            self._step(time_ms)

    def triplet(self) -> list:
        """The `clock` of a frame: time, letter, seconds since the last synchronisation or None."""
        uptime_ms = self.uptime_ms()
        if self._synchronised_at is None:
            return [self._now_ms, self._letter, None]
        age_ms = uptime_ms - self._synchronised_at
        letter = INFORMATIVE if age_ms > _SYNCHRONISED_FOR_MS else self._letter
        return [self._now_ms, letter, age_ms // 1000]

    def hear(self, collector_ms: int, age_ms):
        """Take the time of a verified receipt that was signed at most `age_ms` ago.

        The collector's clock then shows `collector_ms` at least, and `age_ms` more at most. Outside
        of that this clock is set to what it shows at least, and not believed before another
        receipt agrees. Returns (before_ms, after_ms) when it made a step. An age of None is
        unknown.
        """
        if age_ms is None or age_ms > _LONGEST_AGE_MS:
            return None
        before_ms = self.now_ms()
        self._synchronised_at = self.uptime_ms()
        if -_BEHIND_BY_MS <= before_ms - collector_ms <= age_ms + _AHEAD_BY_MS:
            self._letter = SYNCHRONISED
            return None
        self._step(collector_ms)
        self._letter = INFORMATIVE
        return before_ms, collector_ms

    def _step(self, time_ms):
        self._started_ms += time_ms - self._now_ms
        self._now_ms = time_ms
        self._board.set_now_ms(time_ms)
