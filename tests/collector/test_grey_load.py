"""Feeders judged by what is kept: balances by hand, findings that go on, files taken in."""

from fractions import Fraction
from pathlib import Path

import pytest
from cli_world import run, run_json
from feeder_world import (
    DAY_MS,
    DELIVERY,
    HEAD,
    HOUR_MS,
    QUARTER_MS,
    START_MS,
    feeder,
    lay_down,
    steady,
    town,
)

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.grey import judging
from collector.checks.grey.balance import BalanceOutcome
from collector.checks.grey.daily import DailyFeeders
from collector.checks.grey.feeders import own_load
from collector.checks.runner import Checks
from collector.registry import feeder_readings
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading

END_MS = START_MS + DAY_MS


def kept(world: object) -> list[Finding]:
    with reading(world.engine) as connection:  # type: ignore[attr-defined]
        return findings.stored(connection)


def test_a_feeder_that_loses_what_it_may_is_balanced(tmp_path: Path) -> None:
    """An hour: 400,000 Wh in, 392,000 out, 2 % may be lost."""
    world = town(tmp_path)
    lay_down(world, HEAD, steady(100_000))
    lay_down(world, DELIVERY, steady(98_000))
    with reading(world.engine) as connection:
        found = judging.balances(connection, world.registry.view(), START_MS, END_MS)
    assert len(found) == 24
    assert {each.outcome for each in found} == {BalanceOutcome.BALANCED}
    assert found[0].difference_wh == found[0].loss_wh == 8_000


def test_grey_load_of_three_hours_is_one_finding_with_its_figures(tmp_path: Path) -> None:
    """From 03:00 to 06:00 another 20,000 Wh a quarter go in: 80,000 Wh an hour.

    480,000 in, 392,000 out: 88,000 lacking. 2 % of 480,000 are 9,600. Classes: 6 permille of each
    side, independent, and 1 permille of each in common; each register shows whole Wh.
    """
    world = town(tmp_path)
    registers, sum_wh = {}, 0
    for at_ms in range(START_MS, END_MS + 1, QUARTER_MS):
        registers[at_ms] = sum_wh
        hour = (at_ms - START_MS) // HOUR_MS
        sum_wh += 120_000 if 3 <= hour < 6 else 100_000
    lay_down(world, HEAD, registers)
    lay_down(world, DELIVERY, steady(98_000))
    run("grey", tmp_path, "--from", "2026-11-23", "--to", "2026-11-24", "--keep", code=1)
    [found] = kept(world)
    assert (found.code, found.subject) == (Code.ENERGY_MISSING, "F-1")
    assert (found.first_ms, found.last_ms) == (START_MS + 3 * HOUR_MS, START_MS + 6 * HOUR_MS)
    classes = Fraction(6, 1000)
    independent_square = (480_000 * classes) ** 2 + (392_000 * classes) ** 2
    error_wh = Fraction(found.details["error_wh"])
    linear = Fraction(480_000 + 392_000, 1000) + 2
    assert 0 <= (error_wh - linear) - Fraction(independent_square ** Fraction(1, 2)) < 0.002
    assert Fraction(found.details["unaccounted_wh"]) == 88_000 - 9_600 - error_wh
    assert found.details["positions"], "the ledger entries it rests on"
    run("grey", tmp_path, "--from", "2026-11-23", "--to", "2026-11-24", "--keep", code=1)
    assert kept(world) == [found], "judged again nothing changes"


def test_with_others_on_it_the_balance_finds_nothing(tmp_path: Path) -> None:
    world = town(tmp_path, feeder("F-1", meters=(HEAD,), has_others=True))
    lay_down(world, HEAD, steady(200_000))
    lay_down(world, DELIVERY, steady(98_000))
    document = run_json("grey", tmp_path, "--from", "2026-11-23", "--to", "2026-11-24")
    assert {each["outcome"] for each in document["balances"]} == {"missing"}
    assert document["found"] == 0


def test_its_own_load_is_what_no_child_accounts_for(tmp_path: Path) -> None:
    world = town(tmp_path, feeder("F-1", meters=(HEAD,), has_others=True))
    lay_down(world, HEAD, steady(100_000))
    lay_down(world, DELIVERY, steady(60_000))
    view = world.registry.view()
    with reading(world.engine) as connection:
        known = view.all(feeder("x").__class__)["F-1"]
        load = own_load(connection, view, known, START_MS, END_MS, QUARTER_MS)
    assert len(load) == 96
    assert {each.power_w for each in load} == {160_000.0}


def test_a_missing_register_leaves_the_hour_undecided_and_named(tmp_path: Path) -> None:
    world = town(tmp_path)
    registers = steady(100_000)
    del registers[START_MS + HOUR_MS]
    lay_down(world, HEAD, registers)
    lay_down(world, DELIVERY, steady(98_000))
    with reading(world.engine) as connection:
        found = judging.balances(connection, world.registry.view(), START_MS, END_MS)
    assert [each.outcome for each in found[:3]] == [
        BalanceOutcome.UNMEASURED,
        BalanceOutcome.UNMEASURED,
        BalanceOutcome.BALANCED,
    ]
    assert found[0].unmeasured == (HEAD,)


def test_the_collector_judges_each_feeder_once_a_day(tmp_path: Path) -> None:
    world = town(tmp_path)
    lay_down(world, HEAD, steady(150_000))
    lay_down(world, DELIVERY, steady(98_000))
    daily, view = DailyFeeders(), world.registry.view()
    assert daily.next(view, END_MS + HOUR_MS) == ["F-1"]
    assert daily.next(view, END_MS + 2 * HOUR_MS) == [], "once a day"
    assert daily.next(view, END_MS + DAY_MS + HOUR_MS) == ["F-1"]
    with reading(world.engine) as connection:
        early = [*daily.judge(connection, view, "F-1", END_MS + HOUR_MS - 1)]
        [found] = daily.judge(connection, view, "F-1", END_MS + HOUR_MS)
    assert early == [], "the day's readings may still come"
    assert (found.first_ms, found.last_ms) == (START_MS, END_MS)


def test_the_running_checks_keep_it(tmp_path: Path) -> None:
    world = town(tmp_path)
    lay_down(world, HEAD, steady(150_000))
    lay_down(world, DELIVERY, steady(98_000))
    checks = Checks(world.engine, world.registry, EmbeddedSeries(tmp_path))
    for seconds in range(3):
        checks.run(END_MS + HOUR_MS + seconds * 1000)
    missing = [each for each in kept(world) if each.code is Code.ENERGY_MISSING]
    assert [(each.first_ms, each.last_ms) for each in missing] == [(START_MS, END_MS)]


# --- files of substations


def write(path: Path, *rows: str, head: str = "feeder,time,energy_kwh") -> Path:
    file = path / "quarters.csv"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return file


def quarters(name: str, kwh: str, hours: int = 1) -> list[str]:
    return [f"{name};2026-11-23 {n // 4:02}:{n % 4 * 15:02};{kwh}" for n in range(4 * hours)]


def test_a_file_is_taken_and_a_correction_is_the_next_version(
    database_of: str, tmp_path: Path
) -> None:
    world = town(tmp_path, feeder("F-1"))
    head = "feeder;time;energy_kwh"
    file = write(tmp_path, *quarters("F-1", "1 234,5"), head=head)
    assert "4 quarters are new" in run("feeder-import", tmp_path, file).output
    assert "0 quarters are new, 0 corrected, 4 as they were" in (
        run("feeder-import", tmp_path, file).output
    )
    corrected = write(
        tmp_path, *quarters("F-1", "1 234,5")[:3], "F-1;2026-11-23 00:45;7", head=head
    )
    assert "0 quarters would be new, 1 corrected, 3" in (
        run("feeder-import", tmp_path, corrected, "--dry-run").output
    )
    taken = run_json("feeder-import", tmp_path, corrected)
    assert (taken["new"], taken["corrected"], taken["same"]) == (0, 1, 3)
    with reading(world.engine) as connection:
        rows = feeder_readings.energies(connection, "F-1", "head", START_MS, END_MS)
        before = feeder_readings.energies(connection, "F-1", "head", START_MS, END_MS, 0)
    assert [each.energy_wh for each in rows] == [1_234_500] * 3 + [7_000]
    assert [each.version for each in rows] == [1, 1, 1, 2]
    assert before == []


def test_times_may_be_the_ends_of_quarters(tmp_path: Path) -> None:
    world = town(tmp_path, feeder("F-1"))
    file = write(tmp_path, "F-1,2026-11-23T00:15:00+05:00,1")
    run("feeder-import", tmp_path, file, "--times-are", "end")
    with reading(world.engine) as connection:
        [row] = feeder_readings.energies(connection, "F-1", "head", START_MS, END_MS)
    assert row.start_ms == START_MS


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["F-9,2026-11-23 00:00,1"], "A2 (feeder): the register holds no feeder 'F-9'"),
        (["F-1,2026-11-23 00:07,1"], "no 15 minutes begin or end then"),
        (["F-1,yesterday,1"], "B2 (time): 'yesterday' is no moment"),
        (["F-1,2026-11-23 00:00,-1"], "C2 (energy_kwh): '-1' is no figure"),
        (["F-1,2026-11-23 00:00,1e9"], "is no figure; one is, for example"),
        (["F-1,2026-11-23 00:00,NaN"], "is no figure"),
        (["F-1,2026-11-23 00:00,1"] * 2, "stands in row 2 already"),
        (["F-1,2024-02-29 23:15,1"], "came twice or never"),
        (["F-1,2999-01-01 00:00,1"], "has not ended yet"),
        ([], "there is no row"),
    ],
)
def test_a_bad_file_changes_nothing_and_says_where(
    tmp_path: Path, rows: list[str], says: str
) -> None:
    world = town(tmp_path, feeder("F-1"))
    good = [f"F-1,2026-11-22 0{n}:00,1" for n in range(2)] if rows else []
    output = run("feeder-import", tmp_path, write(tmp_path, *rows, *good), code=2).output
    assert says in output
    assert "nothing was taken" in output
    with reading(world.engine) as connection:
        assert feeder_readings.energies(connection, "F-1", "head", 0, END_MS) == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"%PDF-1.4", "PDF"),
        (b"feeder,time\nF-1,2026-11-23 00:00\n", "names no column energy_kwh"),
        ("feeder,time,energy_kwh\nФ-1,2026-11-23 00:00,1\n".encode("cp1251"), "windows-1251"),
        (b"feeder,time,time,energy_kwh\n", "twice"),
    ],
)
def test_what_is_no_sheet_of_quarters_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    town(tmp_path, feeder("F-1"))
    file = tmp_path / "file"
    file.write_bytes(content)
    assert says in run("feeder-import", tmp_path, file, code=2).output


def test_imported_heads_and_consumers_are_balanced(tmp_path: Path) -> None:
    """10 kWh a quarter go in, 9 come out to consumers: 1 kWh of 10 is lacking, and 5 % are lost."""
    town(tmp_path, feeder("F-1", loss_permille=50))
    rows = [f"{row};head" for row in quarters("F-1", "10")]
    rows += [f"{row};consumers" for row in quarters("F-1", "9")]
    file = write(tmp_path, *rows, head="feeder;time;energy_kwh;point")
    run("feeder-import", tmp_path, file)
    world_sites = run_json(
        *("grey", tmp_path, "--from", "2026-11-23T00:00:00+05:00"),
        *("--to", "2026-11-23T01:00:00+05:00"),
    )
    [balance] = world_sites["balances"]
    assert balance["outcome"] == "unmeasured", "the site on the feeder was not read"
    assert balance["unmeasured"] == [DELIVERY]
