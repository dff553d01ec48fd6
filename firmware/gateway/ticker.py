"""Boundaries of the clock: when the next one comes."""


class Ticker:
    """Waits for the multiples of `period_ms` of the clock."""

    def __init__(self, clock, period_ms: int):
        self._clock = clock
        self._period_ms = period_ms
        self._last_ms = self._before(clock.now_ms())

    def _before(self, now_ms):
        return now_ms // self._period_ms * self._period_ms

    def due(self):
        """The boundary that has come, or None. It may have come before, if the clock stepped back.

        A boundary that lies more than half a period back, because the clock was stepped or nobody
        had time, is left out: a reading taken now would stand for it badly.
        """
        now_ms = self._clock.now_ms()
        boundary_ms = self._before(now_ms)
        if boundary_ms == self._last_ms:
            return None
        self._last_ms = boundary_ms
        return boundary_ms if now_ms - boundary_ms <= self._period_ms // 2 else None

    def remaining_ms(self) -> int:
        now_ms = self._clock.now_ms()
        if self._before(now_ms) != self._last_ms:
            return 0
        return self._last_ms + self._period_ms - now_ms
