"""A month by our registers against the utility's meter and the market's actuals, by hand."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from cli_world import run, run_json
from collector_world import BIN, SITE, ZONE, World
from feeder_world import DELIVERY, lay_down, town

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.months import MonthEnergy, MonthOutcome, compare
from collector.model.accuracy import PointLimit
from collector.model.records import LossFactor, Meter
from collector.registry.month_statements import Month, Statement
from collector.registry.named_rows import CellError
from collector.storage import reading

MONTH = Month(2026, 10)
HALF_MS = (MONTH.start_ms + MONTH.end_ms) // 2
DRAWN_WH = 1_000_000_000


def test_months_are_astanas_also_where_the_clocks_were_put_back() -> None:
    february, march = Month(2024, 2), Month(2024, 3)
    assert february.end_ms == march.start_ms
    assert (february.end_ms - february.start_ms) / 3_600_000 == 29 * 24 + 1
    assert Month(2026, 12).end_ms == Month(2027, 1).start_ms
    for text in ("2026-13", "2026-1", "november", ""):
        with pytest.raises(CellError, match="right would be 2026-11"):
            Month.parse(text)


def ours(energy_wh: int | None, square: int = 36) -> MonthEnergy:
    parts = () if energy_wh is None else ((Fraction(energy_wh), PointLimit(Fraction(square))),)
    energy = None if energy_wh is None else Fraction(energy_wh)
    return MonthEnergy(energy, Fraction(2), parts, ("m",), (), (), ())


@pytest.mark.parametrize(
    ("ours_wh", "outcome"),
    [
        # √((6‰ × ours)² + 86‰² × theirs²) + 1 ‰ of theirs + 1,000 Wh of its last digit + 2 Wh
        (1_012_047_000, MonthOutcome.AGREES),
        (1_012_100_000, MonthOutcome.DIFFERS),
        (987_990_000, MonthOutcome.DIFFERS),
        (988_000_000, MonthOutcome.AGREES),
        (None, MonthOutcome.UNMEASURED),
    ],
)
def test_both_sides_classes_allow_a_difference(ours_wh: int | None, outcome: MonthOutcome) -> None:
    said = Statement("s", "utility", MONTH, Fraction(DRAWN_WH), Fraction(1000), "0.5S")
    assert compare(ours(ours_wh), said).outcome is outcome


@pytest.fixture
def world(database_of: str, tmp_path: Path) -> World:
    """The site drew 1,000 MWh in October, by a meter of class 0.5S."""
    world = town(tmp_path)
    lay_down(
        world,
        DELIVERY,
        {MONTH.start_ms: 5_000, HALF_MS: 600_005_000, MONTH.end_ms: 5_000 + DRAWN_WH},
    )
    return world


def state(directory: Path, *rows: str, source: str = "utility") -> None:
    file = directory / f"{source}.csv"
    head = "subject,month,energy_kwh,accuracy_class"
    file.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    run("statement-import", directory, source, file)


def reconciled(directory: Path, code: int = 0, *more: str) -> Any:
    return run_json("reconcile-month", directory, "2026-10", *more, code=code)["results"]


def test_within_the_classes_the_utilitys_figure_holds(world: World, tmp_path: Path) -> None:
    state(tmp_path, f"{SITE},2026-10,1000400,0.5S")
    [result] = reconciled(tmp_path)
    assert result["ours_wh"] == "1000000000"
    assert (result["sources"][0]["outcome"], result["holds_wh"]) == ("agrees", "1000400000")
    assert result["may_bill"]
    assert result["positions"] == [MONTH.start_ms // 1000, MONTH.end_ms // 1000]


def test_loss_factors_of_their_time_bring_it_to_the_delivery_point(
    world: World, tmp_path: Path
) -> None:
    """600 MWh × 1.01 in the first half, 400 MWh × 1.02 × 1.005 in the second: 1,016.04 MWh."""
    factors = [
        LossFactor(
            meter=DELIVERY,
            transformer=transformer,
            line=line,
            document_sha256="ab" * 32,
            example=True,
            valid_from=start,
            valid_until=end,
        )
        for transformer, line, start, end in (
            ("1.01", "1", 0, HALF_MS),
            ("1.02", "1.005", HALF_MS, None),
        )
    ]
    world.registry.record(factors, bytes(32), HALF_MS)
    state(tmp_path, f"{SITE},2026-10,1016040,0.2S")
    [result] = reconciled(tmp_path)
    assert result["ours_wh"] == "1016040000"
    assert result["sources"][0]["difference_wh"] == "0"


def test_a_difference_is_a_finding_and_the_utility_holds_until_decided(
    world: World, tmp_path: Path
) -> None:
    state(tmp_path, f"{SITE},2026-10,900000,0.5S")
    state(tmp_path, f"{BIN}/{ZONE},2026-10,1000000", source="market")
    results = {each["subject"]: each for each in reconciled(tmp_path, 1, "--keep")}
    assert results[SITE]["holds_wh"] == "900000000"
    assert results[f"{BIN}/{ZONE}"]["holds"] == "nothing yet", "the market's is no bill's"
    with reading(world.engine) as connection:
        [found] = findings.stored(connection)
    assert (found.code, found.subject) == (Code.MONTH_DIFFERS, f"{SITE}/utility")
    assert (found.first_ms, found.last_ms) == (MONTH.start_ms, MONTH.end_ms)
    act = tmp_path / "act.pdf"
    act.write_bytes(b"signed")
    decide = ("decide-month", tmp_path, SITE, "2026-10", "--document", act)
    run(*decide, "--holds", "ours", "--by", "A. Serik", "--reason", "their CT was open")
    [_, result] = sorted(reconciled(tmp_path), key=lambda each: str(each["subject"]))
    assert (result["holds"], result["holds_wh"]) == ("ours, decided", "1000000000")
    assert result["decision"]["by"] == "A. Serik"
    assert result["decision"]["is_current"]
    state(tmp_path, f"{SITE},2026-10,950000,0.5S")
    result = next(each for each in reconciled(tmp_path, 1) if each["subject"] == SITE)
    assert not result["decision"]["is_current"], "the utility corrected itself since"
    run(*decide, "--holds", "agreed", "--kwh", "975 000,5", "--by", "A. Serik", "--reason", "half")
    result = next(each for each in reconciled(tmp_path) if each["subject"] == SITE)
    assert (result["holds_wh"], result["decision"]["version"]) == ("975000500", 2)


def test_an_operational_meter_warns_and_never_bills(world: World, tmp_path: Path) -> None:
    meter = world.registry.view().one(Meter, DELIVERY)
    operational = meter.model_copy(update={"status": "operational"})
    world.registry.record([operational], bytes(32), HALF_MS)
    state(tmp_path, f"{SITE},2026-10,900000,0.5S")
    [result] = reconciled(tmp_path, 1)
    assert (result["may_bill"], result["operational"]) == (False, [DELIVERY])
    act = tmp_path / "act.pdf"
    act.write_bytes(b"signed")
    said = run(
        *("decide-month", tmp_path, SITE, "2026-10", "--holds", "ours", "--by", "X"),
        *("--reason", "y", "--document", act),
        code=2,
    ).output
    assert "may warn, and never bills" in said


def test_an_exchange_in_the_month_sums_both_meters(world: World, tmp_path: Path) -> None:
    """The first meter hung until the middle: 600 MWh; the second shows 400 MWh since."""
    old = world.registry.view().one(Meter, DELIVERY)
    new = old.model_copy(update={"serial": "after", "valid_from": HALF_MS})
    gone = old.model_copy(update={"valid_until": HALF_MS})
    world.registry.record([gone, new], bytes(32), HALF_MS)
    lay_down(world, "after", {HALF_MS: 77, MONTH.end_ms: 400_000_077})
    state(tmp_path, f"{SITE},2026-10,1000000,0.5S")
    [result] = reconciled(tmp_path)
    assert (result["ours_wh"], result["meters"]) == ("1000000000", [DELIVERY, "after"])


def test_a_meter_that_did_not_measure_the_whole_month_is_named(
    world: World, tmp_path: Path
) -> None:
    world.registry.record(
        [world.registry.view().one(Meter, DELIVERY).model_copy(update={"serial": "silent"})],
        bytes(32),
        HALF_MS,
    )
    state(tmp_path, f"{SITE},2026-10,1000000,0.5S")
    [result] = reconciled(tmp_path)
    assert (result["ours_wh"], result["unmeasured"]) == (None, ["silent"])
    assert result["sources"][0]["outcome"] == "unmeasured"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("nowhere,2026-10,1,", "A2 (subject): 'nowhere' is no site"),
        (f"{SITE},10.2026,1,", "B2 (month): '10.2026' is no month"),
        (f"{SITE},2026-10,about 7,", "C2 (energy_kwh): 'about 7' is no figure"),
        (f"{SITE},2026-10,1,3", "D2 (accuracy_class): '3' is no class"),
        (f"{SITE},2026-10,1,\n{SITE},2026-10,2,", "has a row of 2026-10 already"),
    ],
)
def test_a_bad_statement_changes_nothing(world: World, tmp_path: Path, row: str, says: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(f"subject,month,energy_kwh,accuracy_class\n{row}\n", encoding="utf-8")
    assert says in run("statement-import", tmp_path, "utility", file, code=2).output
    assert reconciled(tmp_path) == []


def test_a_month_that_has_not_ended_is_not_judged(world: World, tmp_path: Path) -> None:
    said = run("reconcile-month", tmp_path, "2999-01", code=2).output
    assert "has not ended" in said
