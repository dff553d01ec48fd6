"""`esep collector intake` ends in order, and its judges with it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from collector_world import World

from collector.registry.keyring import create_keyring

PATIENCE_S = 60


def await_that(condition: object) -> None:
    until = time.monotonic() + PATIENCE_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes under /proc")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_judges_end_with_the_process_that_asks_them(
    world: World, tmp_path: Path, end: signal.Signals
) -> None:
    create_keyring(tmp_path, tmp_path / "root.pem")
    command = [sys.executable, "-m", "esep", "collector", "intake", str(tmp_path)]
    options = ["--broker", "127.0.0.1:1", "--judges", "2"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "intake.started" not in process.stdout.readline():
            pass
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()]
        assert len(pids) >= 2
        os.kill(process.pid, end)
        process.stdout.read()
        assert process.wait(PATIENCE_S) == (0 if end is not signal.SIGKILL else -signal.SIGKILL)
    await_that(lambda: not any(is_there(pid) for pid in pids))
