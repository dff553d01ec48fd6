"""How often samples are taken: as configured, less often when their room runs short, and in haste
for a while after a contact moved, for whoever waits to see that the load did too.
"""

from micropython import const

from gateway import records
from gateway.health import log

_THINNED = (3, 1)  # the interval over these, at a pressure of 1 and 2: of 15 minutes 5 and 15

# In haste, from _SETTLED_MS after the contact until _HASTE_MS: before, an instrument may still show
# the load that was (docs/verification.md: 2 s of its response and 3 s to settle).
_SETTLED_MS = const(5_000)
_HASTE_MS = const(15_000)
_HASTY_MS = const(950)  # between samples; as long as the buses take, where that is longer
_LOOK_MS = const(250)
_ENOUGH = const(3)  # samples of every bus, and they are sent
# A contact that chatters must not wear the flash: so many samples in haste an hour.
_MOST_HASTY = const(120)
_HOUR_MS = const(3_600_000)
_LONGEST_SLEEP_MS = const(1_000)


class Cadence:
    """`pressure()` is 0, 1 or 2. `bill(record)` is told of each change, before the first sample.

    A start begins as configured; what is otherwise is told again. `send()` is called when samples
    that were taken in haste are enough.
    """

    def __init__(self, clock, config, pressure, bill, send):
        self._clock = clock
        self._pressure = pressure
        self._bill = bill
        self._send = send
        self._periods_ms = [config.sample_ms]
        for part in _THINNED:
            self._periods_ms.append(max(config.sample_ms, config.interval_ms // part))
        self._period_ms = config.sample_ms
        self._last_ms = -1  # the boundary of the last sample
        self._from = self._until = 0  # of the haste, uptime
        self._hasty_at = 0  # uptime of the last sample in haste
        self._left = 0  # samples in haste, in this hour of uptime
        self._hour = -1
        self._taken: dict = {}  # bus: samples in haste that were not sent

    def hurry(self) -> None:
        """A contact moved, or did not when it had to."""
        now = self._clock.uptime_ms()
        if now >= self._until:
            self._from = now + _SETTLED_MS
        self._until = now + _HASTE_MS

    def remaining_ms(self) -> int:
        """After how long at most to ask again whether a sample is to be taken."""
        return _LONGEST_SLEEP_MS if self._clock.uptime_ms() >= self._until else _LOOK_MS

    def takes(self, boundary_ms) -> bool:
        """Whether a sample is to be taken now, at this boundary of the configured period, or at
        none.
        """
        now = self._clock.uptime_ms()
        if self._is_hasty(now):
            if now - self._hasty_at < min(_HASTY_MS, self._periods_ms[0]):
                return False
            self._hasty_at = now
            self._left -= 1
            return True
        if self._taken and now >= self._until:
            self._send_taken()
        if boundary_ms is None:
            return False
        period_ms = self._periods_ms[self._pressure()]
        if period_ms != self._period_ms:
            self._period_ms = period_ms
            log("a sample every %d ms" % period_ms)
            self._bill(records.cadence(self._clock.now_ms(), period_ms))
        if self._last_ms // period_ms == boundary_ms // period_ms:
            return False
        self._last_ms = boundary_ms
        return True

    def taken(self, bus: int, begun_at: int, buses) -> None:
        """All meters of a bus were read, from `begun_at` (uptime) on; of `buses` it is one."""
        if self._from <= begun_at < self._until:
            self._taken[bus] = self._taken.get(bus, 0) + 1
            if min([self._taken.get(each, 0) for each in buses]) >= _ENOUGH:
                self._send_taken()

    def _is_hasty(self, now):
        if not self._from <= now < self._until:
            return False
        hour = now // _HOUR_MS
        if hour != self._hour:
            self._hour = hour
            self._left = _MOST_HASTY
        return self._left > 0

    def _send_taken(self):
        self._taken = {}
        self._send()
