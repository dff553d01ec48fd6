"""The application's image: what goes onto a board, and runs on the unix port as it is."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator import micropython
from technician import bundle
from technician.bundle import FIRMWARE, BundleError, write_bundle
from technician.cli import app


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("bundle") / "firmware.romfs"
    write_bundle(file)
    return file


def test_every_module_is_in_it_but_what_starts_it(tmp_path: Path) -> None:
    sources = {path.relative_to(FIRMWARE) for path in FIRMWARE.rglob("*.py")}
    in_it = {source for source in sources if source.parts[0] != "entry"}
    sizes = write_bundle(tmp_path / "new")
    assert set(sizes) == {source.with_suffix(".mpy").as_posix() for source in in_it}
    assert len(sources - in_it) == 3


def test_it_runs_in_micropython_and_offers_its_key(image: Path, tmp_path: Path) -> None:
    board = tmp_path / "board.json"
    board.write_text(json.dumps({"dir": str(tmp_path), "flash": "none", "flash_blocks": 8}))
    done = subprocess.run(
        micropython.command(image, "enrol"),
        env={**os.environ, "ESEP_BOARD": str(board)},
        capture_output=True,
        text=True,
        check=True,
    )
    offer = json.loads(done.stdout)
    assert len(offer["gateway"]) == 16
    assert b"identity.key" in (tmp_path / "settings.bin").read_bytes()


def test_a_module_that_does_not_compile_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = tmp_path / "firmware"
    firmware.mkdir()
    (firmware / "broken.py").write_text("def")
    monkeypatch.setattr(bundle, "FIRMWARE", firmware)
    with pytest.raises(BundleError, match=r"broken\.py"):
        write_bundle(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_command_prints_sizes_and_does_not_write_over_anything(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bundle", "--json", str(tmp_path / "new")])
    assert done.exit_code == 0
    sizes = json.loads(done.stdout)
    assert sum(sizes.values()) < (tmp_path / "new").stat().st_size
    again = CliRunner().invoke(app, ["bundle", str(tmp_path / "new")])
    assert again.exit_code == 2
