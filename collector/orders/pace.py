"""The dispatcher's ramp: when each step of a shed is due, from the first on."""

from collections.abc import Iterable


class Pace:
    """A stair of `step_w` each `every_ms`, which begins with the first load that is shed.

    By fixed moments: a step whose answers, or whose desk, were late does not delay the next, and
    what a step fell short of is made up for by a later one. After two steps' time in which nothing
    was shed a new stair begins.
    """

    def __init__(
        self, step_w: int, every_ms: int, shed: Iterable[tuple[int, int]], now_ms: int
    ) -> None:
        """`shed`: when commands were signed (Unix ms), and what they shed (W)."""
        self._step_w = step_w
        self._every_ms = every_ms
        self._now_ms = now_ms
        self._shed_w = 0
        self._began_ms: int | None = None
        last_ms: int | None = None
        for at_ms, load_w in sorted(shed):
            if last_ms is None or at_ms >= last_ms + 2 * every_ms:
                self._began_ms, self._shed_w = at_ms, 0
            self._shed_w += load_w
            last_ms = at_ms
        if last_ms is None or now_ms >= last_ms + 2 * every_ms:
            self._began_ms, self._shed_w = None, 0

    def allows(self, load_w: int) -> bool:
        """Whether it is due by now; one that is more than a step waits until it begins one."""
        began_ms = self._now_ms if self._began_ms is None else self._began_ms
        planned_w = self._step_w * (1 + (self._now_ms - began_ms) // self._every_ms)
        before_w = planned_w - self._step_w
        is_alone = load_w > self._step_w and self._shed_w <= before_w
        return is_alone or self._shed_w + load_w <= planned_w

    def add(self, load_w: int) -> None:
        """A command that is signed now."""
        if self._began_ms is None:
            self._began_ms = self._now_ms
        self._shed_w += load_w

    @property
    def next_ms(self) -> int | None:
        """When the next step is due; None: at once."""
        if self._began_ms is None:
            return None
        steps = (self._now_ms - self._began_ms) // self._every_ms
        return self._began_ms + (steps + 1) * self._every_ms
