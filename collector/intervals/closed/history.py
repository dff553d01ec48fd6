"""What was measured on earlier days, for the rules that go by it."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from collector.intervals.closed.rules import Rule
from collector.model.instant import astana

_DAY_MS = 86_400_000
_SATURDAY = 5


class History:
    """Measured quarters of one register by their start; read when a rule asks for the first time.

    The same quarter of a day is so many times 24 hours earlier, whatever the clocks showed.
    """

    def __init__(self, read: Callable[[], Mapping[int, Fraction]]) -> None:
        self._read = read
        self._known: Mapping[int, Fraction] | None = None

    def typical_wh(self, start_ms: int, rule: Rule) -> Fraction | None:
        """The mean of the newest days that the rule takes; None when they are too few."""
        if self._known is None:
            self._known = self._read()
        found: list[Fraction] = []
        for days in range(1, rule.lookback_days + 1):
            earlier_ms = start_ms - days * _DAY_MS
            if earlier_ms not in self._known:
                continue
            if rule.same_weekday and _is_weekend(earlier_ms) != _is_weekend(start_ms):
                continue
            found.append(self._known[earlier_ms])
            if len(found) == rule.days:
                break
        return sum(found, Fraction(0)) / len(found) if len(found) >= rule.least_days else None


def _is_weekend(at_ms: int) -> bool:
    return astana(at_ms).weekday() >= _SATURDAY
