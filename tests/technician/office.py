"""The operator's side of a provisioning: a collector's directory, and work orders out of it."""

import itertools
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pty_board import PtyBoard
from typer.testing import CliRunner, Result

from esep.main import command
from simulator import micropython

PLAN = Path(__file__).parents[2] / "docs" / "examples" / "plan.toml"
NUMBERS = itertools.count(26_010_001)
REGISTER = """
[market]
label = "test"
period_s = 3600
interval_s = 900

[[licensee]]
bin = "100240000017"
name = "A"
"""


@dataclass(frozen=True)
class Office:
    """The collector's directory, and what the technician was given of it."""

    directory: Path
    order: Path

    @property
    def root(self) -> Path:
        return self.directory / "root.pub"

    def registry(self, *arguments: object) -> Result:
        return registry(self.directory, *arguments)


def registry(directory: Path, verb: object, *arguments: object) -> Result:
    words = ["registry", str(verb), str(directory), *map(str, arguments)]
    return CliRunner().invoke(command("registry"), words)


def signed(office: Office, plan: Path, board: str) -> None:
    done = office.registry(
        "work-order", plan, "--board", board, "--broker", "127.0.0.1:8883",
        "--hostname", "broker.example", "--out", office.order,
    )  # fmt: skip
    assert done.exit_code == 0, done.output


def first_start(board: PtyBoard, image: Path) -> None:
    """The application takes what was laid down, which proves that it believes all of it."""
    process = subprocess.Popen(
        micropython.command(image, "start"), env={**os.environ, "ESEP_BOARD": str(board.board)}
    )
    try:
        until = time.monotonic() + 60
        while any(
            (board.folder / name).exists() for name in ("configuration.cose", "network.json")
        ):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
