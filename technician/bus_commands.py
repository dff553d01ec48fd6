"""`esep device scan`, `identify`: what is on the bus, told by the board itself."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import typer
from rich.console import Console as Screen
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from technician import bus as buses
from technician import scan_plan
from technician.asking import given
from technician.bus import Place, SerialPlace, TcpPlace
from technician.checks import bus_scan, profile_fit
from technician.checks.bus_scan import Answered
from technician.console import Console
from technician.faults import BagError, Code
from technician.meter_options import (
    AsJson,
    Bus,
    LineText,
    Port,
    ProfileName,
    Tcp,
    all_profiles,
    load_profile,
    place,
)
from technician.outcome import failed
from technician.ports import the_port
from technician.telling import tell

_TCP_WAIT_MS = 1000
"""A converter waits for its own serial line first."""

Asked = tuple[Place, tuple[int, ...]]
"""Where, and which units."""


def scan(
    bus: Bus = 0,
    tcp: Tcp = None,
    addresses: Annotated[str | None, typer.Option(help="like 1-10,126; else all")] = None,
    bauds: Annotated[str | None, typer.Option(help="like 9600,19200; else all")] = None,
    every: Annotated[
        bool, typer.Option("--all", help="go on where devices were found on one line")
    ] = False,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Ask every address on the usual speeds and parities who is there."""
    try:
        units = scan_plan.parse_units(addresses) if addresses else list(scan_plan.EVERY_UNIT)
        chosen = scan_plan.parse_bauds(bauds) if bauds else None
        plan: list[Asked]
        if tcp is not None:
            plan = [(TcpPlace.parse(tcp), tuple(units))]
        else:
            lines = scan_plan.lines(all_profiles(), chosen)
            plan = [
                (SerialPlace(bus, step.line), step.units) for step in scan_plan.steps(lines, units)
            ]
        with Console(port or the_port()) as console, _progress(quiet=as_json) as progress:
            search = _Search(console, progress)
            search.run(plan, every=every)
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    outcome = bus_scan.judged(search.found, search.noisy)
    found = {
        "found": [asdict(each) | {"noise": each.noise.hex()} for each in search.found],
        "asked": search.asked,
        "seconds": round(search.seconds, 1),
    }
    if not as_json:
        typer.echo(f"{search.asked} questions in {search.seconds:.0f} s")
    tell([outcome], found, as_json=as_json)


def identify(
    unit: Annotated[int | None, typer.Option(min=1, max=247, help="the device's address")] = None,
    bus: Bus = 0,
    tcp: Tcp = None,
    line: LineText = None,
    expected: ProfileName = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Say which meter profiles fit a device, and why."""
    ask = sys.stdin.isatty() and not as_json
    try:
        of_order = None if expected is None else load_profile(expected)
        address = int(given(unit, "--unit", "the device's address", ask=ask))
        if tcp is None and of_order is None:
            line = given(line, "--line", "its line, like 9600-8N1", ask=ask)
        where = place(bus, tcp, line, of_order)
        with Console(port or the_port()) as console:
            fits = fitted(console, where, address)
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    outcome = profile_fit.judged(fits, of_order.name if of_order else None)
    ranked = sorted(fits, key=lambda each: (each.fits, each.rank), reverse=True)
    if not as_json:
        for fit in ranked:
            against = f"; against it: {', '.join(fit.against)}" if fit.against else ""
            said = ", ".join(fit.reasons)
            typer.echo(f"{'fits' if fit.fits else 'no':5} {fit.profile}: {said}{against}")
    tell([outcome], {"fits": [asdict(fit) for fit in ranked]}, as_json=as_json)


def fitted(console: Console, where: Place, unit: int) -> list[profile_fit.Fit]:
    """Every profile tried on a device. Raises BagError when it answers to none."""
    profiles = [each for each in all_profiles() if each.transport.tcp or _is_serial(where)]
    readings = [buses.read(console, where, unit, profile) for profile in profiles]
    if all(reading.is_silent for reading in readings):
        raise BagError(Code.NO_METER, f"address {unit} does not answer at {where}")
    return [profile_fit.fit(reading) for reading in readings]


def _is_serial(where: Place) -> bool:
    return isinstance(where, SerialPlace)


@dataclass
class _Search:
    console: Console
    progress: Progress
    found: list[Answered] = field(default_factory=list)
    noisy: list[str] = field(default_factory=list)
    asked: int = 0
    seconds: float = 0

    def run(self, plan: list[Asked], *, every: bool) -> None:
        """Once devices are found on a line only it is gone on with, unless `every`."""
        began = time.monotonic()
        task = self.progress.add_task("", total=sum(len(units) for _, units in plan))
        spoken: set[str] = set()
        for where, units in plan:
            if str(where) in self.noisy or (spoken and str(where) not in spoken and not every):
                self.progress.advance(task, len(units))
                continue
            self.progress.update(task, description=str(where))
            self._sweep(where, units, task)
            if any(each.place == str(where) and each.clean for each in self.found):
                spoken.add(str(where))
        self.seconds = time.monotonic() - began

    def _sweep(self, where: Place, units: tuple[int, ...], task: Any) -> None:
        def hear(told: dict[str, Any]) -> None:
            if "at" in told:
                self.asked += 1
                self.progress.advance(task)
            elif "gave_up" in told:
                self.noisy.append(str(where))
            else:
                answered = Answered.of_board(str(where), told)
                self.found.append(answered)
                self.progress.console.print(f"{where}: {answered.words()}", highlight=False)

        wait_ms = scan_plan.WAIT_MS if isinstance(where, SerialPlace) else _TCP_WAIT_MS
        buses.sweep(self.console, where, units, wait_ms, hear)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Progress]:
    columns = (
        TextColumn("{task.description:20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Screen(stderr=True, quiet=quiet), disable=quiet) as progress:
        yield progress
