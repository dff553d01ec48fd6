"""A data directory has one running collector."""

import subprocess
import sys
from pathlib import Path

import pytest

from collector.storage import lock


def test_a_second_collector_is_told_of_the_first(tmp_path: Path) -> None:
    held = lock.take(tmp_path)
    with pytest.raises(lock.InUseError, match="stop it first"):
        lock.take(tmp_path)
    held.close()
    lock.take(tmp_path).close()


def test_a_collector_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time; from collector.storage import lock;"
        "held = lock.take(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(lock.InUseError):
            lock.take(tmp_path)
        process.kill()
    lock.take(tmp_path).close()
