"""The application bundle: what goes onto a board, and runs on the unix port as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from technician import bundle
from technician.bundle import FIRMWARE, BundleError, write_bundle
from technician.cli import app


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("bundle") / "application"
    write_bundle(directory)
    return directory


def test_every_module_is_in_it_compiled_but_what_is_started_by_name(out: Path) -> None:
    sources = {path.relative_to(FIRMWARE).with_suffix("") for path in FIRMWARE.rglob("*.py")}
    compiled = {path.relative_to(out).with_suffix("") for path in out.rglob("*.mpy")}
    plain = {path.relative_to(out).with_suffix("") for path in out.rglob("*.py")}
    assert plain == {Path("main"), Path("enrol")}
    assert compiled | plain == sources
    assert not compiled & plain


def test_it_runs_in_micropython_and_offers_its_key(out: Path, tmp_path: Path) -> None:
    board = tmp_path / "board.json"
    board.write_text(json.dumps({"dir": str(tmp_path), "flash": "none", "flash_blocks": 8}))
    interpreter = Path(sys.executable).parent / "micropython"
    done = subprocess.run(
        [interpreter, out / "enrol.py"],
        env={**os.environ, "ESEP_BOARD": str(board)},
        capture_output=True,
        text=True,
        check=True,
    )
    offer = json.loads(done.stdout)
    assert len(offer["gateway"]) == 16
    assert (tmp_path / "identity.key").exists()


def test_a_module_that_does_not_compile_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = tmp_path / "firmware"
    firmware.mkdir()
    (firmware / "main.py").write_text("")
    (firmware / "broken.py").write_text("def")
    monkeypatch.setattr(bundle, "FIRMWARE", firmware)
    with pytest.raises(BundleError, match=r"broken\.py"):
        write_bundle(tmp_path / "out")


def test_the_command_prints_sizes_and_does_not_write_over_anything(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bundle", "--json", str(tmp_path / "new")])
    assert done.exit_code == 0
    sizes = json.loads(done.stdout)
    assert sizes["gateway/app.mpy"] == (tmp_path / "new/gateway/app.mpy").stat().st_size
    again = CliRunner().invoke(app, ["bundle", str(tmp_path / "new")])
    assert again.exit_code == 2
