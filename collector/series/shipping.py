"""Fills an InfluxDB from the ledger, from a cursor of its own.

Nothing waits for the server but this: what is read, checked and ordered rests on the embedded
series, and the ledger is what is held until the server has it.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from sqlalchemy import Engine

from collector.ledger import identities
from collector.ledger.followers import begin_again, keep_position, position_of
from collector.ledger.lag import Lag, lag_of
from collector.ledger.ledger import read_entries
from collector.registry.configurations import Configurations
from collector.series import lines
from collector.series.corrections import correct
from collector.series.follower import SeriesFollower
from collector.series.influx import InfluxSeries
from collector.series.points import points_of, take
from collector.series.rollups import Changed, Rollups
from collector.series.store import Point, SeriesError
from collector.storage import reading

log = structlog.get_logger()

_ENTRIES = 1000
_POINTS = 5000
"""In one write."""
_ROLL_S = 30.0
_MOST_CHANGED = 200_000
"""Minutes of meters whose rollups wait."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 30.0
_IDLE_S = 0.1
_LAST_S = 10.0
"""At an orderly stop; what is not there then comes after the next start."""
BEHIND_S = 60
"""Longer than this the series is behind, which is an alarm."""
_AGAIN_S = 600.0


class Shipper:
    """One thread calls it. What the server did not take comes again, and changes nothing then."""

    def __init__(self, engine: Engine, configurations: Configurations, store: InfluxSeries) -> None:
        self.store = store
        self.name = f"influxdb {store.name}"
        """Of its cursor."""
        self._rolled_name = f"{self.name} rollups"
        self._engine = engine
        self._configurations = configurations
        self._rollups = Rollups(store)
        self._changed = Changed()
        self._rolled_s = time.monotonic()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="influxdb")
        self._writing: tuple[Future[None], int] | None = None
        self._cursor: int | None = None
        self._rolled: int | None = None

    def lag(self, now_ms: int) -> Lag:
        with reading(self._engine) as connection:
            return lag_of(connection, self.name, now_ms)

    def step(self) -> int:
        """Hand over the next entries; how many there were. Raises SeriesError.

        While the server writes some, the next are read: it has at most two batches in memory.
        """
        try:
            return self._step()
        except BaseException:
            self._cursor, self._writing = None, None  # from what is known to be there, again
            raise

    def drain(self, within_s: float = float("inf")) -> None:
        """Everything that the ledger holds, and its rollups, or what of it there is time for."""
        until_s = time.monotonic() + within_s
        while self.step() and time.monotonic() < until_s:
            pass
        self.roll()

    def roll(self) -> None:
        """Make the rollups of what was written; a start goes back to where they were made."""
        self._settle()
        if self._changed.size:
            self._rollups.make(self._changed)
            self._changed = Changed()
        self._rolled_s = time.monotonic()
        if self._cursor not in (None, self._rolled):
            self._rolled = self._cursor
            with self._engine.begin() as connection:
                keep_position(connection, self._rolled_name, self._rolled)

    def close(self) -> None:
        self._writer.shutdown()
        self.store.close()

    def _step(self) -> int:
        if self._cursor is None:
            self._cursor = self._begin()
        with reading(self._engine) as connection:
            # identities are kept by that follower, and decide whose the samples are
            upto = position_of(connection, SeriesFollower.name) or 0
            entries = read_entries(connection, self._cursor, _ENTRIES, upto)
            if not entries:
                self._settle()
                self._roll_when_due()
                return 0
            last = entries[-1].position
            points = points_of(connection, self._configurations, take(entries), lambda *_: None)
            said = identities.kept_between(connection, entries[0].position, last)
            self._hand_over(points, last)
            if said:
                self._settle()
                for identity in said:
                    spans = correct(connection, self._configurations, self.store, identity, last)
                    for from_ms, until_ms in spans:
                        self._changed.correct(identity.meter, from_ms, until_ms)
        self._cursor = last
        self._roll_when_due()
        return len(entries)

    def _begin(self) -> int:
        """Where to go on: from the start when the server has nothing."""
        self.store.make()
        self.store.judge_types()
        if self.store.is_empty():
            begin_again(self._engine, self.name)
            begin_again(self._engine, self._rolled_name)
        self._changed = Changed()
        with reading(self._engine) as connection:
            known = (position_of(connection, name) for name in (self.name, self._rolled_name))
            return min(position or 0 for position in known)

    def _hand_over(self, points: list[Point], position: int) -> None:
        bodies = [
            lines.of_points(points[start : start + _POINTS])
            for start in range(0, len(points), _POINTS)
        ]
        self._settle()
        for point in points:
            self._changed.write(point.meter, point.at_ms)

        def write() -> None:
            for body in bodies:
                self.store.write_lines(body)

        self._writing = self._writer.submit(write), position

    def _settle(self) -> None:
        """Wait for what is being written, and move the cursor behind it."""
        if self._writing is None:
            return
        written, position = self._writing
        self._writing = None
        written.result()
        with self._engine.begin() as connection:
            keep_position(connection, self.name, position)

    def _roll_when_due(self) -> None:
        is_due = time.monotonic() - self._rolled_s >= _ROLL_S
        if is_due or self._changed.size > _MOST_CHANGED:
            self.roll()


class Shipping:
    """Runs a shipper until it is told to stop; what fails is tried again, and told."""

    def __init__(self, shipper: Shipper, now_ms: Callable[[], int]) -> None:
        self._shipper = shipper
        self._now_ms = now_ms
        self._failure: str | None = None
        self._wait_s = _FIRST_WAIT_S
        self._judged_s = self._told_s = float("-inf")
        self._is_behind = False

    def run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            moved = self.try_step()
            self._judge_lag()
            if moved is None:
                stopping.wait(self._wait_s)
                self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)
            elif not moved:
                stopping.wait(_IDLE_S)
        if self._failure is None:  # one that is away would be waited for in vain
            try:
                self._shipper.drain(_LAST_S)
            except Exception as error:
                self._failed(error)

    def try_step(self) -> int | None:
        """None when it failed."""
        try:
            moved = self._shipper.step()
        except Exception as error:
            self._failed(error)
            return None
        if self._failure is not None:
            log.info("series.back", store=self._shipper.name, **self._lag())
            self._failure, self._wait_s = None, _FIRST_WAIT_S
        return moved

    def _failed(self, error: Exception) -> None:
        """Told once for each reason; the ledger keeps what the server does not take."""
        text = str(error)
        if text == self._failure:
            return
        self._failure = text
        told = log.error if isinstance(error, SeriesError) else log.exception
        told("series.failed", store=self._shipper.name, error=text, **self._lag())

    def _judge_lag(self) -> None:
        now_s = time.monotonic()
        if now_s - self._judged_s < 1:
            return
        self._judged_s = now_s
        lag = self._shipper.lag(self._now_ms())
        is_behind = lag.seconds > BEHIND_S
        if is_behind and now_s - self._told_s >= _AGAIN_S:
            self._told_s = now_s
            log.error("series.behind", store=self._shipper.name, **self._lag())
        elif self._is_behind and not is_behind:
            self._told_s = float("-inf")
            log.info("series.caught_up", store=self._shipper.name)
        self._is_behind = is_behind

    def _lag(self) -> dict[str, float]:
        lag = self._shipper.lag(self._now_ms())
        return {"lag_positions": lag.frames, "lag_s": round(lag.seconds, 1)}
