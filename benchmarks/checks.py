"""The checks over an hour of a fleet's data, as they come each minute, on one core.

Every meter is at a delivery point, two to a site and five sites to a licensee: the dearest fleet of
its size, since meters of stages cost the checks little. Registers and readings are written straight
into a collector's two databases beforehand: what taking frames in costs, `esep bench intake` says.
"""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from rich.table import Table

from benchmarks.fleet import POLICY, PROFILE, Gateway, toml_table
from benchmarks.report import head
from collector.model.bin import check_digit

FLEETS = (100, 1_000, 10_000)
_METERS_OF_A_SITE, _SITES_OF_A_LICENSEE = 2, 5
_START_MS = 1_795_424_400_000  # 2026-11-23 14:00 in Astana: a delivery hour begins
_PERIOD_MS, _QUARTER_MS, _MINUTE_MS = 3_600_000, 900_000, 60_000
_POWER_W = 1_000_000  # of each meter
_EXCEEDING = 10  # of so many licensees one has bought too little
_ZERO = "00" * 32

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """`headroom`: the market's time over the processor's; `least_headroom` of the dearest run, in
    which the hour is closed.
    """

    meters: int
    runs: int
    cpu_s: float
    run_p50_s: float
    run_max_s: float
    peak_mib: int
    closings: int
    findings: int
    headroom: float
    least_headroom: float


def run(folder: Path, meters: int, minutes: int, say: Say) -> Measured:
    """From the middle of one hour over its end into the next."""
    folder.mkdir(parents=True)
    directory = folder / "collector"
    sites = -(-meters // _METERS_OF_A_SITE)
    say(f"{meters} meters: their register")
    _esep("collector", "init", directory)
    register = folder / "register.toml"
    register.write_text("\n".join(_register(sites, meters)))
    _esep("registry", "import", directory, register)
    _esep("collector", "rebuild-series", directory)  # makes the series' file
    say(f"{meters} meters: their readings")
    _fill_snapshots(directory / "collector.sqlite", meters)
    moments = _moments(minutes)
    _fill_points(directory / "series.sqlite", meters, moments)
    say(f"{meters} meters: the checks of {minutes} minutes")
    options = ["--from", _iso(moments[0]), "--until", _iso(moments[-1]), "--every", "60", "--json"]
    told = json.loads(_esep("collector", "check", directory, *options))
    return Measured(
        meters,
        told["runs"],
        told["cpu_s"],
        told["run_p50_s"],
        told["run_max_s"],
        told["peak_mib"],
        told["closings"],
        told["findings"],
        round(told["runs"] * 60 / told["cpu_s"], 1),
        round(60 / told["run_max_s"], 1),
    )


def document(measured: list[Measured]) -> dict[str, Any]:
    biggest = max(measured, key=lambda each: each.meters)
    return {
        **head("checks"),
        "meters": biggest.meters,
        "headroom": biggest.headroom,
        "peak_mib": biggest.peak_mib,
        "fleets": [asdict(each) for each in measured],
    }


def table(measured: list[Measured]) -> Table:
    shown = Table(title="Checks each minute: the market's time / one processor's time")
    for name in ("meters", "headroom", "least", "s a run", "longest s", "MiB", "closings"):
        shown.add_column(name, justify="right")
    for each in measured:
        cells = (each.meters, each.headroom, each.least_headroom, each.run_p50_s, each.run_max_s)
        shown.add_row(*map(str, cells), str(each.peak_mib), str(each.closings))
    return shown


def _moments(minutes: int) -> range:
    first_ms = _START_MS + _PERIOD_MS - minutes // 2 * _MINUTE_MS
    return range(first_ms, first_ms + minutes * _MINUTE_MS, _MINUTE_MS)


def _register(sites: int, meters: int) -> Iterator[str]:
    yield _entry("market", {"label": "bench", "period_s": 3600, "interval_s": 900})
    yield _entry("policy", POLICY | {"receipt_s": 60})
    ruling = {"title": "Example", "document_sha256": _ZERO, "example": True}
    yield _entry("tolerance", ruling | {"valid_from": _iso(0), "permille": 20})
    for number in range(-(-sites // _SITES_OF_A_LICENSEE)):
        yield from _licensee(number, sites)
    for number in range(sites):
        yield from _site(number)
    for number in range(meters):
        losses = {"meter": _serial(number), "transformer": 1.008, "line": 1.012}
        losses |= {"valid_from": _iso(0), "document_sha256": _ZERO, "example": True}
        yield _entry("loss_factor", losses)


def _licensee(number: int, sites: int) -> Iterator[str]:
    first = number * _SITES_OF_A_LICENSEE
    named = [f"site-{site}" for site in range(first, min(first + _SITES_OF_A_LICENSEE, sites))]
    yield _entry("licensee", {"bin": _bin(number), "name": f"Bench {number}"})
    licence = {"number": f"L-{number}", "licensee": _bin(number), "subtype": "I", "sites": named}
    held = {"valid_from": "2025-01-01T00:00:00+05:00", "valid_until": "2028-01-01T00:00:00+05:00"}
    yield _entry("licence", licence | held)
    each_mwh = 1.8 if number % _EXCEEDING == 0 else 2.4
    bought = {"licensee": _bin(number), "zone": "north", "energy_mwh": len(named) * each_mwh}
    for start_ms in (_START_MS, _START_MS + _PERIOD_MS):
        yield _entry("allocation", bought | {"start": _iso(start_ms)})


def _site(number: int) -> Iterator[str]:
    gateway = Gateway(ec.generate_private_key(ec.SECP256R1()))
    name, identity = f"site-{number}", gateway.id.hex()
    site = {"name": name, "licensee": _bin(number // _SITES_OF_A_LICENSEE), "zone": "north"}
    yield _entry("site", site | {"gateway": identity, "stages": [], "auxiliary_w": 5_000})
    enrolled = {
        "enrolment": gateway.enrolment.hex(),
        "site": name,
        "buses": [{"kind": "tcp", "host": "127.0.0.1", "port": 502}],
        "timing": {"interval_ms": 900_000, "sample_ms": 10_000, "frame_ms": 60_000},
    }
    yield _entry("gateway", enrolled)
    for slot in range(_METERS_OF_A_SITE):
        hung = {"serial": _serial(number * _METERS_OF_A_SITE + slot), "site": name}
        wired = {"gateway": identity, "slot": slot, "profile": PROFILE, "bus": 0, "unit": slot + 1}
        yield _entry("meter", hung | wired | {"ct": [400, 1], "vt": [1, 1], "point": "delivery"})
    bears = {"name": f"point-{number}", "site": name, "valid_from": _iso(0)}
    yield _entry("delivery_point", bears | {"capacity_w": 4_000_000, "contracted_w": 3_000_000})


def _fill_snapshots(path: Path, meters: int) -> None:
    """Of three hours, every quarter, read 20 ms after its boundary."""
    columns = (
        "meter, quantity, at_ms, kind, count, quantum, offset_ms, clock, position, interval_ms,"
        " modulus, greatest_w, delay_ms, ratio"
    )
    boundaries = range(_START_MS - _PERIOD_MS, _START_MS + 2 * _PERIOD_MS, _QUARTER_MS)
    rows = (
        (
            _serial(number),
            quantity,
            at_ms,
            "interval",
            _count(number, at_ms) if billed else 0,
            "1/10",
            20,
            "S",
            1,
            _QUARTER_MS,
            "1000000000",
            "2000000",
            1000,
            "400",
        )
        for number in range(meters)
        for at_ms in boundaries
        for quantity, billed in (("active_energy_import", True), ("active_energy_export", False))
    )
    statement = f"INSERT INTO snapshot ({columns}) VALUES ({','.join('?' * 14)})"  # noqa: S608
    _write(path, statement, rows)


def _fill_points(path: Path, meters: int, moments: range) -> None:
    """A reading a minute, some seconds before each run of the checks."""
    rows = (
        (
            _serial(number),
            at_ms - 5_000 - number % 50 * 1_000,
            1,
            json.dumps({"active_power": _power_w(number, at_ms), "frequency": 50.0}),
            f"{_count(number, at_ms - 5_000 - number % 50 * 1_000)}/10",
            "{}",
        )
        for at_ms in moments
        for number in range(meters)
    )
    _write(path, "INSERT OR REPLACE INTO point VALUES (?,?,?,?,?,?)", rows)


def _write(path: Path, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.executemany(statement, rows)
    connection.close()


def _count(number: int, at_ms: int) -> int:
    """A register of 0.1 Wh, which rises evenly."""
    since_ms = at_ms - (_START_MS - _PERIOD_MS)
    return number * 1_000 + _POWER_W * since_ms // 360_000


def _power_w(number: int, at_ms: int) -> float:
    return _POWER_W + (number * 7 + at_ms // _MINUTE_MS) % 11 * 1_000.0


def _serial(number: int) -> str:
    return f"meter-{number:05}"


@cache
def _bins() -> list[str]:
    """Numbers whose first eleven digits have a check digit."""
    begun = (f"1001400{number:04}" for number in range(10_000))
    return [f"{digits}{last}" for digits in begun if (last := check_digit(digits)) is not None]


def _bin(number: int) -> str:
    return _bins()[number]


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def _entry(kind: str, values: dict[str, Any]) -> str:
    return f"[[{kind}]]\n{toml_table(values)}"


def _esep(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "esep", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
