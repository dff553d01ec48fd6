"""`esep demo` as a person runs it: to its report, or until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from installation.moments import random_moments

PATIENCE_S = 150
_MARK = "ESEP_TEST_MARK"
REPORT = {
    "market",
    "run",
    "frames",
    "energy",
    "series",
    "periods",
    "orders",
    "checks",
    "micropython",
    "chains",
}


class Demo:
    """A running demo; `left` are the processes that bear its mark, however far they have gone."""

    def __init__(self, directory: Path, *options: str) -> None:
        self._mark = f"{_MARK}={uuid.uuid4()}".encode()
        name, _, value = self._mark.decode().partition("=")
        command = [sys.executable, "-m", "esep", "demo", "--headless", *options]
        self.process = subprocess.Popen(
            [*command, "--data", str(directory)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, name: value},
            start_new_session=True,  # a terminal of its own, as it were
        )

    def left(self) -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it has just ended
        return found

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE_S)


@pytest.fixture(scope="module", autouse=True)
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Path]]:
    """Started before the first test of this module, and awaited by its last."""
    folder = tmp_path_factory.mktemp("demo")
    report = folder / "report.json"
    demo = Demo(folder / "data", "--for", "45", "--report", str(report))
    yield demo, report
    demo.close()


@pytest.fixture
def moments() -> Random:
    """Of the moment at which the demo is ended."""
    return random_moments()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("number", "longest_s"), [(signal.SIGINT, 4), (signal.SIGTERM, 12), (signal.SIGINT, 20)]
)
def test_ended_at_any_moment_it_leaves_no_process(
    tmp_path: Path, moments: Random, number: signal.Signals, longest_s: int
) -> None:
    demo = Demo(tmp_path / "data", "--for", "0", "--sites", "2")
    try:
        assert demo.process.stdout is not None
        assert "DEMO MARKET" in demo.process.stdout.readline()
        time.sleep(moments.uniform(0, longest_s))
        if number is signal.SIGINT:
            os.killpg(demo.process.pid, number)  # Ctrl-C goes to all of the foreground
        else:
            demo.process.send_signal(number)
        told, _ = demo.process.communicate(timeout=PATIENCE_S)
        assert demo.process.returncode == 130, told
        assert "every program of the demo is ended" in told
        assert "Traceback" not in told
        assert demo.left() == []
    finally:
        demo.close()


def test_whole_run_ends_with_its_report(whole_run: tuple[Demo, Path]) -> None:
    demo, path = whole_run
    told, _ = demo.process.communicate(timeout=PATIENCE_S)
    assert demo.process.returncode == 0, told
    assert "THE EVIDENCE HOLDS" in told
    report: dict[str, Any] = json.loads(path.read_text())
    assert report.keys() == REPORT
    assert report["run"]["sites"] == len(report["micropython"]) == 3
    frames = report["frames"]
    assert frames["verified"] == frames["published"] > 100
    assert (frames["gaps"], frames["duplicates"], frames["rejected"]) == (0, 0, 0)
    assert frames["pending_on_gateways"] == 0
    assert len(report["energy"]) == 10
    assert {period["result"] for period in report["periods"]} >= {"within", "breach"}
    order = next(each for each in report["orders"] if each["reason"] == "over_allocation")
    assert order["ordered_at"] < order["received_at"] <= order["applied_at"]
    if sys.platform == "linux":
        assert demo.left() == []
