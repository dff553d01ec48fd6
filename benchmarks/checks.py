"""The checks over an hour of a fleet's data, as they come each minute, on one core.

What taking the frames in costs, `esep bench intake` says.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from math import log
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.checked_fleet import MINUTE_MS, PERIOD_MS, START_MS, CheckedFleet
from benchmarks.report import head

FLEETS = (100, 1_000, 10_000)
MEASURE = "market time over processor time of the process that checks, a run each minute"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """`headroom`: the market's time over the processor's; `least_headroom` of the dearest run, in
    which an hour is closed. `wall_s`: by the clock, with all else that the computer did.
    """

    meters: int
    runs: int
    cpu_s: float
    wall_s: float
    run_p50_s: float
    run_max_s: float
    run_max_wall_s: float
    peak_mib: int
    closings: int
    findings: int
    headroom: float
    least_headroom: float
    wall_headroom: float


def run(folder: Path, meters: int, minutes: int, say: Say) -> Measured:
    """From the middle of one hour over its end into the next."""
    moments = _moments(minutes)
    directory = prepare(folder, meters, moments, say)
    say(f"{meters} meters: the checks of {minutes} minutes")
    span = ["--from", _iso(moments[0]), "--until", _iso(moments[-1])]
    told = json.loads(_esep("collector", "check", directory, *span, "--every", "60", "--json"))
    market_s = told["runs"] * MINUTE_MS / 1000
    return Measured(
        meters=meters,
        **told,
        headroom=round(market_s / told["cpu_s"], 1),
        least_headroom=round(MINUTE_MS / 1000 / told["run_max_s"], 1),
        wall_headroom=round(market_s / told["wall_s"], 1),
    )


def prepare(folder: Path, meters: int, moments: range, say: Say) -> Path:
    """A collector's directory with a fleet's register, readings and frames."""
    folder.mkdir(parents=True)
    directory, register = folder / "collector", folder / "register.toml"
    fleet = CheckedFleet(meters)
    say(f"{meters} meters: their register")
    _esep("collector", "init", directory)
    fleet.write_register(register)
    _esep("registry", "import", directory, register)
    _esep("collector", "rebuild-series", directory)  # makes the series' file
    say(f"{meters} meters: their readings")
    fleet.write_databases(directory, moments)
    return directory


def document(measured: list[Measured]) -> dict[str, Any]:
    biggest = max(measured, key=lambda each: each.meters)
    return {
        **head("checks"),
        "headroom_is": MEASURE,
        "meters": biggest.meters,
        "headroom": biggest.headroom,
        "wall_headroom": biggest.wall_headroom,
        "peak_mib": biggest.peak_mib,
        "growth": growth(measured),
        "fleets": [asdict(each) for each in measured],
    }


def growth(measured: list[Measured]) -> float | None:
    """A run's cost grows as the meters to this power, from the smallest fleet to the biggest."""
    least, most = (extreme(measured, key=lambda each: each.meters) for extreme in (min, max))
    if least.meters == most.meters:
        return None
    return round(log(most.run_p50_s / least.run_p50_s) / log(most.meters / least.meters), 2)


def table(measured: list[Measured]) -> Table:
    shown = Table(title="Checks each minute: the market's time / one processor's time")
    names = ("meters", "headroom", "least", "by the clock", "s a run", "longest s", "MiB")
    for name in (*names, "closings"):
        shown.add_column(name, justify="right")
    for each in measured:
        figures = (each.headroom, each.least_headroom, each.wall_headroom)
        took = (each.run_p50_s, each.run_max_s)
        shown.add_row(*map(str, (each.meters, *figures, *took, each.peak_mib, each.closings)))
    return shown


def _moments(minutes: int) -> range:
    first_ms = START_MS + PERIOD_MS - minutes // 2 * MINUTE_MS
    return range(first_ms, first_ms + minutes * MINUTE_MS, MINUTE_MS)


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def _esep(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "esep", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
