"""The committed vectors are what their generator writes, and can be told apart by name."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.json"))


def test_the_files_are_what_the_generator_writes() -> None:
    check = [sys.executable, str(HERE / "make.py"), "--check"]
    run = subprocess.run(check, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_names_are_unique(path: Path) -> None:
    document = json.loads(path.read_text("utf-8"))
    entries = document["keys"] if path.name == "keys.json" else document["vectors"]
    names = [entry["name"] for entry in entries]
    assert len(names) == len(set(names))
