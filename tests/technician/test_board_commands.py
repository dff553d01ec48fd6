"""`esep device board`: the boards, their wiring, and what is wrong with a file."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from technician.boards import BOARDS, board_names
from technician.cli import app


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["board", *map(str, arguments)])


def test_the_list_names_each_and_whether_its_image_is_known() -> None:
    assert [entry["name"] for entry in json.loads(run("list", "--json").stdout)] == board_names()
    assert all("no base image named yet" in line for line in run("list").stdout.splitlines())


def test_a_boards_wiring_and_partitions_are_shown() -> None:
    shown = run("show", "esp32-4mb-ethernet").stdout
    assert "GPIO32  relay 1" in shown
    assert "GPIO17  network ref_clk" in shown
    assert "journal    0x2c0000   1280 KiB  journal" in shown
    assert run("show", "esp31").exit_code == 2


def test_every_fault_of_a_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "esp32-4mb-wifi.toml"
    text = (BOARDS / file.name).read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    assert run("check", file).exit_code == 0
    file.write_text(text.replace("scl = 22", "scl = 6").replace("de = 25", "de = 34"))
    done = run("check", file)
    assert done.exit_code == 1
    assert len(done.output.splitlines()) == 3  # 34 is an input's, and can only be one
