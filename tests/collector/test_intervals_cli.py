"""What a settlement clerk and an auditor type."""

import csv
import json
from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest
from collector_world import NOW_MS, REAL, World
from interval_world import Table, at
from meter_world import METER, configure
from sqlalchemy import update
from typer.testing import CliRunner

from collector.cli.collector import app
from collector.cli.interval_rows import exact
from collector.registry.keyring import create_keyring
from collector.storage.tables import interval_energy

QUARTER = "2026-11-23T14:00:00+05:00"
DAY = ("--from", "2026-11-23T14:00:00+05:00", "--to", "2026-11-23T15:00:00+05:00")


@pytest.fixture
def meter(tmp_path: Path) -> Table:
    """An hour with a gap, of a past day; its root is the directory's."""
    create_keyring(tmp_path, tmp_path / "root.pem")
    world = World.make(tmp_path, REAL)
    configure(world)
    table = Table(world)
    table.read({at(0): 1000, at(1): 1100, at(3): 1301, at(4): 1400})
    table.settle(at(4))
    return table


def checked(directory: Path) -> tuple[int, str]:
    code, output = run(directory, "rebuild-intervals", "--check")
    return code, output.splitlines()[-1]


def run(directory: Path, *words: str) -> tuple[int, str]:
    verb, *others = words
    result = CliRunner().invoke(app, [verb, str(directory), *others])
    return result.exit_code, result.output


def test_quarters_are_listed_with_what_they_rest_on(meter: Table, tmp_path: Path) -> None:
    code, output = run(tmp_path, "intervals", *DAY, "--meter", METER, "--json")
    found = json.loads(output)
    imported = [row for row in found["intervals"] if row["direction"] == "import"]
    assert code == 0
    assert [row["energy_wh"] for row in imported] == ["100", "100", "101", "99"]
    assert [row["quality"] for row in imported] == ["measured", "bridged", "bridged", "measured"]
    assert [row["start"] for row in imported][:2] == [
        "2026-11-23T14:00:00+05:00",
        "2026-11-23T14:15:00+05:00",
    ]
    assert [(row["start_position"], row["end_position"]) for row in imported] == [
        (1, 2),
        (2, 3),
        (2, 3),
        (3, 4),
    ]
    assert found["sums"][0]["energy_wh"] == "400"
    assert found["sums"][0]["bridged"] == 2


def test_hours_go_to_a_file(meter: Table, tmp_path: Path) -> None:
    path = tmp_path / "hours.csv"
    code, output = run(tmp_path, "intervals", *DAY, "--hours", "--csv", str(path))
    assert (code, output) == (0, "")
    with path.open(newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["energy_wh"], row["quality"], row["delivery_hour"]) == ("400", "measured", "15")


def test_versions_show_what_stood_and_by_how_much_it_changed(meter: Table, tmp_path: Path) -> None:
    meter.lay_down({at(2): 1190}, epoch=1, seq=9, position=9)
    meter.settle(at(5))
    _, output = run(tmp_path, "intervals", *DAY, "--versions")
    assert "90 Wh measured ± 1.000 version 2, -10 Wh" in output
    assert "111 Wh measured ± 1.000 version 2, 10 Wh" in output


def test_what_is_missing_or_open_is_told_by_the_exit_code(meter: Table, tmp_path: Path) -> None:
    until = ("--from", "2026-11-23T14:00:00+05:00", "--to", "2026-11-23T15:15:00+05:00")
    code, output = run(tmp_path, "intervals", *until)
    assert code == 1
    assert "2026-11-23T15:00:00+05:00                - open" in output
    meter.settle(at(6))
    code, output = run(tmp_path, "intervals", *until)
    assert code == 1
    assert "missing (unread)" in output
    assert "4 measured" not in output
    assert "2 measured, 2 bridged, 1 missing" in output


def test_a_missing_quarter_is_edited_and_the_edit_undone(meter: Table, tmp_path: Path) -> None:
    meter.settle(at(6))
    quarter = "2026-11-23T15:00:00+05:00"
    who = ("--by", "A. Bekova", "--reason", "act 17")
    code, output = run(tmp_path, "edit-interval", METER, quarter, "--wh", "95.5", *who)
    assert (code, "edit 1 is kept" in output) == (0, True)
    meter.close(at(7))
    _, output = run(tmp_path, "intervals", "--from", quarter, "--to", "2026-11-23T15:15:00+05:00")
    assert "95.5 Wh edited (unread) version 2 by A. Bekova: act 17" in output
    assert run(tmp_path, "undo-edit", "1", *who)[0] == 0
    meter.close(at(8))
    _, output = run(tmp_path, "intervals", "--from", quarter, "--to", "2026-11-23T15:15:00+05:00")
    assert "missing (unread) version 3" in output


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("intervals", "--from", "yesterday"), "no day and no time"),
        (("intervals", "--from", "2026-11-23T14:00:00"), "offset"),
        (("intervals", *DAY, "--meter", "nobody"), "nothing is closed"),
        (("intervals", *DAY, "--csv", "/nowhere/x.csv"), "--csv"),
        (("edit-interval", METER, "2026-11-23T14:00:00+05:00", "--wh", "1"), "--by"),
        (
            ("edit-interval", METER, "2026-11-23", "--wh", "x", "--by", "a", "--reason", "b"),
            "no number",
        ),
        (
            ("edit-interval", METER, QUARTER, "--wh", "1", "--by", "a", "--reason", "b"),
            "no person overrides a register",
        ),
        (("undo-edit", "7", "--by", "a", "--reason", "b"), "no edit 7"),
    ],
)
def test_mistakes_are_answered(
    meter: Table, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    code, output = run(tmp_path, *words)
    assert code == 2
    assert text in " ".join(output.replace("│", " ").split())


@pytest.mark.parametrize("verb", ["intervals", "rebuild-intervals"])
def test_a_directory_without_a_collector_is_told(tmp_path: Path, verb: str) -> None:
    code, output = run(tmp_path, verb)
    assert (code, "esep collector init" in output) == (2, True)


def test_a_number_that_was_changed_in_the_database_is_found_and_put_right(
    meter: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, moments = meter.world.configurations, count(at(5), 10)
    monkeypatch.setattr("collector.cli.rebuild.Configurations", lambda _engine, _root: known)
    monkeypatch.setattr("collector.cli.rebuild.now_ms", lambda: next(moments))
    meter.settle(at(5) - 60_000)
    assert checked(tmp_path) == (0, "0 intervals differ")
    changed = interval_energy.c
    with meter.world.engine.begin() as connection:
        connection.execute(
            update(interval_energy)
            .where(changed.start_ms == NOW_MS, changed.length_ms == 900_000)
            .where(changed.quantity == "active_energy_import")
            .values(count=changed.count + 50)
        )
    before = meter.versions()
    code, output = run(tmp_path, "rebuild-intervals", "--check", "--json")
    found = json.loads(output[output.index("{") :])
    assert (code, found["kept"]) == (1, False)
    [difference] = [row for row in found["differences"] if row["length_s"] == 900]
    assert (difference["before_wh"], difference["difference_wh"]) == ("150", "-50")
    assert meter.versions() == before
    assert run(tmp_path, "rebuild-intervals")[0] == 0
    assert meter.stands()[0].energy_wh == 100
    assert checked(tmp_path) == (0, "0 intervals differ")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(5), "5"),
        (Fraction(1, 1000), "0.001"),
        (Fraction(-5, 4), "-1.25"),
        (Fraction(1, 3), "1/3"),
        (Fraction(10**30 + 1, 8), "125000000000000000000000000000.125"),
        (Fraction(0), "0"),
    ],
)
def test_figures_are_exact(value: Fraction, text: str) -> None:
    assert exact(value) == text
