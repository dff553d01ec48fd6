"""`esep collector closings`: what is known of closed periods, and what was known of them."""

from pathlib import Path

import pytest
from checks_control import LATE_MS, Control
from cli_world import run, run_json
from collector_world import BIN, DEMO, ZONE
from sqlalchemy import update

from collector.model.moments import moment_text
from collector.storage.tables import period_result


@pytest.fixture
def revised(tmp_path: Path) -> tuple[Control, int]:
    """A period in breach at its end, and within a second later, when more had been bought."""
    control = Control.make(tmp_path, DEMO)
    start_ms = control.start_ms
    end_ms = start_ms + control.period_ms
    control.allow(start_ms, "0.0001")
    control.register(start_ms, "5000")
    control.register(end_ms, "5110")
    control.run(end_ms)
    control.allow(start_ms, "0.0002")
    control.run(end_ms + 1000)
    return control, end_ms


def test_what_stands_is_told(revised: tuple[Control, int], tmp_path: Path) -> None:
    control, end_ms = revised
    [closing] = run_json("closings", tmp_path)
    assert (closing["licensee"], closing["zone"], closing["closing"]) == (BIN, ZONE, 2)
    assert closing["result"] == "within"
    assert (closing["measured_wh"], closing["allowed_wh"]) == (110, 200)
    text = run("closings", tmp_path).output
    assert text == (
        f"{moment_text(control.start_ms)} {BIN}/{ZONE}: within, 110 Wh of 200 Wh, closing 2,"
        f" known {moment_text(end_ms + 1000)}\n"
    )


@pytest.mark.parametrize(
    ("after_ms", "expected"), [(-1, []), (0, ["breach"]), (999, ["breach"]), (1000, ["within"])]
)
def test_asked_as_known_then_it_says_what_was_known_then(
    revised: tuple[Control, int], tmp_path: Path, after_ms: int, expected: list[str]
) -> None:
    known = moment_text(revised[1] + after_ms)
    found = run_json("closings", tmp_path, "--known", known)
    assert [closing["result"] for closing in found] == expected


def test_before_anything_was_known_it_says_so(revised: tuple[Control, int], tmp_path: Path) -> None:
    output = run("closings", tmp_path, "--known", "2020-01-01").output
    assert output == "no period was closed that was known 2020-01-01\n"


def test_every_closing_is_told_with_when_it_was_known(
    revised: tuple[Control, int], tmp_path: Path
) -> None:
    found = run_json("closings", tmp_path, "--versions")
    assert [(each["result"], each["closing"]) for each in found] == [("breach", 1), ("within", 2)]
    assert found[0]["known"] < found[1]["known"]


def test_a_period_of_which_nobody_noted_when_it_was_closed_was_not_known_before_its_end(
    revised: tuple[Control, int], tmp_path: Path
) -> None:
    """As closings of a collector before this one."""
    control, end_ms = revised
    with control.world.engine.begin() as connection:
        connection.execute(update(period_result).values(closed_ms=None))
    assert run_json("closings", tmp_path, "--known", moment_text(end_ms - 1)) == []
    [closing] = run_json("closings", tmp_path, "--known", moment_text(end_ms))
    assert (closing["closing"], closing["known"]) == (2, None)
    assert run("closings", tmp_path).output.endswith("known not noted\n")


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ((), 2),
        (("--licensee", BIN), 2),
        (("--licensee", "110340000022"), 0),
        (("--zone", "west"), 0),
        (("--from", "{end}"), 1),
        (("--to", "{end}"), 1),
        (("--from", "{end}", "--to", "{end}"), 0),
    ],
)
def test_periods_are_chosen_by_who_where_and_when(
    revised: tuple[Control, int], tmp_path: Path, options: tuple[str, ...], count: int
) -> None:
    control, end_ms = revised
    control.run(end_ms + control.period_ms + LATE_MS)
    said = [option.format(end=moment_text(end_ms)) for option in options]
    assert len(run_json("closings", tmp_path, *said)) == count


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--known", "yesterday"), "--known 'yesterday' is no moment"),
        (("--from", "2026-13-01"), "--from '2026-13-01' is no moment"),
        (("--versions", "--known", "2026-11-23"), "leave out --known"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    revised: tuple[Control, int], tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    assert says in run("closings", tmp_path, *options, code=2).output


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    assert "esep collector init" in run("closings", tmp_path / "nowhere", code=2).output
