"""Unix time that never runs backwards, and how far it can be trusted."""

from time import ticks_diff, ticks_ms

# A clock before this (2026-01-01) was never set.
_BUILT_MS = 1_767_225_600_000
# A receipt was under way for some time, so its time is a lower bound of now.
_BEHIND_BY_MS = 2_000
_LONGEST_DELIVERY_MS = 10_000

UNKNOWN, INFORMATIVE, SYNCHRONISED = "U", "I", "S"


class Clock:
    """The board's clock at start, carried on by its ticks and stepped forward by receipts."""

    def __init__(self, board):
        self._board = board
        self._now_ms = board.now_ms()
        self._ticks = ticks_ms()
        self._started_ms = self._now_ms
        self._synchronised_ms: int | None = None
        self.letter = INFORMATIVE if self._now_ms >= _BUILT_MS else UNKNOWN

    def now_ms(self) -> int:
        """Unix time, ms, UTC. To be called more often than the tick counter wraps (6 days)."""
        ticks = ticks_ms()
        self._now_ms += ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_ms

    def uptime_ms(self) -> int:
        """Time since start, which no step of the clock touches."""
        return self.now_ms() - self._started_ms

    def known(self) -> bool:
        return self.letter != UNKNOWN

    def at_least(self, time_ms: int) -> None:
        """Carry an unknown clock forward to a time that is surely past; it stays unknown.

        Without this a clock that starts in the year 2000 finds no TLS certificate valid.
        """
        if self.letter == UNKNOWN and self.now_ms() < time_ms:
            self._step(time_ms)

    def triplet(self) -> list:
        """The `clock` of a frame: time, letter, seconds since the last synchronisation or None."""
        now_ms = self.now_ms()
        if self._synchronised_ms is None:
            return [now_ms, self.letter, None]
        return [now_ms, self.letter, (now_ms - self._synchronised_ms) // 1000]

    def hear(self, collector_ms: int):
        """Take the time of a verified receipt. Returns (before_ms, after_ms) when it made a step.

        Only forwards: a receipt may be old, so it cannot show that this clock is ahead. One that is
        much older than this clock synchronises nothing.
        """
        before_ms = self.now_ms()
        step = None
        if collector_ms - before_ms > _BEHIND_BY_MS:
            self._step(collector_ms)
            step = (before_ms, collector_ms)
        elif before_ms - collector_ms > _LONGEST_DELIVERY_MS:
            return None
        self._synchronised_ms = self._now_ms
        self.letter = SYNCHRONISED
        return step

    def _step(self, time_ms):
        self._started_ms += time_ms - self._now_ms
        self._now_ms = time_ms
        self._board.set_now_ms(time_ms)


class Ticker:
    """Waits for the multiples of `period_ms` of the clock, each at most once."""

    def __init__(self, clock: Clock, period_ms: int):
        self._clock = clock
        self._period_ms = period_ms
        self._next_ms = self._after(clock.now_ms())

    def _after(self, now_ms):
        return (now_ms // self._period_ms + 1) * self._period_ms

    def due(self):
        """The boundary that has come, or None.

        A boundary that lies more than half a period back, because the clock was stepped or nobody
        had time, is left out: a reading taken now would stand for it badly.
        """
        now_ms = self._clock.now_ms()
        if now_ms < self._next_ms:
            return None
        self._next_ms = self._after(now_ms)
        boundary_ms = self._next_ms - self._period_ms
        return boundary_ms if now_ms - boundary_ms <= self._period_ms // 2 else None

    def remaining_ms(self) -> int:
        return max(0, self._next_ms - self._clock.now_ms())
