"""A collector's ledger, and an InfluxDB that is filled from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from collector_world import NOW_MS, TELEMETRY, World, sample
from meter_world import raw_of

from collector.evidence.cose import message_hash
from collector.evidence.frame import read_frame
from collector.ledger.followers import advance, position_of
from collector.ledger.ledger import Admitted, Ledger
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.series.influx import InfluxSeries
from collector.series.reconcile import Difference, Extent, differences, read_ledger
from collector.series.shipping import Shipper
from collector.series.store import LAST_MS
from collector.storage import appending, reading

SLOTS = {"feeder": 0, "stage-1": 1, "stage-2": 2}


@dataclass
class Shipped:
    """`follow` is what the collector's other thread does."""

    world: World
    near: EmbeddedSeries
    store: InfluxSeries
    shipper: Shipper

    @classmethod
    def make(cls, world: World, directory: Path, store: InfluxSeries) -> "Shipped":
        shipper = Shipper(world.engine, world.configurations, store)
        return cls(world, EmbeddedSeries(directory), store, shipper)

    def again(self) -> None:
        """The collector was killed, and starts."""
        self.shipper = Shipper(self.world.engine, self.world.configurations, self.store)

    def receive(self, messages: Iterable[bytes], now_ms: int = NOW_MS + 10**7) -> None:
        """What admission has judged: here it is not the question."""
        admitted = [Admitted.of(each, message_hash(each), read_frame(each)[1]) for each in messages]
        with appending(self.world.engine) as connection:
            Ledger(self.world.engine).append(connection, admitted, now_ms)
        self.follow()

    def follow(self) -> None:
        while advance(self.world.engine, SeriesFollower(self.near, self.world.configurations)):
            pass

    @property
    def head(self) -> int:
        return Ledger(self.world.engine).head()

    @property
    def cursor(self) -> int:
        with reading(self.world.engine) as connection:
            return position_of(connection, self.shipper.name) or 0

    def differences(self) -> list[Difference]:
        world, extent = self.world, Extent(0, LAST_MS, self.cursor)
        with TemporaryDirectory() as scratch:
            ledger = EmbeddedSeries(Path(scratch))
            read_ledger(world.engine, world.configurations, ledger, extent, lambda _: None)
            found = list(differences(ledger, self.store, extent, lambda _: None))
            ledger.close()
        return found


def frames(
    world: World, first_s: int, seconds: int, *, step_s: int = 1, start_ms: int = NOW_MS
) -> list[bytes]:
    """Samples of each meter each second, ten seconds of a meter in a frame; each its own value."""
    chain = world.gateway.chain(TELEMETRY, epoch=first_s + 1)
    made = []
    for begin_s in range(first_s, first_s + seconds, 10 * step_s):
        for slot in SLOTS.values():
            moments = range(begin_s, min(begin_s + 10 * step_s, first_s + seconds), step_s)
            records = [
                sample(slot, start_ms + 1000 * second, raw_at(slot, second)) for second in moments
            ]
            made.append(chain.next(*records))
    return made


def raw_at(slot: int, second: int) -> bytes:
    """What a three-phase feeder looks like, and what nobody doubts."""
    power_kw = 1 + slot + second / 7
    values = {
        "active_power": power_kw,
        "apparent_power": power_kw,
        "power_factor": 1,
        "frequency": 50 + slot / 100,
        "active_energy_import": 1000 * (slot + 1) + second,
    }
    values |= {f"active_power_l{phase}": power_kw / 3 for phase in (1, 2, 3)}
    values |= {f"voltage_l{phase}": 230 + phase / 10 for phase in (1, 2, 3)}
    return raw_of(interval_only=False, **values)
