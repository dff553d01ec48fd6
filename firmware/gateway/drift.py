"""How fast the tick counter runs, from one time that was told to another."""

from micropython import const

_WINDOW_MS = const(3_600_000)


class Drift:
    """Of the times told within an hour the one that was least delayed counts: it is the latest.

    The first hour's is compared with that of the last hour that is over.
    """

    def __init__(self):
        self._first = None  # (offset, uptime)
        self._best = None
        self._since = 0
        self.ppb = None  # above zero: the counter is fast

    def note(self, offset_ms: int, uptime_ms: int) -> None:
        """Unix time is known to be the uptime and `offset_ms`, or somewhat more."""
        best = self._best
        if best and uptime_ms - self._since >= _WINDOW_MS:
            if self._first is None:
                self._first = best
            elif best[1] > self._first[1]:
                lost_ms = self._first[0] - best[0]
                self.ppb = lost_ms * 1_000_000_000 // (best[1] - self._first[1] - lost_ms)
            best = None
        if best is None:
            self._since = uptime_ms
        if best is None or offset_ms > best[0]:
            self._best = (offset_ms, uptime_ms)
