"""From publish to ledger to receipt, with a real broker and real signatures."""

import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cbor2

from benchmarks import limits
from benchmarks.collector_process import Ledger, System
from benchmarks.fleet import Fleet
from benchmarks.passage import Made, Passage
from benchmarks.senders import Crowd, connect

Say = Callable[[str], None]

GATEWAYS = 20
_WINDOW = 100
_RECEIPT_S = 1.0
_LIVE_READINGS_PER_S = 10_000


@dataclass(frozen=True)
class Rate:
    """As much as goes: all frames wait to be sent, and the last one has its receipt."""

    readings_a_frame: int
    tls: bool
    frames: int
    frames_per_s: float
    readings_per_s: float
    ledger_frames_per_s: float
    cpu_s_per_1000_readings: float
    rss_mib: float
    limits: dict[str, float]
    ratio_to_slowest_limit: float


@dataclass(frozen=True)
class Latency:
    """Readings sent at a fixed pace, whether or not the collector keeps up."""

    tls: bool
    readings_per_s: int
    frames: int
    p50_s: float
    p99_s: float
    greatest_s: float


class Bench:
    def __init__(self, *, seconds: float, judges: int, say: Say) -> None:
        self._seconds, self._judges, self._say = seconds, judges, say
        self.rates: list[Rate] = []
        self.latencies: list[Latency] = []
        self.limits: dict[str, float] = {}
        self.series_lag_frames = 0
        self.faults: dict[str, int] = {}

    def run(self) -> None:
        with tempfile.TemporaryDirectory(prefix="esep-bench-") as folder:
            self._say("making gateways, their register and configurations")
            fleet = Fleet(GATEWAYS)
            system = System(Path(folder), fleet, receipt_s=_RECEIPT_S, judges=self._judges)
            self._measure_limits(Path(folder))
            for with_tls in (False, True):
                system.start(with_tls=with_tls)
                try:
                    self._run_one(system, fleet, with_tls=with_tls)
                finally:
                    system.stop()

    def _measure_limits(self, folder: Path) -> None:
        self._say("the limits: signatures, commits")
        probe = Fleet(1).gateways[0]
        message = probe.frame(10, 0)
        self.limits["signatures_per_s"] = limits.signatures_per_s(
            message, probe.key.public_key(), self._seconds / 4
        )
        self.limits["commits_frames_per_s"] = limits.commits_per_s(
            folder, len(message), self._seconds / 4
        )

    def _run_one(self, system: System, fleet: Fleet, *, with_tls: bool) -> None:
        named = "with TLS" if with_tls else "without TLS"
        ledger, covered = Ledger(system.directory), {}

        def received(topic: str, payload: bytes) -> None:
            gateway = bytes.fromhex(topic.split("/")[2])
            covered[gateway] = cbor2.loads(cbor2.loads(payload).value[2])[4][1][1]

        crowd = Crowd(
            [
                connect(
                    system.port,
                    gateway.id.hex(),
                    system.credential(gateway.id.hex()),
                    [f"esep/v1/{gateway.id.hex()}/receipt"],
                    _WINDOW,
                )
                for gateway in fleet.gateways
            ],
            received,
        )
        run = Passage(fleet, crowd, ledger, covered)
        self._say(f"{named}: until the collector listens")
        run.push(fleet.frames(GATEWAYS, 1))
        for readings in (10, 1):
            self._say(f"{named}: {readings} a frame, as much as goes")
            number = int(self._seconds * (6000 if readings == 10 else 7000))
            made = fleet.frames(number, readings)
            if not with_tls:
                key = f"broker_to_paho_per_s_at_{readings}"
                self.limits[key] = limits.deliveries_per_s(system.port, made[0][2], number)
            self.rates.append(self._rate(system, run, made, readings, with_tls=with_tls))
        self._say(f"{named}: {_LIVE_READINGS_PER_S} readings a second")
        self.series_lag_frames = ledger.head() - ledger.cursor("series")
        self.latencies.append(self._latency(run, fleet, with_tls=with_tls))
        self.faults = ledger.faults()
        crowd.close()

    def _rate(
        self, system: System, run: Passage, made: list[Made], readings: int, *, with_tls: bool
    ) -> Rate:
        before = system.used()
        in_ledger_s, with_receipt_s = run.push(made)
        after = system.used()
        mine = {
            "signatures_per_s": self.limits["signatures_per_s"],
            "broker_to_paho_per_s": self.limits[f"broker_to_paho_per_s_at_{readings}"],
            "commits_frames_per_s": self.limits["commits_frames_per_s"],
        }
        frames_per_s = len(made) / with_receipt_s
        return Rate(
            readings_a_frame=readings,
            tls=with_tls,
            frames=len(made),
            frames_per_s=frames_per_s,
            readings_per_s=frames_per_s * readings,
            ledger_frames_per_s=len(made) / in_ledger_s,
            cpu_s_per_1000_readings=(after.cpu_s - before.cpu_s) / len(made) / readings * 1000,
            rss_mib=after.rss_mib,
            limits=mine,
            ratio_to_slowest_limit=frames_per_s / min(mine.values()),
        )

    def _latency(self, run: Passage, fleet: Fleet, *, with_tls: bool) -> Latency:
        frames_per_s = _LIVE_READINGS_PER_S // 10
        made = fleet.frames(int(frames_per_s * self._seconds), 10)
        late_s = run.pace(made, frames_per_s)
        return Latency(
            tls=with_tls,
            readings_per_s=_LIVE_READINGS_PER_S,
            frames=len(made),
            p50_s=statistics.median(late_s),
            p99_s=statistics.quantiles(late_s, n=100)[98],
            greatest_s=max(late_s),
        )
