"""A whole collector without its processes: from signed frames to findings, by a clock passed in."""

from collections.abc import Iterable
from pathlib import Path

from collector_world import TestGateway, World

from collector.checks.runner import Checks
from collector.intake.admission import Delivery
from collector.intervals.closed.closer import Closer
from collector.intervals.closed.rules import read_rules
from collector.intervals.follower import IntervalFollower
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Ledger
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.storage import appending


class CollectorRun:
    """What came is taken in; at each look everything that waits is followed, closed and judged."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.series = EmbeddedSeries(directory)
        self._ledger = Ledger(world.engine)
        known = world.configurations
        self._followers = (
            ChainFollower(),
            IntervalFollower(known),
            SeriesFollower(self.series, known),
        )
        self.start()

    def start(self) -> None:
        """Again, as after a crash: what was in memory is forgotten."""
        engine, registry = self.world.engine, self.world.registry
        self.closer = Closer(engine, registry, read_rules())
        self.checks = Checks(engine, registry, self.series)

    def take(self, came: Iterable[tuple[TestGateway, bytes]], received_ms: int) -> None:
        """Raises EvidenceError when one of them is refused."""
        judge = self.world.admission_now().judge
        frames = [judge(Delivery.of(gateway.topic, message)) for gateway, message in came]
        if not frames:
            return
        with appending(self.world.engine) as connection:
            self._ledger.append(connection, frames, received_ms)

    def look(self, now_ms: int) -> None:
        for follower in self._followers:
            while advance(self.world.engine, follower):
                pass
        while self.closer.run(now_ms):
            pass
        self.checks.run(now_ms)
