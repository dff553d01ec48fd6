"""How long the room in the journal lasts, and whether telemetry must be thinned."""

from time import ticks_diff, ticks_ms

from micropython import const

_DAY_MS = const(86_400_000)
_HALF_DAY_MS = const(43_200_000)
_KNOWN_AFTER_MS = const(3_600_000)
_MOST_DAYS = const(9999)

# Eighths of the segments that hold frames without receipt: a level begins at the first figure, and
# ends below the second.
_LEVELS = ((4, 3), (6, 5))


class Pace:
    """Bytes that a stream took in the last twelve to twenty-four hours, or since the start."""

    def __init__(self):
        self._ticks = ticks_ms()
        self._ms = self._bytes = 0
        self._before = (0, 0)  # of the half day before

    def note(self, size: int) -> None:
        """To be called more often than the tick counter wraps (6 days)."""
        ticks = ticks_ms()
        self._ms += ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        self._bytes += size
        if self._ms >= _HALF_DAY_MS:
            self._before = (self._ms, self._bytes)
            self._ms = self._bytes = 0

    def days(self, free: int):
        """How long so many bytes last; None in the first hour, and beyond 9999 days."""
        self.note(0)
        ms = self._ms + self._before[0]
        size = self._bytes + self._before[1]
        if ms < _KNOWN_AFTER_MS or not size:
            return None
        days = free * ms // (size * _DAY_MS)
        return days if days <= _MOST_DAYS else None


def level(before: int, full: int, of: int) -> int:
    """0, 1 or 2: how short room is with `full` of the segments; `before`: what it was."""
    eighths = 8 * full // of
    while before < len(_LEVELS) and eighths >= _LEVELS[before][0]:
        before += 1
    while before and eighths < _LEVELS[before - 1][1]:
        before -= 1
    return before
