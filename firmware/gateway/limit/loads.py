"""What a site and its stages draw: the newest readings, and the energy since the period began."""

from gateway.health import log

_SITE = 0  # the point of the meters of the delivery point; others are ids of stages
_HOUR_MS = 3_600_000


class Loads:
    """`places` are (slot, point) of the meters that count."""

    def __init__(self, places: list):
        self._newest: dict = dict.fromkeys(places)  # (Wh, W, uptime)
        self._energy: dict = {}  # slot of a delivery meter: Wh, as last read
        self._begun: dict = {}  # the same when the period began
        self._used_wh = 0  # of meters that counted back since
        self.period = -1  # the number of the one that is counted
        self._is_seen = False  # whether it was seen since the start

    def has(self, point: int) -> bool:
        """Whether a meter measures it."""
        return any(place[1] == point for place in self._newest)

    def note(self, slot: int, point: int, energy_wh, power_w, at: int) -> None:
        """A reading: None of what is not believed; `at` is uptime."""
        if (slot, point) not in self._newest or energy_wh is None or power_w is None:
            return
        self._newest[slot, point] = energy_wh, power_w, at
        if point != _SITE:
            return
        last_wh = self._energy.get(slot, energy_wh)
        if energy_wh < last_wh:  # another meter, or one that was set back
            self._used_wh += last_wh - self._begun.get(slot, last_wh)
            self._begun[slot] = energy_wh
            log("limit: the energy of meter %d went back" % slot)
        self._energy[slot] = energy_wh

    def oldest(self, uptime_ms: int):
        """The age of the oldest newest reading of the delivery point, ms; None: one is missing."""
        oldest_ms = 0
        for (_, point), newest in self._newest.items():
            if point == _SITE:
                if newest is None:
                    return None
                oldest_ms = max(oldest_ms, uptime_ms - newest[2])
        return oldest_ms

    def power_w(self, point: int = _SITE):
        """What is drawn there, None where a meter was never read. Never less than nothing."""
        found = [newest for place, newest in self._newest.items() if place[1] == point]
        if not found or None in found:
            return None
        return max(0, sum([newest[1] for newest in found]))

    def count(self, period: int, since_ms: int, period_ms: int) -> bool:
        """The period is this one now, and began `since_ms` ago; whether another was before.

        To be called when every meter was read. Of what was not seen of it the average since the
        last one began that was seen is taken, or else the load of now.
        """
        is_seen, self._is_seen = self._is_seen, True
        if period == self.period:
            return False
        missed_wh = 0
        if not is_seen or period != self.period + 1:
            elapsed_ms = (period - self.period) * period_ms + since_ms
            if self._begun and elapsed_ms > since_ms:
                missed_wh = self.used_wh() * since_ms // elapsed_ms
            else:
                missed_wh = (self.power_w() or 0) * since_ms // _HOUR_MS
        self.period = period
        self._used_wh = missed_wh
        self._begun = dict(self._energy)
        return True

    def used_wh(self) -> int:
        """Since the period began."""
        used_wh = self._used_wh
        for slot, energy_wh in self._energy.items():
            used_wh += energy_wh - self._begun.setdefault(slot, energy_wh)
        return used_wh

    def kept(self) -> list:
        """What has to outlive a start."""
        return [self.period, self._used_wh, self._begun]

    def restore(self, kept: list) -> None:
        self.period, self._used_wh, self._begun = kept
        self._energy = dict(self._begun)
        self._is_seen = False
