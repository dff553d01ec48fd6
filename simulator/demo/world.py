"""Sets the demo's world up as an operator and his technicians would, and takes it down."""

import sys
from pathlib import Path
from typing import Any

from simulator import micropython
from simulator.demo import files
from simulator.demo.files import SiteFolder
from simulator.demo.plan import SitePlan, Timeline
from simulator.demo.programs import (
    Program,
    ProgramError,
    enrol,
    esep,
    free_port,
)

_READY_S = 20
_HAND_OVER_S = 40
EMBEDDED = "embedded"


class World:
    """Every program of the demo. `close` ends them all, in whatever state they are."""

    def __init__(
        self, directory: Path, sites: list[SitePlan], seed: int, store: str = EMBEDDED
    ) -> None:
        self.directory = directory
        self.evidence = directory / "collector"
        self.sites = sites
        self._seed = seed
        self.store = store
        self.folders = {site.name: SiteFolder(directory / "sites" / site.name) for site in sites}
        self.logs = directory / "logs"
        self.port = free_port()
        self.gateways: dict[str, str] = {}  # site by gateway
        self._running: list[Program] = []
        self.gateway_programs: dict[str, Program] = {}
        self._firmware = directory / "firmware.romfs"

    def build(self) -> list[dict[str, Any]]:
        """Keys, boards, enrolments, the simulator; the simulator's answer with its buses."""
        self.logs.mkdir(parents=True)
        esep("device", "bundle", self._firmware)
        esep("collector", "init", self.evidence, "--root-key", self.directory / "root.pem")
        files.write_settings(self.evidence, self.store)
        root = (self.evidence / "root.pub").read_bytes()
        self._enrolments = {}
        for site in self.sites:
            folder = self.folders[site.name]
            files.write_board(folder, site, root, self.port)
            enrolment = enrol(self._firmware, folder.board)
            self._enrolments[site.name] = enrolment
            self.gateways[enrolment["gateway"]] = site.name
        scenario = self.directory / "scenario.json"
        files.write_scenario(scenario, self.sites, list(self.folders.values()), self._seed)
        self.simulator = self._start(
            "simulator", [sys.executable, "-m", "simulator", "run", str(scenario)]
        )
        ready: list[dict[str, Any]] = self.simulator.next_line(_READY_S)["ready"]["sites"]
        return ready

    def register(self, ready: list[dict[str, Any]], timeline: Timeline) -> None:
        """Fill the operator's register, and give each gateway its signed configuration."""
        buses = {}
        for entry in ready:
            bus = dict(entry["bus"])
            if bus["kind"] == "rtu":
                files.connect_bus(self.folders[entry["name"]], bus.pop("path"))
            buses[entry["name"]] = bus
        path = self.directory / "register.toml"
        files.write_register(path, self.sites, self._enrolments, buses, timeline)
        esep("registry", "import", self.evidence, path)
        for gateway, site_name in self.gateways.items():
            out = self.folders[site_name].settings / "configuration.cose"
            esep("registry", "configure", self.evidence, gateway, "--out", out)

    def start_broker(self) -> None:
        command = [sys.executable, "-m", "simulator.broker", "--port", str(self.port)]
        self.broker = self._start("broker", command)
        self.broker.next_line(_READY_S)

    def start_collector(self, http: str | None, *options: str | Path) -> None:
        """`options` are further ones of `esep collector run`."""
        command = [sys.executable, "-m", "esep", "collector", "run", str(self.evidence)]
        command += ["--broker", f"127.0.0.1:{self.port}"]
        command += ["--http", http] if http else []
        command += map(str, options)
        self.collector = self._start("collector", command)
        while self.collector.next_line(_READY_S).get("event") != "collector.started":
            pass

    def start_gateways(self) -> None:
        for site in self.sites:
            self.start_gateway(site.name)

    def start_gateway(self, site: str) -> None:
        self.gateway_programs[site] = self._start(
            f"gateway-{site}",
            micropython.command(self._firmware, "start"),
            {"ESEP_BOARD": str(self.folders[site].board)},
        )

    def stop_gateways(self) -> None:
        """Ask the gateways to hand over what they hold, and to end."""
        for site in self.gateway_programs:
            self.folders[site].stop.touch()
        for site, program in self.gateway_programs.items():
            program.wait(_HAND_OVER_S)
            self._running.remove(program)
            self.folders[site].stop.unlink()
        self.gateway_programs.clear()

    def kill(self, program: Program) -> None:
        """SIGKILL a program of this world."""
        program.kill()
        self._running.remove(program)

    def check_running(self) -> None:
        """Raise ProgramError when a program has ended by itself; a gateway may want a new start."""
        for site, program in list(self.gateway_programs.items()):
            if program.exit_code == micropython.RESTART:
                self._running.remove(program)
                self.start_gateway(site)
        for program in self._running:
            if not program.is_running:
                raise ProgramError(f"{program.name} ended by itself; see {self.logs}")

    def close(self) -> None:
        for program in reversed(self._running):
            program.stop(timeout_s=10)
        self._running.clear()

    def _start(
        self, name: str, command: list[str], environment: dict[str, str] | None = None
    ) -> Program:
        program = Program(name, command, self.logs / f"{name}.log", environment)
        self._running.append(program)
        return program
