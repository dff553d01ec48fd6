"""An environment of their own for the judges that others wrote, made on first use."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

JUDGES = Path(__file__).parent / "judges"
ENVIRONMENT = Path(__file__).parents[2] / ".cache" / "interop-venv"

Judge = Callable[..., Any]


def made_environment() -> Path:
    """The environment's Python. Made anew when the requirements or the interpreter changed."""
    requirements = JUDGES / "requirements.txt"
    python = ENVIRONMENT / "bin" / "python"
    made_for = ENVIRONMENT / "made-for.txt"
    wanted = f"{sys.version}\n{requirements.read_text()}"
    if not made_for.exists() or made_for.read_text() != wanted:
        venv.create(ENVIRONMENT, clear=True, with_pip=True)
        install: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "-r", requirements]
        subprocess.run(install, check=True, capture_output=True, text=True)
        made_for.write_text(wanted)
    return python


@pytest.fixture(scope="session")
def judge() -> Judge:
    """Runs a script of judges/ with arguments; gives what it prints as JSON."""
    try:
        python = made_environment()
    except subprocess.CalledProcessError as error:
        reason = f"{ENVIRONMENT} cannot be made: {error.stderr}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    def run(script: str, *arguments: Path) -> Any:
        command: list[str | Path] = [python, JUDGES / script, *arguments]
        return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

    return run
