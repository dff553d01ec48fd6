"""A gateway that is ready to be commissioned: an office, a board at a pty, a simulated site."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pty_board import PtyBoard
from typer.testing import CliRunner, Result

from esep.main import command
from simulator import micropython
from simulator.scenario import Scenario
from simulator.site import Site
from technician.cli import app

SERIAL, STAGE_SERIAL = "26010001", "26010002"
LOAD_W = 200_000
_FRAME = b"application/vnd.esep.frame"
PASSPHRASE = "cold fingers"  # noqa: S105 - of a key that lives as long as the test
REGISTER = """
[market]
label = "test"
period_s = 3600
interval_s = 900

[[licensee]]
bin = "100240000017"
name = "A"
"""
PLAN = """
[[site]]
name = "site-a"
licensee = "100240000017"
zone = "north"
gateway = "@gateway"
auxiliary_w = 20000

[[site.stages]]
id = 1
name = "hall 1"
output = 1
min_off_ms = 1000
min_on_ms = 1000
confirm_ms = 1000
inputs = {{ selector = 11, lock_out = 12 }}

[[gateway]]
enrolment = "@enrolment"
site = "site-a"
buses = [{{ kind = "tcp", host = "127.0.0.1", port = {port} }}]
timing = {{ interval_ms = 900000, sample_ms = 500, frame_ms = 1000 }}

[[meter]]
serial = "26010001"
site = "site-a"
gateway = "@gateway"
slot = 0
profile = "eastron-sdm630"
bus = 0
unit = 1
ct = [400, 5]
vt = [1, 1]
point = "delivery"
accuracy_class = "1"

[[meter]]
serial = "26010002"
site = "site-a"
gateway = "@gateway"
slot = 1
profile = "eastron-sdm630"
bus = 0
unit = 2
ct = [400, 5]
vt = [1, 1]
point = 1
accuracy_class = "1"
"""
PAPERS = {
    f"{name}/{serial}": text
    for serial in (SERIAL, STAGE_SERIAL)
    for name, text in (
        ("number", serial), ("class", "1"), ("verified", "2099-05-31"),
        ("ct-verified", "2099-05-31"), ("seals", "A-17, A-18"),
    )
}  # fmt: skip


@contextmanager
def running_site(folder: Path) -> Iterator[tuple[int, Site]]:
    """Meters and a contactor; gives the port of their bus, and what is there."""
    scenario = Scenario.model_validate(
        {
            "sites": [
                {
                    "name": "site-a",
                    "bus": {"kind": "tcp"},
                    "meters": [
                        {"slot": 0, "serial": SERIAL, "profile": "eastron-sdm630",
                         "unit": 1, "ct": (400, 5), "point": "feeder"},
                        {"slot": 1, "serial": STAGE_SERIAL, "profile": "eastron-sdm630",
                         "unit": 2, "ct": (400, 5), "point": 1},
                    ],
                    "stages": [
                        {"id": 1, "rated_w": LOAD_W, "ramp_s": 0.1, "closed": True,
                         "output": str(folder / "output"), "contact": str(folder / "contact")},
                    ],
                    "auxiliary_w": 20_000,
                }
            ]
        }
    )  # fmt: skip
    (folder / "output").write_text("1")
    started: list[Any] = []
    ended = threading.Event()

    async def run() -> None:
        site = Site(scenario.sites[0], scenario, time.monotonic)
        said = await site.start()
        site.plant.energise(time.monotonic())
        started.append((said["bus"]["port"], site))
        while not ended.is_set():
            site.tick()
            await asyncio.sleep(0.02)
        await site.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    while not started:
        time.sleep(0.01)
    yield started[0]
    ended.set()
    thread.join()


@dataclass(frozen=True)
class Ready:
    """What a technician stands before, and what he has with him."""

    folder: Path
    directory: Path
    board: PtyBoard
    order: Path
    gateway: str
    site: Site

    @property
    def root(self) -> Path:
        return self.directory / "root.pub"

    def device(self, *words: object, said: str | None = None) -> Result:
        return CliRunner().invoke(app, list(map(str, words)), input=said)

    def commission(self, *words: object, said: str | None = None) -> Result:
        return self.device("commission", *words, "--json", said=said)

    def begin(self, case: Path, procedure: Path) -> None:
        words = ["--order", self.order, "--root", self.root, "--procedure", procedure]
        done = self.commission("begin", case, *words)
        assert done.exit_code == 0, done.output

    def step(self, case: Path, name: str, **answers: str) -> Result:
        words = [each for key, text in answers.items() for each in ("--answer", f"{key}={text}")]
        return self.commission("step", case, name, *words, "--port", self.board.port)

    def run_until_frames(self, count: int) -> None:
        """The application runs, until so many frames more are in its flash."""
        flash = self.board.folder / "flash.bin"
        before = flash.read_bytes().count(_FRAME)
        with _running(self.board, self.folder / "firmware.romfs"):
            until = time.monotonic() + 60
            while flash.read_bytes().count(_FRAME) < before + count:
                assert time.monotonic() < until, (self.board.folder / "start.log").read_text()
                time.sleep(0.1)

    def displays(self) -> dict[str, str]:
        """What he sees: whole kWh."""
        return {
            f"shown/{meter.serial}": f"{int(meter.register_wh) // 1000} kWh"
            for meter in self.site.meters
        }

    def technician(self, name: str) -> tuple[Path, Path]:
        """Key, certificate."""
        key = self.folder / f"{name.replace(' ', '-')}.pem"
        certificate = key.with_suffix(".certificate")
        made = self.device("technician-key", key, said=PASSPHRASE + "\n")
        assert made.exit_code == 0, made.output
        root = self.directory / "root.pem"
        words = [root, key.with_suffix(".pub"), name, certificate]
        vouched = self.device("technician-certificate", *words)
        assert vouched.exit_code == 0, vouched.output
        return key, certificate

    def sign(self, case: Path, signer: tuple[Path, Path]) -> Result:
        words = ["--key", signer[0], "--certificate", signer[1], "--port", self.board.port]
        return self.commission("sign", case, *words, said=PASSPHRASE + "\n")


def office(folder: Path) -> Path:
    made = folder / "collector"
    run("collector", "init", made)
    run("collector", "ca", "init", made)
    (folder / "register.toml").write_text(REGISTER)
    run("registry", "import", made, folder / "register.toml")
    return made


def run(trade: str, *words: object) -> Result:
    done = CliRunner().invoke(command(trade), [trade, *map(str, words)])
    assert done.exit_code == 0, done.output
    return done


@contextmanager
def ready(folder: Path, image: Path) -> Iterator[Ready]:
    """Enrolled, installed, and started once."""
    directory = office(folder)
    place = folder / "board"
    place.mkdir()
    for name, state in (("selector", "1"), ("lock", "0")):
        (place / name).write_text(state)
    with running_site(place) as (port, there):
        board = PtyBoard(place, image)
        described = json.loads(board.board.read_text())
        described["contacts"] = {
            "1": str(place / "contact"), "11": str(place / "selector"), "12": str(place / "lock"),
        }  # fmt: skip
        board.board.write_text(json.dumps(described))
        try:
            made = Ready(folder, directory, board, folder / "order.cose", "", there)
            (folder / "plan.toml").write_text(PLAN.format(port=port))
            run(
                "registry", "work-order", directory, folder / "plan.toml",
                "--board", "esp32-4mb-ethernet", "--broker", "127.0.0.1:1",
                "--hostname", "broker.example", "--out", made.order,
            )  # fmt: skip
            yield replace(made, gateway=_installed(made, image))
        finally:
            board.close()


def _installed(made: Ready, image: Path) -> str:
    where = ["--order", made.order, "--root", made.root, "--port", made.board.port]
    out, reply = made.folder / "enrolment.json", made.folder / "reply.json"
    done = made.device("enrol", *where, "--out", out, "--json")
    assert done.exit_code == 0, done.output
    run("registry", "enrol", made.directory, out, "--out", reply)
    laid = made.device("install", reply, *where, "--json")
    assert laid.exit_code == 0, laid.output
    _first_start(made.board, image, bytes.fromhex(json.loads(reply.read_text())["configuration"]))
    return str(json.loads(done.stdout)["gateway"])


def _first_start(board: PtyBoard, image: Path, configuration: bytes) -> None:
    """Until its first frame, and the configuration in force, are in flash."""
    flash = board.folder / "flash.bin"
    digest = hashlib.sha256(configuration).digest()
    with _running(board, image) as process:
        until = time.monotonic() + 60
        while not flash.exists() or flash.read_bytes().count(digest) < 2:
            assert process.poll() is None, (board.folder / "start.log").read_text()
            assert time.monotonic() < until
            time.sleep(0.1)


@contextmanager
def _running(board: PtyBoard, image: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with (board.folder / "start.log").open("wb") as log:
        process = subprocess.Popen(
            micropython.command(image, "start"),
            env={**os.environ, "ESEP_BOARD": str(board.board)},
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def auditor(act: Path, root: Path) -> tuple[int, str]:
    words = [sys.executable, "-m", "auditor", "act", str(act), "--root", str(root)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout
