"""From publish to ledger to receipt, with a real broker and real signatures."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cbor2

from benchmarks import limits
from benchmarks.collector_process import Ledger, System
from benchmarks.fleet import Fleet, Gateway
from benchmarks.senders import Crowd, connect, publish

Say = Callable[[str], None]
Made = tuple[Gateway, int, bytes]

GATEWAYS = 20
_WINDOW = 100
_RECEIPT_S = 1.0
_LIVE_READINGS_PER_S = 10_000
_PATIENCE_S = 30
_POLL_S = 0.005


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
            self._measure_limits(Path(folder), fleet)
            for with_tls in (False, True):
                system.start(with_tls=with_tls)
                try:
                    self._run_one(system, fleet, with_tls=with_tls)
                finally:
                    system.stop()

    def _measure_limits(self, folder: Path, fleet: Fleet) -> None:
        self._say("the limits: signatures, commits")
        gateway = fleet.gateways[0]
        probe = Fleet(1).gateways[0]
        message = probe.frame(10, 0)
        self.limits["signatures_per_s"] = limits.signatures_per_s(
            message, probe.key.public_key(), self._seconds / 4
        )
        self.limits["commits_frames_per_s"] = limits.commits_per_s(
            folder, len(message), self._seconds / 4
        )
        del gateway

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
        run = _Run(fleet, crowd, ledger, covered)
        self._say(f"{named}: until the collector listens")
        run.push(fleet.frames(GATEWAYS, 1))
        for readings in (10, 1):
            self._say(f"{named}: {readings} a frame, as much as goes")
            number = int(self._seconds * (6000 if readings == 10 else 7000))
            made = fleet.frames(number, readings)
            if not with_tls:
                key = f"broker_to_paho_per_s_at_{readings}"
                self.limits[key] = limits.deliveries_per_s(system.port, fleet, made[0][2], number)
            self.rates.append(self._rate(system, run, made, readings, with_tls=with_tls))
        self._say(f"{named}: {_LIVE_READINGS_PER_S} readings a second")
        self.series_lag_frames = ledger.head() - ledger.cursor("series")
        self.latencies.append(self._latency(run, fleet, with_tls=with_tls))
        self.faults = ledger.faults()
        crowd.close()

    def _rate(
        self, system: System, run: "_Run", made: list[Made], readings: int, *, with_tls: bool
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

    def _latency(self, run: "_Run", fleet: Fleet, *, with_tls: bool) -> Latency:
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


class _Run:
    """Frames on their way through one start of broker and collector."""

    def __init__(
        self, fleet: Fleet, crowd: Crowd, ledger: Ledger, covered: dict[bytes, int]
    ) -> None:
        self._crowd, self._ledger, self._covered = crowd, ledger, covered
        self._sender = dict(
            zip((gateway.id for gateway in fleet.gateways), crowd.senders, strict=True)
        )

    def push(self, made: list[Made]) -> tuple[float, float]:
        """Send all as fast as the broker takes it; s until the ledger, and the receipts, have it."""
        packets = [self._packet(each) for each in made]
        wanted = {gateway.id: seq for gateway, seq, _ in made}
        goal = self._ledger.head() + len(made)
        began = time.monotonic()
        for (gateway, _, _), packet in zip(made, packets, strict=True):
            self._sender[gateway.id].waiting.append(packet)
        in_ledger_s = None
        while any(self._covered.get(name, 0) < seq for name, seq in wanted.items()):
            self._crowd.serve()
            took_s = time.monotonic() - began
            if in_ledger_s is None and self._ledger.head() >= goal:
                in_ledger_s = took_s
            if took_s > _PATIENCE_S + len(made) / 500:
                raise TimeoutError(f"{self._ledger.head()} of {goal} frames are in the ledger")
        return in_ledger_s or took_s, took_s

    def pace(self, made: list[Made], frames_per_s: float) -> list[float]:
        """Send at fixed times; how long after its time each was in the ledger, s."""
        packets = [self._packet(each) for each in made]
        head = first = self._ledger.head()
        began = time.monotonic()
        due = {
            (gateway.id, seq): began + number / frames_per_s
            for number, (gateway, seq, _) in enumerate(made)
        }
        seen: list[tuple[int, float]] = []
        sent, polled = 0, 0.0
        while head < first + len(made):
            now = time.monotonic()
            while sent < len(made) and began + sent / frames_per_s <= now:
                self._sender[made[sent][0].id].waiting.append(packets[sent])
                sent += 1
            self._crowd.serve(0.001)
            if now - polled >= _POLL_S:
                polled = now
                if (newest := self._ledger.head()) > head:
                    head = newest
                    seen.append((head, time.monotonic()))
            if now - began > _PATIENCE_S + len(made) / frames_per_s:
                raise TimeoutError(f"{head - first} of {len(made)} frames are in the ledger")
        late_s, place = [], 0
        for position, gateway, seq in self._ledger.names(first):
            while seen[place][0] < position:
                place += 1
            late_s.append(seen[place][1] - due[gateway, seq])
        return late_s

    @staticmethod
    def _packet(made: Made) -> bytes:
        gateway, seq, message = made
        return publish(gateway.frame_topic, seq % 65535 + 1, message)


def document(bench: Bench) -> dict[str, Any]:
    return {
        "limits": bench.limits,
        "rates": [asdict(each) for each in bench.rates],
        "latencies": [asdict(each) for each in bench.latencies],
        "series_lag_frames": bench.series_lag_frames,
        "faults": bench.faults,
    }
