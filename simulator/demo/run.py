"""The demo from its first breath to its report."""

import json
import queue
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulator.demo import drain, plan, report
from simulator.demo.narrator import Narrator
from simulator.demo.programs import ProgramError, esep
from simulator.demo.screen import Screen
from simulator.demo.world import World

_SETUP_S = 6
_FIRST_READING_S = 40
_RESTORE_S = 30


class Demo:
    """Runs the story. `run_s` counts from the first accepted reading; None: until interrupted."""

    def __init__(self, world: World, screen: Screen, run_s: int | None, http: str | None) -> None:
        self._world = world
        self._screen = screen
        self._run_s = run_s
        self._http = http
        names = {site.bin: site.name for site in world.sites}
        self._narrator = Narrator(names)
        self._resent = 0
        self._meters_read: set[str] = set()

    def run(self) -> dict[str, Any]:
        """Return the report; raises ProgramError when a program does not do its part."""
        world, say = self._world, self._screen.say
        say(f"[bold]{plan.LABEL}[/]: everything is real but the market, the plant and the keys")
        ready = world.build()
        say(f"{len(world.sites)} gateways made their keys and proved that they hold them")
        now_ms = time.time_ns() // 1_000_000
        timeline = plan.plan_timeline(now_ms, _SETUP_S, self._run_s or 3600)
        world.register(ready, timeline)
        world.start_broker()
        world.start_collector(self._http)
        if self._http:
            say(f"[bold]page: http://{self._http}[/]")
        say("waiting for the demo market's next delivery period")
        self._listen_until(timeline.gateways_start_ms)
        world.start_gateways()
        started_ms = self._await_first_readings()
        world.simulator.ask({"cmd": "energise"})
        say("[bold]every meter has been read: the sites are switched on[/]")
        end_ms = None if self._run_s is None else started_ms + self._run_s * 1000
        self._live_through(timeline, end_ms)
        return self._finish(started_ms)

    def _live_through(self, timeline: plan.Timeline, end_ms: int | None) -> None:
        dies_ms = timeline.at(plan.BROKER_DIES_S)
        back_ms = dies_ms + plan.BROKER_AWAY_S * 1000
        if end_ms is None or back_ms + 10_000 < end_ms:
            self._listen_until(dies_ms)
            self._world.kill(self._world.broker)
            self._screen.say("[bold red]the broker is killed (SIGKILL)[/]")
            self._listen_until(back_ms)
            self._world.start_broker()
            self._screen.say(
                "[bold]the broker is back, empty: what it had lost comes from the journals[/]"
            )
        else:
            self._screen.say("[dim]too short a run to kill the broker in it[/]")
        self._listen_until(end_ms)

    def _finish(self, started_ms: int) -> dict[str, Any]:
        world, say = self._world, self._screen.say
        ended_ms = time.time_ns() // 1_000_000
        say("[bold]the simulated time stands still; one last reading of every meter[/]")
        simulated = drain.freeze_and_read(world, self._next_fact)
        statuses = drain.hand_over(world, self._next_fact)
        say("the gateways have handed over what they held, and ended")
        if world.collector.stop() != 0:
            raise ProgramError("the collector did not end in order")
        while (fact := self._next_fact(0)) is not None:
            if fact["event"] == "collector.stopped":
                self._resent = fact["repeated"]
        world.close()
        collected = json.loads(esep("collector", "report", world.evidence))
        run = {
            "sites": len(world.sites),
            "first_reading_ms": started_ms,
            "frozen_ms": ended_ms,
            "resent": self._resent,
        }
        return report.assemble(collected, statuses, simulated, world.gateways, run)

    def _await_first_readings(self) -> int:
        """Until each meter has its first snapshot in the ledger; when the first one was."""
        meters = sum(len(site.meters) for site in self._world.sites)
        until = time.monotonic() + _FIRST_READING_S
        first_ms = 0
        while len(self._meters_read) < meters:
            if time.monotonic() > until:
                missing = meters - len(self._meters_read)
                raise ProgramError(f"{missing} meters were not read in {_FIRST_READING_S} s")
            self._next_fact(0.1)
            if self._meters_read and not first_ms:
                first_ms = time.time_ns() // 1_000_000
        return first_ms

    def _listen_until(self, moment_ms: int | None) -> None:
        while moment_ms is None or time.time_ns() < moment_ms * 1_000_000:
            self._next_fact(0.1)
            self._world.check_running()

    def _next_fact(self, timeout_s: float) -> Mapping[str, Any] | None:
        """The collector's next fact, told as it comes."""
        try:
            fact = self._world.collector.lines.get(timeout=timeout_s or None, block=timeout_s > 0)
        except queue.Empty:
            return None
        if fact["event"] == "meter.first_reading":
            self._meters_read.add(fact["meter"])
        line = self._narrator.tell(fact)
        if line is not None:
            self._screen.say(line)
        return fact


def write_report(path: Path, result: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=2) + "\n")
