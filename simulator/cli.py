"""`python -m simulator run SCENARIO.json`: all sites of a scenario in one process.

One JSON line with the endpoints on standard output, then one for each command from standard input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.desk import CommandDesk
from simulator.scenario import Scenario, ScenarioError, load_scenario
from simulator.site import Site

TICK_S = 0.01

app = typer.Typer(help="Virtual mining sites.", no_args_is_help=True, add_completion=False)


@app.callback()
def simulate() -> None:
    """Virtual mining sites."""


@app.command()
def run(
    scenario: Annotated[Path, typer.Argument(help="JSON file that describes the sites.")],
    seed: Annotated[int | None, typer.Option(help="Instead of the scenario's own.")] = None,
) -> None:
    """Run the sites of a scenario until `stop`, end of input, or a signal."""
    # An absent unit or a client that goes away is a fact of the simulated bus, not of this program.
    logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
    try:
        loaded = load_scenario(scenario)
        if seed is not None:
            loaded = loaded.model_copy(update={"seed": seed})
        asyncio.run(_host(loaded))
    except ScenarioError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except BrokenPipeError:
        raise typer.Exit(1) from None


async def _host(scenario: Scenario) -> None:
    sites = [Site(spec, scenario, time.monotonic) for spec in scenario.sites]
    commands: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, commands.put_nowait, None)
    ticker = asyncio.create_task(_tick(sites))
    try:
        _say({"ready": {"sites": [await site.start() for site in sites]}})
        _listen(loop, commands)
        desk = CommandDesk(sites, time.monotonic)
        while (line := await commands.get()) is not None:
            answer = desk.obey(line)
            _say(answer)
            if answer.get("cmd") == "stop":
                break
    finally:
        ticker.cancel()
        for site in sites:
            await site.stop()


async def _tick(sites: list[Site]) -> None:
    while True:
        for site in sites:
            site.tick()
        await asyncio.sleep(TICK_S)


def _listen(loop: asyncio.AbstractEventLoop, commands: asyncio.Queue[str | None]) -> None:
    """Feed standard input, whatever it is, to the queue; None at its end.

    A thread, because an event loop can wait for pipes but not for files.
    """

    def read() -> None:
        for line in sys.stdin:
            if line.strip():
                loop.call_soon_threadsafe(commands.put_nowait, line)
        loop.call_soon_threadsafe(commands.put_nowait, None)

    threading.Thread(target=read, name="commands", daemon=True).start()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")
    sys.stdout.flush()
