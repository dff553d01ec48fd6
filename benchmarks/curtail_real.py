"""Real gateways of `esep bench curtail`: the firmware in MicroPython, at simulated sites.

Their meters answer by Modbus TCP, their relays are files, as in the demo.
"""

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.collector_process import System
from simulator import micropython
from simulator.demo.files import SiteFolder
from simulator.demo.programs import Program, enrol
from simulator.gateways.meters import CT, PROFILE
from simulator.link import End

AUXILIARY_W = 20_000
_STAGE = 1
_FLASH_BLOCKS = 160
_PATIENCE_S = 30


@dataclass(frozen=True)
class RealSite:
    """As the register is to have it: `bus` is that of its simulated meters."""

    name: str
    zone: str
    gateway: str
    enrolment: str
    bus: dict[str, Any]

    def serial(self, slot: int) -> str:
        return _serial(self.name, slot)


def _serial(name: str, slot: int) -> str:
    """The instrument keeps it as a number, and the gateway reads it."""
    return str(10_000 + 10 * int(name.rpartition("-")[2]) + slot)


class RealGateways:
    """At one end of the line. `sites` are for the register, before `start`."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        end: End,
        verb: Callable[..., str],
        *,
        number: int,
        rated_w: int,
    ) -> None:
        self._stack, self._end = stack, end
        self._image, self._logs = folder / "firmware.romfs", folder / "logs"
        self._logs.mkdir(parents=True)
        verb("device", "bundle", self._image)
        self._folders = {f"real-{n:04}": SiteFolder(folder / f"real-{n:04}") for n in range(number)}
        said = {}
        for name, site in self._folders.items():
            _write_board(name, site)
            said[name] = enrol(self._image, site.board)
        scenario = folder / "scenario.json"
        scenario.write_text(json.dumps({"seed": 1, "sites": self._plants(rated_w)}))
        self._plant = self._run("plant", [sys.executable, "-m", "simulator", "run", str(scenario)])
        ready = self._plant.next_line(_PATIENCE_S)["ready"]["sites"]
        buses = {each["name"]: each["bus"] for each in ready}
        self.sites: Sequence[RealSite] = [
            RealSite(name, "real", its["gateway"], its["enrolment"], buses[name])
            for name, its in said.items()
        ]

    def start(self, system: System) -> None:
        """With the operator's root, a configuration each, and the way to the broker."""
        self._plant.ask({"cmd": "energise"})
        authority = system.authority
        assert authority is not None
        root = (system.directory / "root.pub").read_bytes()
        for site in self.sites:
            settings = self._folders[site.name].settings
            issued = authority.issue(site.gateway)
            (settings / "root.pub").write_bytes(root)
            configured = system.directory.parent / "configurations" / f"{site.gateway}.cose"
            (settings / "configuration.cose").write_bytes(configured.read_bytes())
            (settings / "ca.der").write_bytes(authority.certificate(Encoding.DER))
            (settings / "client.der").write_bytes(issued.certificate(Encoding.DER))
            (settings / "client-key.der").write_bytes(issued.key(Encoding.DER))
            tls = {"ca": "ca.der", "cert": "client.der", "key": "client-key.der"}
            network = {"host": system.place.host, "port": system.port, "keepalive_s": 60}
            hostname = {"hostname": system.place.host}
            (settings / "network.json").write_text(json.dumps(network | {"tls": tls | hostname}))
            self._run(
                site.name,
                micropython.command(self._image, "start"),
                {"ESEP_BOARD": str(self._folders[site.name].board)},
            )

    def _run(
        self, name: str, command: list[str], environment: dict[str, str] | None = None
    ) -> Program:
        log = self._logs / f"{name}.log"
        program = Program(name, [*self._end.inside, *command], log, environment)
        self._stack.callback(program.kill)
        return program

    def _plants(self, rated_w: int) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "bus": {"kind": "tcp"},
                "auxiliary_w": AUXILIARY_W,
                "meters": [
                    {
                        "slot": slot,
                        "serial": _serial(name, slot),
                        "profile": PROFILE,
                        "unit": slot + 1,
                        "point": slot or "feeder",
                        "ct": CT,
                    }
                    for slot in (0, _STAGE)
                ],
                "stages": [
                    {
                        "id": _STAGE,
                        "rated_w": rated_w,
                        "ramp_s": 1,
                        "output": str(folder.output(_STAGE)),
                        "contact": str(folder.contact(_STAGE)),
                    }
                ],
            }
            for name, folder in self._folders.items()
        ]


def _write_board(name: str, folder: SiteFolder) -> None:
    folder.settings.mkdir(parents=True)
    board = {
        "name": name,
        "dir": str(folder.settings),
        "flash": str(folder.path / "flash.bin"),
        "flash_blocks": _FLASH_BLOCKS,
        "stop": str(folder.stop),
        "uarts": {},
        "outputs": {str(_STAGE): str(folder.output(_STAGE))},
        "contacts": {str(_STAGE): str(folder.contact(_STAGE))},
    }
    folder.board.write_text(json.dumps(board))
    folder.output(_STAGE).write_text("1")  # the site stands closed
