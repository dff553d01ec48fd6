"""How often samples are taken: as configured, and less often when their room runs short."""

from gateway import records
from gateway.health import log

_THINNED = (3, 1)  # the interval over these, at a pressure of 1 and 2: of 15 minutes 5 and 15


class Cadence:
    """`pressure()` is 0, 1 or 2. `bill(record)` is told of each change, before the first sample.

    A start begins as configured; what is otherwise is told again.
    """

    def __init__(self, clock, config, pressure, bill):
        self._clock = clock
        self._pressure = pressure
        self._bill = bill
        self._periods_ms = [config.sample_ms]
        for part in _THINNED:
            self._periods_ms.append(max(config.sample_ms, config.interval_ms // part))
        self._period_ms = config.sample_ms
        self._last_ms = -1  # the boundary of the last sample

    def takes(self, boundary_ms: int) -> bool:
        """Whether a sample is to be taken at this boundary of the configured period."""
        period_ms = self._periods_ms[self._pressure()]
        if period_ms != self._period_ms:
            self._period_ms = period_ms
            log("a sample every %d ms" % period_ms)
            self._bill(records.cadence(self._clock.now_ms(), period_ms))
        if self._last_ms // period_ms == boundary_ms // period_ms:
            return False
        self._last_ms = boundary_ms
        return True
