"""Boundaries of the clock: when the next one comes."""


class Ticker:
    """Waits for the multiples of `period_ms` of the clock after `last_ms`, or after now."""

    def __init__(self, clock, period_ms: int, last_ms=None):
        self._clock = clock
        self._period_ms = period_ms
        self._last_ms = last_ms or self._before(clock.now_ms())

    def _before(self, now_ms):
        return now_ms // self._period_ms * self._period_ms

    def due(self):
        """The boundary that has come, or None. It may have come before, if the clock stepped back.

        Of those that passed without power, or in a step, it is the newest: a reading that says how
        late it was serves better than none.
        """
        boundary_ms = self._before(self._clock.now_ms())
        if boundary_ms == self._last_ms:
            return None
        self._last_ms = boundary_ms
        return boundary_ms

    def remaining_ms(self) -> int:
        now_ms = self._clock.now_ms()
        if self._before(now_ms) != self._last_ms:
            return 0
        return self._last_ms + self._period_ms - now_ms
