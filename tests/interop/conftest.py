"""An environment of their own for the judges that others wrote, made on first use."""

import fcntl
import json
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from absent import absent

JUDGES = Path(__file__).parent / "judges"
ENVIRONMENT = Path(__file__).parents[2] / ".cache" / "interop-venv"

Judge = Callable[..., Any]


def made_environment() -> Path:
    """The environment's Python. Made anew when the requirements or the interpreter changed."""
    requirements = JUDGES / "requirements.txt"
    python = ENVIRONMENT / "bin" / "python"
    made_for = ENVIRONMENT / "made-for.txt"
    wanted = f"{sys.version}\n{requirements.read_text()}"
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    with ENVIRONMENT.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # of several processes that test, one makes it
        _make(python, requirements, made_for, wanted)
    return python


def _make(python: Path, requirements: Path, made_for: Path, wanted: str) -> None:
    if not made_for.exists() or made_for.read_text() != wanted:
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "-r", requirements]
        subprocess.run(install, check=True, capture_output=True, text=True)
        made_for.write_text(wanted)


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Runs a script of judges/ with arguments; gives what it prints as JSON."""
    try:
        python = made_environment()
    except subprocess.CalledProcessError as error:
        absent(f"{ENVIRONMENT} cannot be made: {error.stderr}")

    def run(script: str, *arguments: Path) -> Any:
        command: list[str | Path] = [python, JUDGES / script, *arguments]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    return run
