"""What was bought, as a person asks for it; and what a person cancels."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from collector_world import BIN, World
from typer.testing import CliRunner, Result

from collector.cli.registry import app
from collector.model.moments import read_moment
from collector.model.records import Allocation, Zone
from collector.registry.allocating import cancellations, omitted, read_hours
from collector.storage import directory_of, reading

DAY = "2026-11-23"
MORNING = read_moment("2026-11-22 10:00")
LATE = read_moment("2026-11-22 23:50")
ZONE = "north-south"


def bought(hour: int, mwh: str, **changes: Any) -> Allocation:
    start = read_moment(f"{DAY} {hour - 1:02}:00")
    told = {"licensee": BIN, "zone": ZONE, "start": start, "energy_mwh": Decimal(mwh)}
    return Allocation(**(told | changes))


def record(world: World, at_ms: int, *records: Allocation, document: str = "aa") -> None:
    world.registry.record(records, bytes.fromhex(document * 32), at_ms)


@pytest.fixture
def market(tmp_path: Path) -> World:
    """An auction of two lots, and a revision at 23:50 that cancels one and cuts another."""
    world = World.make(tmp_path)
    world.registry.record([Zone(name="north", auction=ZONE)], bytes(32), MORNING)
    record(world, MORNING, bought(14, "5", price_kzt_mwh="21500"), bought(14, "2", lot="2"))
    record(world, MORNING, bought(15, "5"))
    record(world, LATE, bought(14, "3"), bought(14, "2", lot="2", cancelled=True), document="bb")
    return world


def ask(world: World, *arguments: str, code: int = 0) -> Result:
    with reading(world.engine) as connection:
        directory = str(directory_of(connection))
    result = CliRunner().invoke(app, ["allocations", directory, *arguments])
    assert result.exit_code == code, result.output
    return result


def periods(world: World, *arguments: str) -> Any:
    return json.loads(ask(world, BIN, ZONE, DAY, *arguments, "--json").stdout)["periods"]


def test_each_period_has_what_stands_and_all_its_versions(market: World) -> None:
    [first, second] = periods(market)
    assert (first["start"], first["allowed_mwh"]) == ("2026-11-23T13:00:00+05:00", "3")
    assert [
        (each["record"]["lot"], each["record"]["energy_mwh"], each["stands"])
        for each in first["versions"]
    ] == [("1", "5", False), ("1", "3", True), ("2", "2", False), ("2", "2", False)]
    assert first["versions"][1]["document"] == "bb" * 32
    assert second["allowed_mwh"] == "5"


def test_as_known_before_the_revision_it_is_what_was_answered_then(market: World) -> None:
    known = periods(market, "--known", "2026-11-22 23:49:59")
    assert [each["allowed_mwh"] for each in known] == ["7", "5"]
    assert periods(market, "--known", "2026-11-22 23:50") == periods(market)
    assert periods(market, "--known", "2026-11-22 09:00") == []


def test_a_person_reads_the_same(market: World) -> None:
    said = ask(market, BIN, "north", DAY).stdout
    assert "2026-11-23 13:00:00: 3 MWh" in said
    assert "replaced version 1, 2026-11-22T10:00:00+05:00: auction lot 1, 5 MWh at 21500" in said
    assert "cancelled (document bbbb" in said


def test_nothing_known_is_said(market: World) -> None:
    assert "nothing is known" in ask(market, BIN, ZONE, "2026-12-01").stdout


def test_a_day_that_is_none_is_refused(market: World) -> None:
    assert "is no moment" in ask(market, BIN, ZONE, "yesterday", code=2).output


# --- cancelling, and registers that leave something out


def starts(*hours: int) -> list[int]:
    return [read_moment(f"{DAY} {hour - 1:02}:00") for hour in hours]


def test_a_cancellation_is_of_all_that_stands_or_of_some(market: World) -> None:
    with reading(market.engine) as connection:
        all_of_it = cancellations(connection, ZONE, starts(14, 15))
        one = cancellations(connection, ZONE, starts(14, 15), lot="2")
        nobodys = cancellations(connection, ZONE, starts(14, 15), licensee="200240000017")
    assert [(each.energy_mwh, each.cancelled) for each in all_of_it] == [
        (Decimal(3), True),
        (Decimal(5), True),
    ]
    assert (one, nobodys) == ([], [])  # lot 2 is cancelled already


def test_what_a_complete_register_leaves_out_is_cancelled(market: World) -> None:
    record(market, LATE, bought(14, "1", licensee="200240000017"), bought(14, "4", source="import"))
    with reading(market.engine) as connection:
        found = omitted(connection, [bought(14, "3")])
    assert [(each.licensee, each.source, each.cancelled) for each in found] == [
        ("200240000017", "auction", True)
    ]


@pytest.mark.parametrize(
    ("text", "hours"), [("14", [14]), ("1-3,24", [1, 2, 3, 24]), (" 5 , 5-6", [5, 6])]
)
def test_hours_are_named_by_number(text: str, hours: list[int]) -> None:
    assert read_hours(text) == hours


@pytest.mark.parametrize("text", ["", "0", "25", "9-", "9-8", "1,,2", "a", "9–18"])
def test_what_names_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="9-18,20"):
        read_hours(text)
