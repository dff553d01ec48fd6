"""Which boundaries were recorded, across starts and steps of the clock; and how late it surely is.

The cell: a time that was proven, the boundary recorded last, then runs of boundaries, first and
last of each; Unix ms, 8 bytes each.
"""

import struct

from micropython import const

_CELL = "boundaries"
_RUNS = const(8)
_DAY_MS = const(86_400_000)
_UNPROVEN_DAYS = const(30)


class Boundaries:
    def __init__(self, journal, clock, period_ms: int):
        self._journal = journal
        self._clock = clock
        self._period_ms = period_ms
        record = journal.get_cell(_CELL)
        times = struct.unpack("<%dq" % (len(record) // 8), record) if record else (0, 0)
        self._proven_ms, self._newest_ms = times[:2]
        self._runs = [[times[i], times[i + 1]] for i in range(2, len(times), 2)]

    def carried_on_from(self):
        """The boundary recorded last, or None: there is none, or what came since is not known."""
        return self._newest_ms or None if self._clock.known() else None

    def carry_on(self, issued_ms: int):
        """Tell the clock what is past: what was proven, and the newest boundary as far as it goes.

        Someone who leads the clock far ahead must not keep a gateway there, where no certificate
        is valid any more: beyond what was proven, by a receipt or `issued_ms`, it is 30 days.

        Returns how long ago the newest boundary was by the clock of before; None: nobody knows.
        """
        ago_ms = self._clock.now_ms() - self._newest_ms
        if not self._newest_ms or not self._clock.known() or ago_ms < 0:
            ago_ms = None
        proven_ms = max(self._proven_ms, issued_ms)
        self._clock.at_least(proven_ms)
        unproven_ms = proven_ms + _UNPROVEN_DAYS * _DAY_MS
        self._clock.at_least(min(self._newest_ms, unproven_ms), proven=False)
        return ago_ms

    def is_new(self, boundary_ms: int) -> bool:
        """Whether it was never asked for this boundary. The answer outlives a power failure."""
        for first_ms, last_ms in self._runs:
            if first_ms <= boundary_ms <= last_ms:
                return False
        self._runs.append([boundary_ms, boundary_ms])
        self._join(boundary_ms)
        self._newest_ms = boundary_ms
        self._proven_ms = max(self._proven_ms, self._clock.proven_ms())
        times = [self._proven_ms, self._newest_ms]
        for run in self._runs:
            times += run
        try:
            self._journal.put_cell(_CELL, struct.pack("<%dq" % len(times), *times))
        except (OSError, ValueError):
            pass  # flash that fails keeps no meter from being read
        return True

    def _join(self, boundary_ms):
        """Make one of runs between which nothing is missing; of more than 8, of the nearest two.

        Those that are days apart are not joined, for that would forbid all between them: the one
        farthest from now goes.
        """
        runs = self._runs
        runs.sort()
        at = 0
        while at + 1 < len(runs):
            if runs[at + 1][0] - runs[at][1] <= self._period_ms:
                runs[at][1] = runs.pop(at + 1)[1]
            else:
                at += 1
        if len(runs) > _RUNS:
            gap_ms, at = min([(runs[i + 1][0] - runs[i][1], i) for i in range(_RUNS)])
            if gap_ms <= _DAY_MS:
                runs[at][1] = runs.pop(at + 1)[1]
            else:
                runs.pop(0 if boundary_ms - runs[0][1] > runs[-1][0] - boundary_ms else -1)
