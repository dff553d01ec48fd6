"""`esep demo`."""

import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.table import Table

from simulator.demo import plan, report
from simulator.demo.programs import ProgramError, esep
from simulator.demo.run import Demo, write_report
from simulator.demo.screen import Screen
from simulator.demo.world import EMBEDDED, World

_HTTP_HOST = "127.0.0.1"


def demo(
    sites: Annotated[
        int, typer.Option(min=1, max=20, help="how many sites; the story needs 3")
    ] = 3,
    run_for: Annotated[
        int, typer.Option("--for", min=0, help="seconds from the first reading; 0: until Ctrl-C")
    ] = 90,
    headless: Annotated[bool, typer.Option(help="no page and no live table")] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="write the report here, as JSON")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="a new directory for the evidence; else under demo-data/")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the simulated plant's noise")] = 1,
    port: Annotated[int, typer.Option(min=1, max=65535, help="of the page")] = 8080,
    store: Annotated[
        str, typer.Option(help="embedded, influxdb=URL (2.x) or influxdb1=URL (1.x)")
    ] = "embedded",
) -> None:
    """Run the main job: meter, firmware, broker, collector, check, relay, measured drop."""
    directory = (data or Path("demo-data") / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}").resolve()
    if directory.is_dir() and any(directory.iterdir()):
        raise _fail(f"{directory} is not empty; give --data a new directory")
    if report_file is not None and not report_file.resolve().parent.is_dir():
        raise _fail(f"--report {report_file}: there is no such folder; make it first")
    if not headless and not _is_free(port):
        raise _fail(f"port {port} is taken; choose another with --port, or --headless")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _fail(f"{directory}: {error.strerror}; give --data a new directory") from None
    http = None if headless else f"{_HTTP_HOST}:{port}"
    signal.signal(signal.SIGTERM, _interrupt)
    world = World(directory, plan.plan_sites(sites), seed, store)
    screen = Screen(f"http://{http}/api/state" if http else None, plan.LABEL)
    try:
        with screen:
            result = Demo(world, screen, run_for or None, http).run()
    except KeyboardInterrupt:
        screen.say("\nstopped; every program of the demo is ended")
        raise typer.Exit(130) from None
    except ProgramError as error:
        screen.say(f"[bold red]{error}[/]")
        screen.say(f"logs: {directory / 'logs'}")
        raise typer.Exit(1) from None
    finally:
        world.close()
    if report_file is not None:
        write_report(report_file, result)
    _conclude(screen, world, result)


def _conclude(screen: Screen, world: World, result: dict[str, Any]) -> None:
    frames = result["frames"]
    table = Table(title="what was promised, and what came")
    for heading in ("frames made", "verified", "gaps", "duplicates", "came again", "refused"):
        table.add_column(heading, justify="right")
    names = ("published", "verified", "gaps", "duplicates", "resent", "rejected")
    table.add_row(*(str(frames[name]) for name in names))
    screen.console.print(table)
    wrong = report.failures(result, len(world.sites))
    try:
        screen.say(esep("collector", "verify", world.evidence).splitlines()[-1])
        if world.store != EMBEDDED:
            screen.say(esep("collector", "reconcile", world.evidence).splitlines()[-1])
    except ProgramError as error:
        wrong.append(str(error))
    program = Path(sys.executable).with_name("esep")
    here = program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program
    screen.say(f"evidence: {world.evidence}")
    screen.say(f"verify it yourself: [bold]{here} collector verify {world.evidence}[/]")
    lasted_ms = result["run"]["frozen_ms"] - result["run"]["first_reading_ms"]
    if len(world.sites) >= plan.STORY_SITES and lasted_ms >= plan.STORY_S * 1000:
        wrong += report.untold(result)
    for text in wrong:
        screen.say(f"[bold red]NOT AS PROMISED: {text}[/]")
    if wrong:
        raise typer.Exit(1)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HTTP_HOST, port))
        except OSError:
            return False
    return True


def _fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)
