"""`esep device profile`: which instruments, their register sheets, what is wrong with a file."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from collector.model.decoding import Layout
from collector.model.profile_files import METERS, profile_names
from technician.cli import app
from technician.register_sheet import WIDTH, order

GOOD = METERS / "schneider-pm5560.toml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["profile", *map(str, arguments)])


def said_json(*arguments: str | Path) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def changed(directory: Path, before: str, after: str) -> Path:
    content = GOOD.read_text(encoding="utf-8")
    assert before in content
    path = directory / GOOD.name
    path.write_text(content.replace(before, after, 1), encoding="utf-8")
    return path


def test_the_list_names_every_instrument_on_a_line() -> None:
    done = run("list")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == profile_names()
    (line,) = [line for line in lines if line.startswith("schneider-pm5560")]
    assert "unconfirmed" in line
    assert "transformer" in line
    assert "3P3W" in line


def test_the_list_says_why_when_asked() -> None:
    reasons = {entry["name"]: entry.get("unconfirmed") for entry in said_json("list")}
    assert set(reasons) == set(profile_names())
    reason = reasons["schneider-pm5560"].split()
    assert " ".join(reason[:6]) in " ".join(run("list", "--why").stdout.split())
    assert " ".join(reason[:6]) not in " ".join(run("list").stdout.split())


@pytest.mark.parametrize("name", profile_names())
def test_a_sheet_holds_every_register_and_fits_the_page(name: str) -> None:
    done = run("sheet", name)
    assert done.exit_code == 0, done.stdout
    sheet = said_json("sheet", name)
    table = [line.split() for line in done.stdout.splitlines()]
    for entry in sheet["quantity"]:
        (row,) = [row for row in table if row[:2] == [entry["obis"] or "-", entry["name"]]]
        assert row[2] == str(entry["address"])
        assert row[3] == f"{entry['wire_address']:04X}h"
        assert row[4] == entry["type"]
    for entry in sheet["identity"]:
        assert any(row[:2] == [entry["name"], str(entry["address"])] for row in table)
    assert sheet["sha256"] == hashlib.sha256((METERS / f"{name}.toml").read_bytes()).hexdigest()
    assert sheet["sha256"] in done.stdout
    for source in sheet["source"]:
        assert source["url"] in done.stdout
    long = [line for line in done.stdout.splitlines() if len(line) > WIDTH and "://" not in line]
    assert long == []


def test_a_sheet_says_status_conflicts_and_requests(tmp_path: Path) -> None:
    conflict = """
[[conflict]]
about = "address of the import"
says = ["A: 0042h", "B: 003Eh"]
taken = "003Eh, which does not go back"

[instrument]"""
    path = changed(tmp_path, "\n[instrument]", conflict)
    text = run("sheet", path).stdout
    assert "status        unconfirmed" in text
    assert "conflict      address of the import: A: 0042h; B: 003Eh. Taken: 003Eh" in text
    sheet = said_json("sheet", path)
    asked = sheet["requests"]["interval"]["asked"]
    listed = " ".join(f"{address:04X}h+{count}" for address, count in asked)
    assert listed in text
    registers = sum(count for _, count in asked)
    request, transport = sheet["request"], sheet["transport"]
    bits = 1 + 8 + (transport["parity"] != "none") + transport["stop_bits"]
    characters = 13 * len(asked) + 2 * registers
    waits_ms = (request["gap_ms"] + request["turnaround_ms"]) * len(asked)
    expected_ms = waits_ms + characters * bits * 1000 / transport["baud"]
    assert sheet["requests"]["interval"]["line_ms"] == pytest.approx(expected_ms, abs=0.06)


@pytest.mark.parametrize(
    ("kind", "registers", "low_word", "low_byte", "expected"),
    [
        ("int32", 2, False, False, "ABCD"),
        ("int32", 2, True, False, "CDAB"),
        ("int32", 2, False, True, "BADC"),
        ("int32", 2, True, True, "DCBA"),
        ("int64", 4, True, False, "GHEFCDAB"),
        ("int16", 1, True, True, "BA"),
        ("ascii", 9, True, False, "ABCD…"),
    ],
)
def test_the_order_of_bytes_is_as_technicians_write_it(
    kind: str, registers: int, low_word: bool, low_byte: bool, expected: str
) -> None:
    assert order(Layout(kind, registers, low_word, low_byte)) == expected


def test_an_unknown_name_is_met_with_the_known_ones() -> None:
    done = run("sheet", "schneider-pm5650")
    assert done.exit_code == 2
    assert "did you mean schneider-pm5560?" in done.stderr
    assert all(name in done.stderr for name in profile_names())


def test_a_good_file_is_one_line_with_its_hash() -> None:
    done = run("check", GOOD)
    digest = hashlib.sha256(GOOD.read_bytes()).hexdigest()
    assert done.exit_code == 0
    (line,) = done.stdout.splitlines()
    assert line.startswith("schneider-pm5560.toml: good, unconfirmed, ")
    assert line.endswith(digest)
    good = {"ok": True, "sha256": digest, "faults": [], "unnoticed": []}
    assert said_json("check", GOOD) == good


@pytest.mark.parametrize(
    ("name", "unnoticed"),
    [
        ("schneider-pm750", ["serial", "vt"]),  # its VT primary cannot be read
        ("chint-dtsu666", ["serial"]),
        ("siemens-pac3200", []),
        ("carlo-gavazzi-em340", []),  # direct
    ],
)
def test_what_may_be_changed_unnoticed_is_said(name: str, unnoticed: list[str]) -> None:
    assert said_json("check", name)["unnoticed"] == unnoticed
    said = run("check", name).output
    assert said.count("will go unnoticed") == len(unnoticed)


def test_without_identity_everything_goes_unnoticed(tmp_path: Path) -> None:
    path = tmp_path / "schneider-pm5560.toml"
    text = (METERS / path.name).read_text(encoding="utf-8")
    path.write_text(f"{text[: text.index('identity = [')]}identity = []\n", encoding="utf-8")
    said = run("check", path).output
    for change in ("another meter in its place", "another CT ratio", "another VT ratio"):
        assert f"{change}" in said


@pytest.mark.parametrize("command", ["check", "sheet"])
def test_faults_are_named_with_what_would_be_right(command: str, tmp_path: Path) -> None:
    path = changed(tmp_path, 'scale = "1000"', 'scale = "0.1"')
    done = run(command, path)
    assert done.exit_code == 1
    assert "1 fault" in done.stdout
    assert 'scale: "0.1" is not in the form it must have' in done.stdout
    assert 'write "1/10"' in done.stdout
    answer = said_json(command, path)
    assert answer["ok"] is False
    assert answer["faults"][0]["right"] == 'write "1/10"'


def test_a_file_that_is_no_toml_says_line_and_column(tmp_path: Path) -> None:
    path = changed(tmp_path, "schema = 2\n", "schema = 2\nvendor = Schneider\n")
    done = run("check", path)
    assert done.exit_code == 1
    assert "line 2, column 10" in done.stdout
    assert "line 2, column 10" in said_json("check", path)["faults"][0]["wrong"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = run("check", tmp_path / "none.toml")
    assert done.exit_code == 2
    assert "No such file" in done.stderr


def test_a_faulty_file_is_listed_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(tmp_path, 'scale = "1000"', 'scale = "0.1"')
    monkeypatch.setattr("technician.profiles.METERS", tmp_path)
    monkeypatch.setattr("technician.profiles.profile_names", lambda: [GOOD.stem])
    assert "faulty" in run("list").stdout
    (entry,) = said_json("list")
    assert (entry["status"], len(entry["faults"])) == ("faulty", 1)
