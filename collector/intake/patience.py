"""What is not refused yet: its key may be in a frame that another worker is just taking in."""

import time
from collections.abc import Callable

from collector.evidence.errors import Reason
from collector.intake.admission import Delivery

_MAY_COME = frozenset({Reason.UNKNOWN_GATEWAY, Reason.KEY_NOT_VALID})
_MOST = 100
"""Deliveries that may wait: what comes on top, as in a stranger's flood, is refused at once. Far
fewer than a broker sends ahead of acknowledgements, or those that wait would stop all others."""
_AGAIN_S = 0.2


class Patience:
    """How long a refusal waits, from the first time it would have been made."""

    def __init__(self, wait_s: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._wait_s = wait_s
        self._clock_s = clock_s
        self._until_s: dict[bytes, float] = {}
        self._again_s = 0.0

    def has_for(self, delivery: Delivery, reason: Reason) -> bool:
        if reason not in _MAY_COME or self._wait_s == 0:
            return False
        now_s = self._clock_s()
        if delivery.sha256 not in self._until_s and len(self._until_s) >= _MOST:
            return False
        return now_s < self._until_s.setdefault(delivery.sha256, now_s + self._wait_s)

    def is_over(self, delivery: Delivery) -> bool:
        return self._until_s.get(delivery.sha256, 0) <= self._clock_s()

    def is_time(self) -> bool:
        """Whether to look if the register has changed since."""
        now_s = self._clock_s()
        if now_s < self._again_s:
            return False
        self._again_s = now_s + _AGAIN_S
        over_s = now_s - self._wait_s
        self._until_s = {key: until for key, until in self._until_s.items() if until > over_s}
        return True
