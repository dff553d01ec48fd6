"""Meters, allocations and the checks over them, for the demo's market and the real one."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from collector_world import NOW_MS, World, allocation
from sqlalchemy import insert

from collector.checks import findings, periods
from collector.checks.allocation import PeriodResult
from collector.checks.findings import Finding
from collector.checks.runner import Checks
from collector.model.energy import IMPORT
from collector.model.records import Market
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading
from collector.storage.tables import snapshot

LATE_MS = 8000


@dataclass
class Control:
    world: World
    market: Market
    series: EmbeddedSeries
    checks: Checks

    @classmethod
    def make(cls, directory: Path, market: Market) -> "Control":
        """A collector that began to follow long before its periods."""
        world, series = World.make(directory, market), EmbeddedSeries(directory)
        control = cls(world, market, series, Checks(world.engine, world.registry, series))
        control.run(NOW_MS - market.period_ms)
        return control

    @property
    def period_ms(self) -> int:
        return self.market.period_ms

    @property
    def start_ms(self) -> int:
        """A period began then."""
        return self.market.period_start(NOW_MS) + self.period_ms

    def register(
        self,
        at_ms: int,
        energy_wh: str,
        meter: str = "feeder",
        offset_ms: int = 0,
        **known: object,
    ) -> None:
        """`known`: of its place in the chain, and what the register can do."""
        count = Fraction(energy_wh) * 1000
        row = {
            "meter": meter,
            "quantity": IMPORT,
            "at_ms": at_ms,
            "kind": "interval",
            "count": int(count),
            "quantum": "1/1000",
            "offset_ms": offset_ms,
            "clock": "S",
            "position": 1,
        }
        with self.world.engine.begin() as connection:
            connection.execute(insert(snapshot).values(row | known))

    def allow(self, start_ms: int, mwh: str) -> None:
        self.world.registry.record([allocation(start_ms, mwh)], bytes(32), NOW_MS)

    def point(self, meter: str, at_ms: int, power_w: float, energy_wh: int = 0) -> None:
        values = {"active_power": power_w}
        self.series.write([Point(meter, at_ms, values, 1, Fraction(energy_wh))])

    def restart(self) -> None:
        self.checks = Checks(self.world.engine, self.world.registry, self.series)

    def run(self, now_ms: int) -> list[PeriodResult]:
        self.checks.run(now_ms)
        with reading(self.world.engine) as connection:
            return periods.stored(connection)

    def findings(self) -> list[Finding]:
        with reading(self.world.engine) as connection:
            return findings.stored(connection)
