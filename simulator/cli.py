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
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

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


class CommandDesk:
    """Carries out commands, each a JSON object with `cmd`, and answers with one."""

    def __init__(self, sites: list[Site], clock: Callable[[], float]) -> None:
        self._sites = {site.spec.name: site for site in sites}
        self._clock = clock
        self._verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "energise": self._energise,
            "freeze": self._freeze,
            "energy": self._energy,
            "load": self._load,
            "stop": lambda _: {},
        }

    def obey(self, line: str) -> dict[str, Any]:
        """A command that cannot be carried out is answered with `error`, and changes nothing."""
        try:
            command = json.loads(line)
        except json.JSONDecodeError as error:
            return {"error": f"not JSON: {error}"}
        if not isinstance(command, dict) or command.get("cmd") not in self._verbs:
            return {"error": f"give an object whose cmd is one of {', '.join(self._verbs)}"}
        name = command["cmd"]
        try:
            return {"cmd": name, **self._verbs[name](command)}
        except ValueError as error:
            return {"cmd": name, "error": str(error)}

    def _energise(self, _: dict[str, Any]) -> dict[str, Any]:
        now = self._clock()
        for site in self._sites.values():
            site.plant.energise(now)
        return {}

    def _freeze(self, _: dict[str, Any]) -> dict[str, Any]:
        now = self._clock()
        for site in self._sites.values():
            site.plant.freeze(now)
        return {}

    def _energy(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "sites": [{"name": name, "meters": site.energy()} for name, site in self._sites.items()]
        }

    def _load(self, command: dict[str, Any]) -> dict[str, Any]:
        site = self._sites.get(command.get("site", ""))
        if site is None:
            raise ValueError(f"site: give one of {', '.join(self._sites)}")
        stage_id, power_w = command.get("stage"), command.get("power_w")
        if not isinstance(stage_id, int) or not isinstance(power_w, int):
            raise ValueError("stage and power_w: give whole numbers")
        site.spec.check_load(stage_id, power_w)
        site.plant.advance(self._clock())
        site.plant.set_load(stage_id, power_w)
        return {}
