"""`esep bench`: the long measurements."""

import importlib.util
import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks import backlog as backlogs
from benchmarks import checks as checks_bench
from benchmarks import curtail as curtails
from benchmarks import curtail_report, fuzz, intake_report, report
from benchmarks import grey as grey_load
from benchmarks import hostile as hostile_bus
from benchmarks import intake as intakes
from benchmarks import memory as heap
from benchmarks import series as time_series
from benchmarks import sign as signing
from benchmarks.bus import CLIENTS, QUICK_CLIENTS, Bench
from benchmarks.workers import FIRMWARE
from simulator import influxdb, mosquitto
from simulator.hostile_line import Mode
from technician.bundle import compile_firmware

app = typer.Typer(no_args_is_help=True, help="What the parts do, measured.")
INSTALL = "python -m pip install -c constraints.txt --group bench"
JsonFile = Annotated[Path, typer.Option("--json", help="where the figures are written")]


@app.callback()
def bench() -> None:
    """What the parts do, measured."""


@app.command()
def bus(
    json_file: JsonFile,
    full: Annotated[bool, typer.Option("--full", help="20 rounds, and the profiles' gaps")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="cycles of each client")] = None,
    seed: Annotated[int, typer.Option(help="of the instruments' turnarounds")] = 1,
) -> None:
    """Modbus clients on a line that keeps its pace: how near each comes to what the wire allows."""
    missing = [name for name in ("minimalmodbus", "serial") if not importlib.util.find_spec(name)]
    if missing:
        typer.echo(f"not installed: {', '.join(missing)}. To install: {INSTALL}", err=True)
        raise typer.Exit(2)
    console = Console()
    with console.status("opening the line") as status:
        measured = Bench(
            seed=seed,
            rounds=rounds or (20 if full else 2),
            clients=tuple(CLIENTS) if full else QUICK_CLIENTS,
            say=status.update,
        )
        results = measured.run()
    json_file.write_text(json.dumps(report.bus_document(measured, results), indent=2) + "\n")
    console.print(report.bus_table(results))
    console.print(f"written to {json_file}")


@app.command()
def sign(
    json_file: JsonFile,
    rounds: Annotated[int, typer.Option(min=1, help="signatures of each kind")] = 30,
) -> None:
    """The firmware's signatures beside a textbook's, and what they would take on an ESP32."""
    console = Console()
    with console.status("") as status:
        result = signing.run(rounds, status.update)
    json_file.write_text(json.dumps(report.sign_document(result), indent=2) + "\n")
    console.print(report.sign_table(result))
    console.print(f"written to {json_file}")


@app.command()
def hostile(
    json_file: JsonFile,
    requests: Annotated[int, typer.Option(min=0, help="over all modes")] = 100_000,
    strings: Annotated[int, typer.Option(min=0, help="for the parsers")] = 1_000_000,
    seed: Annotated[int | None, typer.Option(help="drawn and told when not given")] = None,
    mode: Annotated[list[Mode] | None, typer.Option(help="only these; may be repeated")] = None,
    bytecode: Annotated[bool, typer.Option("--bytecode", help="the compiled firmware")] = False,
) -> None:
    """The Modbus master on a bus that lies: no wrong value may be believed."""
    seed = time.time_ns() % 1_000_000 if seed is None else seed
    modes = mode or list(Mode)
    console = Console()
    with tempfile.TemporaryDirectory() as scratch, console.status(f"seed {seed}"):
        firmware = FIRMWARE
        if bytecode:
            firmware = Path(scratch, "bundle")
            compile_firmware(firmware, keep_names=True)
        fuzzed = fuzz.run(strings, seed, firmware) if strings else []
        per_mode = requests // len(modes)
        outcomes = hostile_bus.run(modes, per_mode, seed, firmware=firmware) if per_mode else []
    document = report.hostile_document(seed, bytecode, outcomes, fuzzed)
    json_file.write_text(json.dumps(document, indent=2) + "\n")
    for table in report.hostile_tables(outcomes, fuzzed):
        console.print(table)
    console.print(f"seed {seed}; written to {json_file}")
    replays = [each.replay for each in outcomes if not each.holds]
    replays += [each.replay for each in fuzzed if not each.holds]
    for replay in replays:
        again = f"{replay}{' --bytecode' if bytecode else ''}"
        console.print(f"[red]fails[/red]; again with: {again}", soft_wrap=True)
    if replays:
        raise typer.Exit(1)


@app.command()
def intake(
    json_file: JsonFile,
    full: Annotated[bool, typer.Option("--full", help="ten minutes instead of one")] = False,
    backlog: Annotated[
        bool, typer.Option("--backlog", help="many gateways after an outage, and nothing else")
    ] = False,
    gateways: Annotated[int, typer.Option(min=1, help="of the backlog")] = 1000,
    backlog_per_s: Annotated[float, typer.Option(min=0.1, help="of each gateway")] = 4,
    judges: Annotated[int, typer.Option(min=0, help="processes that verify signatures")] = 2,
) -> None:
    """Publish to ledger to receipt, with a real Mosquitto and real signatures."""
    console = Console()
    try:
        mosquitto.find()
    except mosquitto.MissingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    with console.status("") as status:
        if backlog:
            each = 300 if full else 30
            drained = backlogs.run(gateways, each, backlog_per_s, judges, status.update)
            document = intake_report.backlog_document(drained)
        else:
            bench_ = intakes.Bench(seconds=60 if full else 3, judges=judges, say=status.update)
            bench_.run()
            document = intake_report.document(bench_)
    json_file.write_text(json.dumps(document, indent=2) + "\n")
    if backlog:
        console.print_json(data=document)
    else:
        console.print(intake_report.table(bench_))
    console.print(f"written to {json_file}")


@app.command()
def curtail(
    json_file: JsonFile,
    full: Annotated[bool, typer.Option("--full", help="more orders, 100 gateways too")] = False,
    gateways: Annotated[int, typer.Option(min=2, help="of the zone")] = 1000,
    real: Annotated[
        int | None, typer.Option(min=0, help="gateways in MicroPython; 2 with --full, else none")
    ] = None,
    seed: Annotated[int, typer.Option(help="of what the line loses")] = 1,
) -> None:
    """Orders to light gateways over a line of 500 ms that loses 5 % each way: relay to drop."""
    console = Console()
    began_s = time.monotonic()

    def say(text: str) -> None:
        typer.echo(f"{time.monotonic() - began_s:6.1f} s  {text}", err=True)

    number = (2 if full else 0) if real is None else real
    measured = curtails.Bench(is_full=full, zone=gateways, real=number, seed=seed, say=say)
    try:
        mosquitto.find()
        measured.run()
    except RuntimeError as error:  # no broker, no line, or a program that did not do its part
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except TimeoutError as error:
        typer.echo(f"broker or collector did not start; they said:\n{error}", err=True)
        raise typer.Exit(1) from None
    document = curtail_report.document(measured, time.monotonic() - began_s)
    json_file.write_text(json.dumps(document, indent=2) + "\n")
    console.print(curtail_report.table(document))
    for each in document["missing"]:
        console.print(f"missing: {each}")
    console.print(f"written to {json_file}")


@app.command()
def checks(
    json_file: JsonFile,
    meters: Annotated[
        list[int] | None, typer.Option(min=1, help="how many; may be repeated")
    ] = None,
    minutes: Annotated[int, typer.Option(min=1, help="of the market's time")] = 60,
) -> None:
    """The checks over an hour of a fleet's data: how much faster than real time, on one core."""
    console = Console()
    measured = []
    with tempfile.TemporaryDirectory(prefix="esep-checks-") as scratch, console.status("") as now:
        for number in meters or checks_bench.FLEETS:
            folder = Path(scratch, str(number))
            measured.append(checks_bench.run(folder, number, minutes, now.update))
    document = checks_bench.document(measured)
    json_file.write_text(json.dumps(document, indent=2) + "\n")
    console.print(checks_bench.table(measured))
    console.print(f"written to {json_file}")


@app.command()
def memory(json_file: JsonFile) -> None:
    """What the firmware's modules take of an ESP32's heap when they are imported."""
    try:
        modules = heap.measure()
    except heap.MemoryToolError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    json_file.write_text(json.dumps(report.memory_document(modules), indent=2) + "\n")
    typer.echo(heap.table(modules))
    typer.echo(f"written to {json_file}")


@app.command()
def grey(
    json_file: JsonFile,
    feeders: Annotated[
        int, typer.Option(min=28, help="honest ones, and as many with mining")
    ] = 280,
    days: Annotated[int, typer.Option(min=7, help="of each")] = 14,
    seed: Annotated[int, typer.Option(help="of the town")] = 2027,
) -> None:
    """How well a load's shape tells mining from everything else, on our own simulated feeders."""
    console = Console()
    with console.status("drawing the town") as status:
        document = grey_load.run(seed, feeders, days, status.update)
    json_file.write_text(json.dumps(document, indent=2) + "\n")
    for table in grey_load.tables(document):
        console.print(table)
    console.print(f"written to {json_file}")


@app.command()
def series(
    json_file: JsonFile,
    points: Annotated[int, typer.Option(min=1000, help="readings of ten quantities")] = 100_000,
    outage_s: Annotated[
        float, typer.Option("--outage", min=0, help="seconds without InfluxDB, under load")
    ] = 0,
) -> None:
    """The series follower beside a bare InfluxDB, and whether an outage loses a point."""
    program = influxdb.find("influxd")
    if program is None:
        typer.echo("not installed: influxd. On Debian: apt install influxdb", err=True)
        raise typer.Exit(2)
    console = Console()
    outages = []
    with tempfile.TemporaryDirectory(prefix="esep-series-") as scratch, console.status("") as now:
        rates = [
            time_series.rate(Path(scratch, str(readings)), program, points, readings, now.update)
            for readings in (10, 1)
        ]
        if outage_s:
            folder = Path(scratch, "outage")
            outages.append(time_series.outage(folder, program, outage_s, now.update))
    document = time_series.document(rates, outages)
    json_file.write_text(json.dumps(document, indent=2) + "\n")
    console.print_json(data=document)
    if any(each.differences for each in outages):
        raise typer.Exit(1)
