"""Registers of winners: read by columns that a file names, checked against their totals."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from collector_world import BIN

from collector.model.instant import astana
from collector.model.records import Allocation
from collector.registry.reading import FileError, Reading
from collector.registry.sheets import write_xlsx
from collector.registry.winners import WinnersMapping, read_mapping, read_winners

EXAMPLE = read_mapping()
OTHER = "200240000017"
HOURS = [str(hour) for hour in range(1, 25)]
HEADS = ["БИН", "Зона торгов", "Дата поставки", "Лот", "Цена, тенге/МВт·ч", "Предоплата, тенге"]
ALL_HEADS = [*HEADS, *HOURS, "Всего"]


def winner(
    licensee: str = BIN,
    zone: str = "Северная-Южная",
    day: str = "23.11.2026",
    mwh: Sequence[str] = ("1,5",) * 24,
    total: str = "36,0",
    lot: str = "1",
) -> list[str]:
    return [licensee, zone, day, lot, "21 500,5", "774 018", *mwh, total]


def as_csv(*rows: Sequence[str], delimiter: str = ";") -> bytes:
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter).writerows(rows)
    return made.getvalue().encode()


def read(*rows: Sequence[str], mapping: WinnersMapping = EXAMPLE) -> Reading:
    return read_winners(as_csv(ALL_HEADS, *rows), mapping)


def allocations(reading: Reading) -> list[Allocation]:
    assert reading.wrong == []
    return [record for record in reading.records if isinstance(record, Allocation)]


def wrong(*rows: Sequence[str], mapping: WinnersMapping = EXAMPLE) -> list[str]:
    return [str(each).strip() for each in read(*rows, mapping=mapping).wrong]


def altered(**changes: Any) -> WinnersMapping:
    return WinnersMapping.model_validate(EXAMPLE.model_dump() | changes)


def test_a_row_is_the_allocations_of_its_day() -> None:
    found = allocations(read(winner()))
    assert len(found) == 24
    first, last = found[0], found[-1]
    assert astana(first.start).isoformat() == "2026-11-23T00:00:00+05:00"
    assert astana(last.start).isoformat() == "2026-11-23T23:00:00+05:00"
    assert (first.licensee, first.zone, first.source, first.lot) == (
        BIN, "north-south", "auction", "1"
    )  # fmt: skip
    assert (first.energy_mwh, first.price_kzt_mwh) == (Decimal("1.5"), Decimal("21500.5"))
    assert (first.prepaid_kzt, first.prepaid_covers) == (Decimal(774018), "day")
    assert first.hour_convention == "hour 1 begins at 00:00 in Astana"


def test_a_workbook_with_titles_above_says_the_same() -> None:
    rows = [["Реестр победителей"], [], ALL_HEADS, winner(), winner(OTHER, "Западная")]
    book = read_winners(write_xlsx(rows, "Реестр"), EXAMPLE)
    assert allocations(book) == allocations(read(winner(), winner(OTHER, "Западная")))
    assert "sheet: Реестр" in book.notes


def test_one_row_an_hour_in_kilowatt_hours() -> None:
    columns = {"licensee": ["BIN"], "zone": ["zone"], "date": ["day"], "price": ["price"]}
    mapping = altered(
        hours=None,
        unit="kWh",
        price_unit="KZT/kWh",
        prepaid_covers="period",
        columns=columns | {"hour": ["hour"], "energy": ["kWh"]},
    )
    content = as_csv(
        ["BIN", "zone", "day", "hour", "kWh", "price"],
        [BIN, "Западная", "2026-11-23", "14", "1 250,5", "21,5"],
        [BIN, "Западная", "2026-11-23", "15", "0", "21,5"],
        delimiter=",",
    )
    [first, second] = allocations(read_winners(content, mapping))
    assert (first.energy_mwh, first.price_kzt_mwh) == (Decimal("1.2505"), Decimal(21500))
    assert astana(first.start).hour == 13
    assert second.energy_mwh == 0


def test_an_empty_hour_is_nothing_where_the_total_shows_it() -> None:
    found = allocations(read(winner(mwh=["", "-", *["1"] * 22], total="22")))
    assert [each.energy_mwh for each in found[:3]] == [0, 0, 1]


def test_an_empty_hour_without_a_total_is_asked_for() -> None:
    [told] = wrong(winner(mwh=["", *["1"] * 23], total=""))
    assert told == "G2, energy: it is empty; write 0 where nothing was bought"


def test_hours_that_do_not_add_up_to_their_total_are_named_with_it() -> None:
    [told] = wrong(winner(total="35,9"))
    assert told == "AE2, total: the hours add up to 36.0 MWh, the total is 35.9 MWh"


def test_a_row_of_totals_is_checked_and_is_no_allocation() -> None:
    sums = ["Всего", "", "", "", "", "", *["3"] * 24, "72"]
    assert len(allocations(read(winner(), winner(OTHER), sums))) == 48
    [told] = wrong(winner(), winner(OTHER), [*sums[:8], "4", *sums[9:]])
    assert told == "I4, total: the rows above add up to 3.0, the total is 4"


def test_totals_by_zone_are_each_of_the_rows_since_the_last() -> None:
    total = ["Итого", "", "", "", "", "", *["1,5"] * 24, "36"]
    west = winner(OTHER, "Западная")
    assert len(allocations(read(winner(), total, west, total))) == 48


WRONG = {
    "a BIN whose zeros were taken": (winner("40240000017"), "A2, licensee", "takes zeros off"),
    "no BIN": (winner("ТОО Алатау"), "A2, licensee", "no BIN of 12 digits"),
    "an unknown zone": (winner(zone="Восток"), "B2, zone", "северная-южная"),
    "no date": (winner(day="завтра"), "C2, date", "2026-11-23"),
    "a time of day": (winner(day="2026-11-23 14:00"), "C2, date", "has a time of day"),
    "a letter in a figure": (winner(mwh=["1,O", *["1"] * 23]), "G2, energy", "no figure"),
    "a negative energy": (winner(mwh=["-1", *["1"] * 23]), "G2, energy", "no figure"),
    "a lot that no key can hold": (winner(lot="лот 1"), "row 2, lot", "Latin letters"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_cell(name: str) -> None:
    row, place, said = WRONG[name]
    [told] = wrong(row)
    assert told.startswith(place)
    assert said in told


def test_all_wrong_rows_are_named_at_once() -> None:
    assert len(wrong(winner("1"), winner(zone="?"), winner(), winner(day="?"))) == 3


def test_the_same_hour_and_lot_may_stand_once() -> None:
    found = wrong(winner(), winner())
    assert len(found) == 24
    assert found[0].startswith("rows 2, 3")
    assert len(allocations(read(winner(), winner(lot="2")))) == 48


def test_absent_heads_are_named_with_how_the_mapping_calls_them() -> None:
    heads = [head for head in ALL_HEADS if head not in ("БИН", "7")]
    with pytest.raises(FileError, match=r"row 1: .*licensee \('бин' or 'бсн'\), hour 7 \('7'\)"):
        read_winners(as_csv(heads, winner()), EXAMPLE)


def test_a_head_may_stand_only_once() -> None:
    with pytest.raises(FileError, match=r"A1 and B1: both are headed 'БИН'"):
        read_winners(as_csv(["БИН", *ALL_HEADS], winner()), EXAMPLE)


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", b"%PDF-1.7", as_csv(["a", "b"], ["1", "2"]), as_csv(ALL_HEADS)],
)
def test_what_is_no_register_is_refused(content: bytes) -> None:
    with pytest.raises(FileError):
        read_winners(content, EXAMPLE)


def test_windows_1251_is_read_when_it_is_named_and_never_guessed() -> None:
    content = as_csv(ALL_HEADS, winner()).decode().encode("cp1251")
    with pytest.raises(FileError, match="--encoding windows-1251"):
        read_winners(content, EXAMPLE)
    assert len(allocations(read_winners(content, EXAMPLE, encoding="windows-1251"))) == 24


# --- mappings


def test_the_shipped_mapping_says_that_it_is_an_example() -> None:
    assert EXAMPLE.example


BAD_MAPPINGS = {
    "both ways of hours": ("[columns]\n", '[columns]\nhour = ["h"]\nenergy = ["e"]\n', "hours"),
    "half a way": ("[columns]\n", '[columns]\nhour = ["h"]\n', "hours"),
    "23 hours": ('"23", "24"', '"23"', "hours.heads"),
    "an unknown unit": ('unit = "MWh"', 'unit = "GWh"', "unit"),
    "an unknown field": ("[columns]\n", '[columns]\nbank = ["x"]\n', "columns.bank"),
    "no TOML": ("[columns]", "[columns", "is not TOML"),
}


@pytest.mark.parametrize("name", BAD_MAPPINGS)
def test_a_mapping_that_is_wrong_is_named(name: str, tmp_path: Path) -> None:
    old, new, said = BAD_MAPPINGS[name]
    shipped = Path(__file__).parents[2] / "collector/registry/winners/example.toml"
    path = tmp_path / "mapping.toml"
    path.write_text(shipped.read_text().replace(old, new, 1))
    with pytest.raises(FileError, match=said):
        read_mapping(path)
