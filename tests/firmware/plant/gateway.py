"""The firmware in the real MicroPython, on a board made of files."""

import atexit
import json
import shutil
import signal
import struct
import subprocess
import tempfile
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2

from plant.authority import Authority, Body
from plant.collector import PATIENCE_S, Site, now_ms
from simulator import micropython
from technician.bundle import write_bundle

KIND = "configuration"


@cache
def firmware() -> Path:
    """The application as it goes onto a board."""
    folder = Path(tempfile.mkdtemp(prefix="esep-bundle-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_bundle(folder / "firmware.romfs")
    return folder / "firmware.romfs"


def meter(slot: int, bus: int, unit: int, quantities: list[list[int]]) -> Body:
    """`quantities` are as a configuration has them; each is asked for by itself in an interval."""
    first = min(quantity[0] for quantity in quantities)
    end = max(quantity[0] + quantity[1] for quantity in quantities)
    return {
        0: slot,
        1: f"SN-{slot}",
        2: "test-meter",
        3: bytes(32),
        4: bus,
        5: unit,
        6: [1, 1],
        7: [1, 1],
        8: 3,
        9: [1000, 5, 1, None],  # on a busy machine an answer takes its time
        10: 0,
        11: [[first, end - first]],
        12: quantities,
        13: [quantity[:2] for quantity in quantities if len(quantity) == 4],
        14: [],
    }


def stage(stage_id: int, min_off_ms: int = 0, confirm_ms: int = 2000) -> Body:
    return {0: stage_id, 1: stage_id, 2: min_off_ms, 3: 0, 4: confirm_ms}


class Gateway:
    """Made and provisioned, not yet started."""

    def __init__(self, directory: Path, flash_blocks: int = 64, slot_blocks: int = 0) -> None:
        self.directory = directory
        self.board: dict[str, Any] = {
            "dir": str(directory),
            "flash": str(directory / "flash.bin"),
            "flash_blocks": flash_blocks,
            "uarts": {},
            "outputs": {},
            "contacts": {},
            "name": "test",
            "stop": str(directory / "stop"),
        }
        if slot_blocks:
            self.board |= {"slots": str(directory / "slots.bin"), "slot_blocks": slot_blocks}
        self.process: subprocess.Popen[bytes] | None = None
        self._write_board()
        enrolled = subprocess.run(
            self._command("enrol"),
            env=self._env,
            check=True,
            stdout=subprocess.PIPE,
        )
        answer = json.loads(enrolled.stdout)
        self.id = bytes.fromhex(answer["gateway"])
        self.enrolment = bytes.fromhex(answer["enrolment"])

    @property
    def _env(self) -> dict[str, str]:
        return {"ESEP_BOARD": str(self.directory / "board.json")}

    def _command(self, module: str, *args: str) -> list[str]:
        return micropython.command(firmware(), module, *args)

    def _write_board(self) -> None:
        (self.directory / "board.json").write_text(json.dumps(self.board))

    def provision(
        self,
        authority: Authority,
        broker_port: int,
        *,
        buses: list[list[Any]],
        meters: list[Body],
        stages: list[Body],
        periods_ms: tuple[int, int, int] = (1000, 500, 1000),
        uarts: dict[str, str] | None = None,
        network: dict[str, Any] | None = None,
    ) -> Site:
        """Write what a technician would. Stages begin closed, and a reset is what it starts from:
        after a loss of supply of which nobody knows how long it was, they would start open.
        """
        (self.directory / "reset").write_text("software")
        for item in stages:
            is_pulsed = 5 in item and item[5][0] == 1
            self._wire("outputs", item[1], "0" if is_pulsed else "1")
            self._wire("contacts", item[1], "1")
            for part in (6, 7):
                if part in item:
                    self._wire("outputs", item[part][0], "1")
            if 9 in item:
                self._wire("outputs", item[9], "0")
            for place, number in enumerate(item.get(8, ())):
                if number is not None:
                    self._wire("contacts", number, "1" if place == 0 else "0")  # in REMOTE
        self.board["uarts"] = uarts or {}
        self._write_board()
        (self.directory / "root.pub").write_bytes(authority.root.public)
        settings = {"host": "127.0.0.1", "port": broker_port, "keepalive_s": 4, "tls": None}
        (self.directory / "network.json").write_text(json.dumps({**settings, **(network or {})}))
        self._parts: Body = {6: list(periods_ms), 7: buses, 8: meters, 9: stages}
        self.configure(authority, 1)
        enrolment = cbor2.loads(cbor2.loads(self.enrolment).value[2])
        return Site(authority, self.id, enrolment[1])

    def _wire(self, kind: str, number: int, state: str) -> None:
        path = self.directory / f"{kind}{number}"
        path.write_text(state)
        self.board[kind][str(number)] = str(path)

    def add_contact(self, number: int, closed: bool) -> None:
        """An input that is no stage's."""
        self._wire("contacts", number, "1" if closed else "0")
        self._write_board()

    def count(self, slot: int, measure: list[int]) -> None:
        """What a meter measures of what is limited, from the next `configure` on."""
        next(meter for meter in self._parts[8] if meter[0] == slot)[15] = measure

    def configure(self, authority: Authority, version: int) -> None:
        configuration = self.configuration(authority, version)
        self.configuration_hash = sha256(configuration).digest()
        (self.directory / "configuration.cose").write_bytes(configuration)

    def configuration(
        self, authority: Authority, version: int, changes: Body | None = None, role: str = KIND
    ) -> bytes:
        """As provisioned, but for `changes`; signed, not yet anywhere."""
        head: Body = {0: 1, 1: self.id, 2: version, 3: now_ms(), 4: "site", 5: "east"}
        return authority.issue(role, KIND, head | self._parts | (changes or {}))

    def setting(self, name: str) -> bytes | None:
        """What the board holds under this name, in the first of its two copies."""
        flash = (self.directory / "settings.bin").read_bytes()
        newest: tuple[int, bytes] | None = None
        for at in range(0, len(flash) // 3, 64):
            magic, name_bytes, _, size, serial = struct.unpack_from("<2sBBII", flash, at)
            body = at + 20
            if magic == b"ES" and flash[body : body + name_bytes] == name.encode():
                value = flash[body + name_bytes : body + name_bytes + size]
                newest = max(newest or (0, b""), (serial, value))
        return newest and newest[1]

    def set_clock(self, offset_ms: int, drift_ppm: int = 0) -> None:
        """How wrong the board's own clock is at the next start, and how fast it runs."""
        path = self.directory / "clock.json"
        path.write_text(json.dumps([offset_ms, drift_ppm]))
        self.board["clock"] = str(path)
        self._write_board()

    def clock_offset_ms(self) -> int:
        """How wrong the board's own clock was when it was last set."""
        offset_ms: int = json.loads(Path(self.board["clock"]).read_text())[0]
        return offset_ms

    def run(self, module: str, *args: str) -> subprocess.CompletedProcess[str]:
        """A program of the image to its end, while the gateway is stopped."""
        return subprocess.run(
            self._command(module, *args),
            env=self._env,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> None:
        Path(self.board["stop"]).unlink(missing_ok=True)
        self.log = (self.directory / "log.txt").open("ab")
        self.process = subprocess.Popen(
            self._command("start"),
            env=self._env,
            stderr=self.log,
            stdout=self.log,
        )

    def hand_over(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """What a technician runs while the gateway is stopped."""
        command = [*micropython.command(firmware(), "handover"), *arguments]
        return subprocess.run(command, env=self._env, check=False, capture_output=True)

    def plan(self, faults: list[dict[str, Any]] | None = None, **board: Any) -> None:
        """What the board of the next start breaks (firmware/board/faults.py), and what it has."""
        self.board["faults"] = faults or []
        self.board.update(board)
        self._write_board()

    def lose_supply(self) -> None:
        """Before the next start, which else follows a reset."""
        (self.directory / "reset").unlink()

    def ended(self) -> int:
        """Wait for the end of the process: what it ended with."""
        assert self.process
        return self.process.wait(timeout=PATIENCE_S)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def ask_to_stop(self) -> None:
        Path(self.board["stop"]).touch()

    def interrupt(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)

    def output(self, number: int) -> bool:
        return Path(self.board["outputs"][str(number)]).read_text() == "1"

    def set_contact(self, number: int, closed: bool) -> None:
        path = Path(self.board["contacts"][str(number)])
        new = path.with_suffix(".new")
        new.write_text("1" if closed else "0")
        new.replace(path)
