"""The series follower beside a bare InfluxDB, and an outage (benchmarks/README.md)."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import urllib3

from benchmarks.fleet import METERS, Fleet
from simulator.influxdb import Influxd

Say = Callable[[str], None]

_BATCH = 5000
_GATEWAYS = 2
_SERIES = _GATEWAYS * METERS
_START_BEFORE_MS = 86_400_000 // 2
_CATCH_UP_S = 300


@dataclass(frozen=True)
class Rates:
    """Points a second. A point has ten quantities; `follower` reads, decodes and writes it."""

    points: int
    readings_per_frame: int
    bare_points_per_s: float
    follower_points_per_s: float
    with_rollups_points_per_s: float
    bare_points_per_cpu_s: float
    follower_points_per_cpu_s: float

    @property
    def ratio(self) -> float:
        return self.follower_points_per_s / self.bare_points_per_s

    @property
    def ratio_by_cpu(self) -> float:
        """A point's processor time in InfluxDB over that in the follower."""
        return self.follower_points_per_cpu_s / self.bare_points_per_cpu_s


@dataclass(frozen=True)
class Outage:
    """InfluxDB killed while frames came; what is not the same afterwards."""

    away_s: float
    points: int
    catch_up_s: float
    differences: int
    events: list[str]


class Site:
    """A data directory and an InfluxDB, as an operator has them."""

    def __init__(self, folder: Path, influxd: Influxd, gateways: int) -> None:
        self.directory, self._folder = folder / "collector", folder
        self._fleet = Fleet(gateways)
        self._second = 0
        self._files = 0
        self._start_ms = time.time_ns() // 1_000_000 - _START_BEFORE_MS
        esep("collector", "init", self.directory, "--root-key", folder / "root.pem")
        settings = f'[series]\nstore = "influxdb1={influxd.url}?db=bench"\n'
        (self.directory / "collector.toml").write_text(settings)
        self._fleet.write_register(folder / "register.toml", 60)
        esep("registry", "import", self.directory, folder / "register.toml")
        for gateway in self._fleet.gateways:
            out = folder / f"{gateway.id.hex()}.cose"
            esep("registry", "configure", self.directory, gateway.id.hex(), "--out", out)
        self._fleet.configured(folder)

    def take(self, points: int, readings: int) -> int:
        """Have so many points taken in, a reading of each meter a second; how many there are."""
        self._files += 1
        path = self._folder / f"frames-{self._files}.bin"
        taken = 0
        with path.open("wb") as file:
            while taken < points:
                at_ms = self._start_ms + 1000 * self._second
                self._second += 1
                for gateway in self._fleet.gateways:
                    for _ in range(0, METERS, readings):
                        message = gateway.frame(readings, at_ms)
                        file.write(len(message).to_bytes(4) + message)
                        taken += readings
        esep("collector", "take", self.directory, path)
        path.unlink()
        return taken


def rate(folder: Path, program: str, points: int, readings: int, say: Say) -> Rates:
    influxd = Influxd(folder / "influxd", program)
    influxd.start()
    try:
        say(f"{points} points, {readings} in a frame, are taken in")
        site = Site(folder, influxd, _GATEWAYS)
        taken = site.take(points, readings)
        say("the embedded series follows")
        esep("collector", "rebuild-series", site.directory)
        say("InfluxDB alone")
        began_cpu_s = influxd.cpu_s
        bare = _bare(influxd.url, taken)
        bare_cpu_s = influxd.cpu_s - began_cpu_s
        say("the follower")
        told = json.loads(esep("collector", "rebuild-series", site.directory, "--json"))
        bare = max(bare, _bare(influxd.url, taken))
    finally:
        influxd.stop(kill=True)
    if told["points"] != taken:
        raise RuntimeError(f"{taken} points were taken in, {told['points']} are there")
    whole_s = told["fill_s"] + told["rollups_s"]
    return Rates(
        taken,
        readings,
        bare,
        taken / told["fill_s"],
        taken / whole_s,
        taken / bare_cpu_s,
        taken / told["fill_cpu_s"],
    )


def _bare(url: str, points: int) -> float:
    """Points a second of lines as the follower writes them, made beforehand, one writer."""
    pool = urllib3.PoolManager(retries=False)
    for query in ("DROP DATABASE bare", "CREATE DATABASE bare"):
        pool.request("POST", f"{url}/query", fields={"q": query})
    bodies = [
        "\n".join(_line(number) for number in range(start, min(start + _BATCH, points))).encode()
        for start in range(0, points, _BATCH)
    ]
    began_s = time.monotonic()
    for body in bodies:
        answer = pool.request("POST", f"{url}/write?db=bare&precision=ms", body=body)
        if answer.status != 204:
            raise RuntimeError(answer.data.decode())
    elapsed_s = time.monotonic() - began_s
    pool.request("POST", f"{url}/query", fields={"q": "DROP DATABASE bare"})
    return points / elapsed_s


def _line(number: int) -> str:
    """A reading of each meter a second, ten quantities."""
    wobble, count = number % 97 / 100, number // _SERIES
    return (
        f"reading,meter=0123456789abcdef-{number % _SERIES} position={number}i,"
        f"import_numerator={1_000_000 + count}i,import_denominator=1000i,"
        f"active_energy_export=0.0,reactive_energy_import=10.0,active_power={1150 + 10 * wobble},"
        f"reactive_power=20.0,apparent_power=1151.0,power_factor=0.99,frequency=50.0,"
        f"voltage_l1={230 + wobble},current_l1=5.0 {1_795_424_400_000 + 1000 * count}"
    )


def outage(folder: Path, program: str, away_s: float, say: Say) -> Outage:
    """The collector runs, frames come each second, InfluxDB is killed and comes back."""
    influxd = Influxd(folder / "influxd", program)
    influxd.start()
    site = Site(folder, influxd, _GATEWAYS)
    command = [sys.executable, "-m", "esep", "collector", "run", str(site.directory)]
    with (folder / "collector.log").open("wb") as log:
        collector = subprocess.Popen([*command, "--broker", "127.0.0.1:9"], stdout=log, stderr=log)
    try:
        points = site.take(2000, 10)
        influxd.stop(kill=True)
        began_s = time.monotonic()
        while (gone_s := time.monotonic() - began_s) < away_s:
            say(f"InfluxDB has been away for {gone_s:.0f} s")
            points += site.take(1000, 10)
        influxd.start()
        began_s = time.monotonic()
        say("InfluxDB is back")
        while (told := _reconciled(site.directory))["frames_waiting"]:
            if time.monotonic() - began_s > _CATCH_UP_S:
                raise RuntimeError(f"not drained; see {folder}/collector.log")
        caught_up_s = time.monotonic() - began_s
    finally:
        collector.terminate()
        collector.wait(60)
        influxd.stop(kill=True)
    if told["points"] != points:
        raise RuntimeError(f"{points} points were taken in, the ledger has {told['points']}")
    events = [
        fact["event"]
        for line in (folder / "collector.log").read_text().splitlines()
        if line.startswith("{") and (fact := json.loads(line))["event"].startswith("series.")
    ]
    return Outage(away_s, points, caught_up_s, len(told["differences"]), events)


def _reconciled(directory: Path) -> dict[str, Any]:
    """Its verdict; differences end it with 1, which is a verdict too."""
    command = [sys.executable, "-m", "esep", "collector", "reconcile", str(directory), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict


def esep(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "esep", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def document(results: list[Rates], outages: list[Outage]) -> dict[str, Any]:
    return {
        "schema": 1,
        "benchmark": "series",
        "rates": [
            asdict(each) | {"ratio_to_bare": each.ratio, "ratio_by_cpu": each.ratio_by_cpu}
            for each in results
        ],
        "outages": [asdict(each) for each in outages],
    }
