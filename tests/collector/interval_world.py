"""A meter whose quarters are closed: registers as frames bring them, or laid down at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from collector_world import NOW_MS, REAL, World
from meter_world import METER, configure, energy
from sqlalchemy import insert

from collector.intervals import due
from collector.intervals.closed import table
from collector.intervals.closed.closer import Closer
from collector.intervals.closed.interval import ClosedInterval, Quality
from collector.intervals.closed.rules import Rules, read_rules
from collector.intervals.closed.table import Version
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.model.energy import IMPORT
from collector.storage import reading
from collector.storage.tables import snapshot

QUARTER_MS, HOUR_MS, DAY_MS = 900_000, 3_600_000, 86_400_000
LATE_MS = 8_000
MEASURED, BRIDGED, EDITED, ESTIMATED, MISSING = Quality
MOST_W = 13_800
"""What the wiring of the meter can carry."""


def at(quarters: int) -> int:
    return NOW_MS + quarters * QUARTER_MS


@dataclass
class Table:
    """The table of intervals of one meter."""

    world: World
    rules: Rules = field(default_factory=read_rules)
    began_ms: int = NOW_MS - 30 * DAY_MS

    def __post_init__(self) -> None:
        self.closer = Closer(self.world.engine, self.world.registry, self.rules)
        self.closer.run(self.began_ms)

    @classmethod
    def make(cls, directory: Path) -> "Table":
        world = World.make(directory, REAL)
        configure(world)
        return cls(world)

    def lay_down(self, registers: dict[int, Any], quantity: str = IMPORT, **known: Any) -> None:
        """Registers in Wh, by time."""
        rows = [
            {
                "meter": METER,
                "quantity": quantity,
                "at_ms": at_ms,
                "kind": "interval",
                "count": int(Fraction(energy_wh) * 1000),
                "quantum": "1/1000",
                "offset_ms": 0,
                "clock": "S",
                "position": at_ms // 1000,
                "greatest_w": str(MOST_W),
            }
            | known
            for at_ms, energy_wh in registers.items()
        ]
        with self.world.engine.begin() as connection:
            connection.execute(insert(snapshot), rows)
            due.mark(connection, {(METER, quantity, at_ms) for at_ms in registers})

    def take(self, messages: Iterable[bytes], received_ms: int) -> None:
        self.world.append(messages, received_ms)
        while advance(self.world.engine, IntervalFollower(self.world.configurations)):
            pass

    def read(self, registers: dict[int, int]) -> None:
        """Registers in Wh, in frames of one chain; they are received when the last was read."""
        chain = self.world.gateway.chain()
        frames = [chain.next(energy(at_ms, wh)) for at_ms, wh in registers.items()]
        self.take(frames, max(registers))

    def close(self, now_ms: int) -> int:
        """Everything that is due by then; how many marks were taken."""
        taken = [0]
        while taken[-1] or len(taken) == 1:
            taken.append(self.closer.run(now_ms))
        return sum(taken)

    def settle(self, now_ms: int) -> None:
        """Close what registers tell now, and the rest when it is late."""
        self.close(now_ms)
        self.close(now_ms + LATE_MS)

    def versions(
        self, length_ms: int = QUARTER_MS, meter: str = METER, quantity: str = IMPORT
    ) -> list[Version]:
        with reading(self.world.engine) as connection:
            return table.of_register(
                connection, (meter, quantity), length_ms, 0, 2**62, all_versions=True
            )

    def stands(
        self, length_ms: int = QUARTER_MS, meter: str = METER, quantity: str = IMPORT
    ) -> dict[int, ClosedInterval]:
        """The newest versions, by quarters after the beginning."""
        found = self.versions(length_ms, meter, quantity)
        newest = {version.closed.start_ms: version.closed for version in found}
        return {(ms - NOW_MS) // QUARTER_MS: closed for ms, closed in newest.items()}

    def energies(self, length_ms: int = QUARTER_MS) -> dict[int, tuple[Quality, Any]]:
        return {
            number: (closed.quality, closed.energy_wh)
            for number, closed in self.stands(length_ms).items()
        }
