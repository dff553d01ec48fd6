"""The running collector watches itself: alarms, and whether it is ready."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from sqlalchemy import Engine, insert, select, update

from collector.checks import own, rounds
from collector.checks.codes import Round
from collector.checks.condition import Condition, alarms, read_condition
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import heartbeat

log = structlog.get_logger()

PERIOD_S = 10
_LATE_S = 3 * PERIOD_S
_STEP_SHOWN = 6  # looks: a minute


class Watch:
    """`look` is called every `PERIOD_S`; the pages read what it saw from other threads.

    Clocks are passed in: Unix ms, and seconds that nobody sets.
    """

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        directory: Path,
        certificates: Callable[[], Mapping[str, int]],
        is_connected: Callable[[], bool],
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float] = time.monotonic,
        name: str = "collector",
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._directory = directory
        self._certificates = certificates
        self.is_connected = is_connected
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s
        self._name = name
        self._before: tuple[int, float] | None = None
        self._stepped: tuple[float, int] = (0, 0)
        self._committed_s: float | None = None
        self._stalled: tuple[str, ...] = ()
        self.condition: Condition | None = None
        self.alarms: dict[str, dict[str, float | str]] = {}
        self.clock_steps = 0

    def look(self) -> None:
        """Give a sign of life, see how things are, and log what became an alarm or ended."""
        now_ms, now_s = self._now_ms(), self._monotonic_s()
        step_s = self._step_s(now_ms, now_s)
        policy = self._registry.view().policy
        if abs(step_s) > policy.clock_s:
            self.clock_steps += 1
            self._stepped = (step_s, _STEP_SHOWN)
        self._live(now_ms)
        self._committed_s = now_s
        with reading(self._engine) as connection:
            condition = read_condition(connection, self._directory, self._certificates(), now_ms)
            is_over = rounds.is_worth_noting(connection, Round.WATCH, now_ms)
        self._stalled = _stalled(self.condition, condition, policy.lag_s)
        self.condition = condition
        step_s, left = self._stepped
        self._stepped = (step_s, left - 1) if left > 1 else (0, 0)
        self._tell(alarms(condition, policy, step_s if left else 0))
        if self.alarms or is_over:
            with self._engine.begin() as connection:
                own.keep(connection, self.alarms, now_ms)

    def unready(self) -> list[str]:
        """Why this collector is not ready to take in frames; nothing when it is."""
        reasons = []
        late_s = None if self._committed_s is None else self._monotonic_s() - self._committed_s
        if late_s is None or late_s > _LATE_S:
            reasons.append("the database takes no commit")
        if not self.is_connected():
            reasons.append("the broker is not connected")
        reasons += [f"follower {name} stands still" for name in self._stalled]
        return reasons

    def _step_s(self, now_ms: int, now_s: float) -> float:
        """By how much the clock moved otherwise than time; at the start, how far it went back."""
        before, self._before = self._before, (now_ms, now_s)
        if before is not None:
            return (now_ms - before[0]) / 1000 - (now_s - before[1])
        with reading(self._engine) as connection:
            last_ms = connection.scalar(
                select(heartbeat.c.at_ms).where(heartbeat.c.name == self._name)
            )
        return 0 if last_ms is None else min(now_ms - last_ms, 0) / 1000

    def _live(self, now_ms: int) -> None:
        mine = heartbeat.c.name == self._name
        with self._engine.begin() as connection:
            if not connection.execute(update(heartbeat).where(mine).values(at_ms=now_ms)).rowcount:
                connection.execute(insert(heartbeat).values(name=self._name, at_ms=now_ms))

    def _tell(self, found: dict[str, dict[str, float | str]]) -> None:
        for name in found.keys() - self.alarms.keys():
            log.error("collector.alarm", alarm=name, **found[name])
        for name in self.alarms.keys() - found.keys():
            log.info("collector.alarm_over", alarm=name)
        self.alarms = found


def _stalled(before: Condition | None, now: Condition, lag_s: int) -> tuple[str, ...]:
    """Followers that are late and have not moved since the last look."""
    if before is None:
        return ()
    stood = {(lag.follower, lag.position) for lag in before.lags}
    return tuple(
        lag.follower
        for lag in now.lags
        if lag.seconds > lag_s and (lag.follower, lag.position) in stood
    )
