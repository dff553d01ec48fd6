"""Documents of the auction as a person gives them: results, registers, letters."""

import csv
import io
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from collector_world import BIN, POLICY, REAL, World
from korem_pages import NORTH_SOUTH, QUOTA, WEST, Style, result, row
from korem_pages import Zone as Block
from typer.testing import CliRunner, Result

from collector.cli.registry import app
from collector.model.moments import read_moment
from collector.model.records import Allocation, Zone
from collector.registry import entitlements
from collector.storage import reading

DAY = "2026-11-23"
HEADS = ["БИН", "Зона торгов", "Дата поставки", *map(str, range(1, 25)), "Всего"]
MAPPING = Path(__file__).parents[2] / "collector/registry/winners/example.toml"


class Desk:
    """A collector's directory with an hourly market, and files beside it."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.directory = world, directory
        world.registry.record(
            [REAL, Zone(name="north", auction="north-south"), Zone(name="w", auction="west")],
            bytes(32),
            1,
        )

    def __call__(self, verb: str, *arguments: object, code: int = 0) -> Result:
        called = [verb, str(self.directory), *map(str, arguments)]
        done = CliRunner().invoke(app, called)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    def file(self, name: str, content: bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content)
        return path

    def register(self, *rows: list[str]) -> Path:
        made = io.StringIO()
        csv.writer(made, delimiter=";").writerows([HEADS, *rows])
        return self.file("winners.csv", made.getvalue().encode())

    def bought(self, hour: int) -> list[tuple[str, str]]:
        start_ms = read_moment(f"{DAY} {hour - 1:02}:00")
        with reading(self.world.engine) as connection:
            found = entitlements.allocations(connection, BIN, "north-south", start_ms)
        return [(each.record.lot, f"{each.record.energy_mwh:f}") for each in found]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """On SQLite: what is asked of the database, `test_entitlements` asks on both engines."""
    return Desk(World.make(tmp_path), tmp_path)


def day_of(mwh: str, total: str) -> list[str]:
    return [BIN, "Северная-Южная", "23.11.2026", *[mwh] * 24, total]


# --- results


def daily_result(mwh: float = 10.0) -> bytes:
    zones = [
        Block(NORTH_SOUTH, "12,5 тенге/кВт·ч", [(QUOTA, row([mwh] * 24))]),
        Block(WEST, "13 тенге/кВт·ч", [(QUOTA, row([2.0] * 24))], has_bids=False),
    ]
    return result(zones)


def test_a_result_gives_quotas_and_says_what_it_holds(desk: Desk) -> None:
    file = desk.file("result.pdf", daily_result())
    told = json.loads(desk("import", "quota", file, "--json").stdout)
    assert told["taken"] == 48
    assert told["sha256"] == sha256(file.read_bytes()).hexdigest()
    document = told["document"]
    assert (document["traded"], document["delivered"]) == ("2026-11-22", "2026-11-23")
    assert document["hour_convention"] == "hour 1 begins at 00:00 in Astana"
    assert document["hour_convention_is_confirmed"] is False
    north, west = document["zones"]
    assert (north["zone"], north["start_price"], north["has_bids"]) == ("north-south", "12.5", True)
    assert north["rows"]["quota"] == {"hours": ["10.0"] * 24, "total": "240.0"}
    assert west["has_bids"] is False
    with reading(desk.world.engine) as connection:
        version = entitlements.quota(connection, "west", read_moment(f"{DAY} 23:00"))
    assert version is not None
    assert version.record.energy_mwh == 2
    assert version.document.hex() == told["sha256"]


def test_the_same_result_again_changes_nothing_and_a_corrected_one_is_a_version(desk: Desk) -> None:
    file = desk.file("result.pdf", daily_result())
    desk("import", "quota", file)
    again = json.loads(desk("import", "quota", file, "--json").stdout)
    assert again["counts"] == {"new": 0, "changed": 0, "same": 48}
    corrected = desk.file("corrected.pdf", daily_result(9.5))
    told = json.loads(desk("import", "quota", corrected, "--dry-run", "--json").stdout)
    assert told["counts"] == {"new": 0, "changed": 48, "same": 0}
    assert told["taken"] == 0
    assert told["changes"][0]["fields"]["energy_mwh"] == ["10.0", "9.5"]


def test_what_is_no_result_changes_nothing(desk: Desk) -> None:
    wrong = row([10.0] * 24)
    wrong[24] = "239,0"
    file = desk.file("r.pdf", result([Block(WEST, "1", [(QUOTA, wrong)])]))
    said = desk("import", "quota", file, code=2).stderr
    assert "r.pdf: zone west, row quota: the hours add up to 240.0 MWh" in said
    protected = desk.file("p.pdf", result([], Style(password="x")))  # noqa: S106
    assert "protected by a password" in desk("import", "quota", protected, code=2).stderr
    with reading(desk.world.engine) as connection:
        assert entitlements.newest_version(connection) == 0


def test_a_pdf_needs_its_kind(desk: Desk) -> None:
    file = desk.file("result.pdf", daily_result())
    assert "name the kind, quota" in desk("import", file, code=2).stderr


# --- registers of winners


def test_a_register_of_winners_is_taken_by_its_mapping(desk: Desk) -> None:
    file = desk.register(day_of("1,5", "36"))
    told = json.loads(desk("import", "allocation", file, "--mapping", MAPPING, "--json").stdout)
    assert told["taken"] == 24
    assert any("Example" in note for note in told["notes"])
    assert desk.bought(1) == desk.bought(24) == [("1", "1.5")]


def test_a_correction_shows_old_and_new_before_it_is_taken(desk: Desk) -> None:
    desk("import", "allocation", desk.register(day_of("1,5", "36")), "--mapping", MAPPING)
    file = desk.register(day_of("2", "48"))
    said = desk("import", "allocation", file, "--mapping", MAPPING, "--dry-run").stdout
    assert "0 new, 24 changed, 0 same" in said
    assert "energy_mwh: 1.5 → 2" in said
    assert desk.bought(1) == [("1", "1.5")]
    desk("import", "allocation", file, "--mapping", MAPPING)
    assert desk.bought(1) == [("1", "2")]


def test_a_complete_register_cancels_what_it_leaves_out(desk: Desk) -> None:
    hour_1 = read_moment(f"{DAY} 00:00")
    extra = Allocation(licensee=BIN, zone="north-south", start=hour_1, energy_mwh="7", lot="9")
    desk.world.registry.record([extra], bytes(32), 1)
    file = desk.register(day_of("1", "24"))
    desk("import", "allocation", file, "--mapping", MAPPING)
    assert desk.bought(1) == [("1", "1"), ("9", "7")]
    desk("import", "allocation", file, "--mapping", MAPPING, "--complete")
    assert desk.bought(1) == [("1", "1")]


def test_what_is_above_the_quota_is_a_warning_before_and_after(desk: Desk) -> None:
    desk("import", "quota", desk.file("result.pdf", daily_result(1.2)))
    file = desk.register(day_of("1,5", "36"))
    arguments = ("import", "allocation", file, "--mapping", MAPPING)
    before = json.loads(desk(*arguments, "--dry-run", "--json").stdout)
    taken = json.loads(desk(*arguments, "--json").stdout)
    assert before["warnings"] == taken["warnings"]
    assert len(taken["warnings"]) == 24
    assert "1.5 MWh are allocated, the quota is 1.2 MWh" in taken["warnings"][0]["text"]


def test_one_wrong_row_keeps_all_rows_out(desk: Desk) -> None:
    file = desk.register(day_of("1", "24"), day_of("1", "23"))
    said = desk("import", "allocation", file, "--mapping", MAPPING, code=2).stderr
    assert "AB3, total: the hours add up to 24 MWh, the total is 23 MWh" in said
    assert desk.bought(1) == []


def test_documents_need_an_hourly_market(tmp_path: Path) -> None:
    World.make(tmp_path)
    file = tmp_path / "result.pdf"
    file.write_bytes(daily_result())
    done = CliRunner().invoke(app, ["import", str(tmp_path), "quota", str(file)])
    assert done.exit_code == 2
    assert "periods of 20 s" in done.stderr


# --- letters


def letter(desk: Desk) -> Path:
    return desk.file("letter.txt", "Отменить".encode())


def test_what_a_person_enters_another_approves(desk: Desk) -> None:
    arguments: list[Any] = [BIN, "north", DAY, "--hours", "9-10", "--energy", "2,5"]
    arguments += ["--price", "21 500", "--document", letter(desk), "--by", "Aigul"]
    said = desk("allocate", *arguments, code=3).stdout
    assert "proposal 1" in said
    assert desk.bought(9) == []
    assert "own" in desk("approve", "1", "--by", " aigul ", code=2).output
    desk("approve", "1", "--by", "Marat")
    assert desk.bought(9) == desk.bought(10) == [("1", "2.5")]
    assert desk.bought(11) == []
    told = json.loads(desk("allocations", BIN, "north", DAY, "--json").stdout)
    [version] = told["periods"][0]["versions"]
    assert (version["recorded_by"], version["approved_by"]) == ("Aigul", "Marat")
    assert version["document"] == sha256("Отменить".encode()).hexdigest()


def test_the_system_operators_cancellation_keeps_its_letter(desk: Desk) -> None:
    desk("import", "allocation", desk.register(day_of("1,5", "36")), "--mapping", MAPPING)
    desk("cancel", "north", DAY, "--hours", "18-20", "--document", letter(desk), "--by", "Aigul")
    assert desk.bought(17) == [("1", "1.5")]
    assert desk.bought(18) == desk.bought(20) == []
    told = json.loads(desk("allocations", BIN, "north", DAY, "--json").stdout)
    versions = told["periods"][17]["versions"]
    assert [each["record"]["cancelled"] for each in versions] == [False, True]
    assert versions[1]["document"] == sha256("Отменить".encode()).hexdigest()
    assert versions[1]["recorded_by"] == "Aigul"


def test_a_cancellation_waits_for_two_where_policy_says_so(desk: Desk) -> None:
    desk("import", "allocation", desk.register(day_of("1,5", "36")), "--mapping", MAPPING)
    strict = POLICY.model_copy(update={"two_persons": ("allocation",)})
    desk.world.registry.record([strict], bytes(32), 2)
    arguments = ("north", DAY, "--hours", "18", "--document", "ab" * 32, "--by", "Aigul")
    desk("cancel", *arguments, code=3)
    assert desk.bought(18) == [("1", "1.5")]
    desk("approve", "1", "--by", "Marat")
    assert desk.bought(18) == []


REFUSED = {
    "no hours": (["--hours", "25"], "--hours: '25' names no hours"),
    "no energy": (["--energy", "two"], "--energy: 'two' is no figure"),
    "no document": (["--document", "none.pdf"], "--document: none.pdf: cannot be read"),
    "no source": (["--source", "theft"], "source"),
    "an unknown licensee": (["--lot", "a b"], "lot"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_entered_is_said(desk: Desk, name: str) -> None:
    given, said = REFUSED[name]
    fits = {"--hours": "9", "--energy": "1", "--document": "ab" * 32, "--by": "Aigul"}
    options = [part for pair in (fits | dict([given])).items() for part in pair]
    assert said in desk("allocate", BIN, "north", DAY, *options, code=2).stderr


def test_where_nothing_stands_nothing_is_cancelled(desk: Desk) -> None:
    arguments = ("north", DAY, "--hours", "18", "--document", "ab" * 32, "--by", "Aigul")
    assert "nothing that could be cancelled" in desk("cancel", *arguments, code=2).stderr
