"""The units are what systemd understands, and leave the service as little as it needs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from absent import absent
from evidence_world import REPOSITORY

UNITS = REPOSITORY / "collector" / "deploy" / "systemd"
MOST_EXPOSURE = 1.5
"""Of 10: what remains is the network, which it is for."""


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        absent("systemd-analyze is not installed; as root on Debian: sh tests/parts.sh")
    command = [tool, "--no-pager", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(params=["esep-collector.service", "esep-work@.service"])
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """With a program that is there, since the tool looks for it."""
    name: str = request.param
    copy = tmp_path / name.replace("@.", "@1.")
    copy.write_text((UNITS / name).read_text().replace("/opt/esep/bin/esep", sys.executable))
    return copy


def test_systemd_understands_it(unit: Path) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_it_has_the_least_privilege(unit: Path) -> None:
    said = analyze("security", "--offline=yes", unit).stdout
    overall = said.splitlines()[-1]
    exposure = float(re.findall(r": (\d+\.\d+)", overall)[0])
    assert exposure <= MOST_EXPOSURE, said


def test_what_it_reads_from_its_environment_is_in_the_example(unit: Path) -> None:
    named = set(re.findall(r"\$\{(ESEP_\w+)\}", unit.read_text()))
    given = set(re.findall(r"^(ESEP_\w+)=", (UNITS / "collector.env").read_text(), re.MULTILINE))
    assert named
    assert named <= given
