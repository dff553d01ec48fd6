"""`esep registry`: import, export, show and history, as a person at the operator's uses them."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from any_record import any_record
from cli_world import run, run_json
from collector_world import BIN, NOW_MS, TestGateway, database, site_records
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from collector.cli.registry import app as registry_app
from collector.model.moments import moment_text
from collector.model.records import Feeder, Licensee, Record, Zone
from collector.registry.store import Registry

LICENSEES = "БИН;Наименование\n100240000017;Алатау\n140840000928;ТОО «Степь»\n"


@dataclass
class Counter:
    directory: Path
    registry: Registry

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def run(self, verb: str, *arguments: object, code: int = 0) -> str:
        result = run(verb, self.directory, *arguments, code=code, app=registry_app)
        return result.stdout if code == 0 else result.output

    def json(self, verb: str, *arguments: object, code: int = 0) -> Any:
        return run_json(verb, self.directory, *arguments, code=code, app=registry_app)

    def licensees(self) -> dict[str, str]:
        return {each.bin: each.name for each in self.registry.view().all(Licensee).values()}


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    registry = Registry(database(tmp_path))
    registry.record(site_records(TestGateway()), bytes(32), NOW_MS)
    return Counter(tmp_path, registry)


def test_a_sheet_is_previewed_and_then_taken(counter: Counter) -> None:
    sheet = counter.file("licensees.csv", LICENSEES)
    told = counter.run("import", "licensee", sheet, "--dry-run")
    assert "1 new, 1 changed, 0 same; nothing was changed" in told
    assert "changed licensee 100240000017: name: Alatau → Алатау" in told
    assert counter.licensees() == {BIN: "Alatau"}
    told = counter.run("import", "licensee", sheet, "--by", "Асель")
    assert "2 records taken" in told
    assert counter.licensees() == {BIN: "Алатау", "140840000928": "ТОО «Степь»"}
    again = counter.json("import", "licensee", sheet)
    assert again["counts"] == {"new": 0, "changed": 0, "same": 2}
    assert len(counter.json("history", "licensee", BIN)) == 2


def test_a_bad_row_keeps_all_from_being_taken_and_is_named(counter: Counter) -> None:
    sheet = counter.file("licensees.csv", LICENSEES + "100240000018;x\n")
    told = counter.run("import", "licensee", sheet, code=2)
    assert "licensees.csv: nothing was taken:" in told
    assert "A4, licensee 100240000018, bin: " in told
    assert "the check digit 7 would be right" in told
    found = counter.json("import", "licensee", sheet, "--dry-run", code=2)
    assert found["taken"] == 0
    [wrong] = found["wrong"]
    assert wrong["place"].startswith("A4")
    assert (wrong["kind"], wrong["key"], wrong["field"]) == ("licensee", "100240000018", "bin")
    assert counter.licensees() == {BIN: "Alatau"}


@pytest.mark.parametrize(
    ("name", "content", "words", "told"),
    [
        ("x.csv", LICENSEES.encode("windows-1251"), ["licensee"], "--encoding windows-1251"),
        ("x.csv", b"", ["licensee"], "the file is empty"),
        ("x.csv", LICENSEES, [], "name it before the file"),
        ("x.csv", LICENSEES, ["miner"], "no kind 'miner'"),
        ("x.doc", LICENSEES, ["licensee"], "one of toml, csv, xlsx"),
        ("x.xlsx", b"PK\x03\x04", ["licensee"], "cannot be read as XLSX"),
        ("x.toml", "[market", [], "is not TOML"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_by_name(
    counter: Counter, name: str, content: Any, words: list[str], told: str
) -> None:
    path = counter.file(name, content)
    said = counter.run("import", *words, path, code=2)
    assert f"{path}: " in said
    assert told in said
    assert counter.licensees() == {BIN: "Alatau"}


def test_an_encoding_may_be_named(counter: Counter) -> None:
    path = counter.file("x.csv", LICENSEES.encode("windows-1251"))
    counter.run("import", "licensee", path, "--encoding", "windows-1251")
    assert counter.licensees()[BIN] == "Алатау"


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx", "out.toml"])
@pytest.mark.parametrize("kind", ["licensee", "licence", "site", "gateway", "meter", "policy"])
def test_what_was_exported_changes_nothing_when_it_is_imported(
    counter: Counter, kind: str, name: str
) -> None:
    path = counter.directory / name
    counter.run("export", kind, path)
    found = counter.json("import", kind, path)
    assert found["counts"]["same"] > 0
    assert found["changes"] == []


def test_no_export_holds_a_formula(counter: Counter) -> None:
    nasty = '=HYPERLINK("http://example.com/";"x")'
    counter.registry.record([Licensee(bin=BIN, name=nasty)], bytes(32), NOW_MS)
    path = counter.directory / "out.xlsx"
    counter.run("export", "licensee", path)
    sheet = load_workbook(io.BytesIO(path.read_bytes())).active
    assert sheet is not None
    assert sheet["B2"].data_type == "s"
    assert sheet["B2"].value == f"'{nasty}"
    assert f"\"'{nasty[:11]}" in counter.run("export", "licensee")
    assert counter.json("import", "licensee", path)["changes"] == []


def test_one_asks_what_holds_and_what_was_known(counter: Counter) -> None:
    def told(start_ms: int, end_ms: int | None, known_ms: int) -> None:
        feeder = Feeder(
            name="f", zone="north", substation="s", valid_from=start_ms, valid_until=end_ms
        )
        counter.registry.record([feeder], bytes(32), known_ms)

    day_ms = 86_400_000
    told(NOW_MS, None, NOW_MS)
    told(NOW_MS, NOW_MS + day_ms, NOW_MS + 3 * day_ms)

    def shown(**when: int) -> list[Any]:
        options = [part for name, ms in when.items() for part in (f"--{name}", moment_text(ms))]
        return [each["valid_until"] for each in counter.json("show", "feeder", *options)]

    assert shown() == [NOW_MS + day_ms]
    assert shown(at=NOW_MS) == [NOW_MS + day_ms]
    assert shown(at=NOW_MS + 2 * day_ms) == []
    assert shown(at=NOW_MS + 2 * day_ms, known=NOW_MS + day_ms) == [None]
    assert shown(known=NOW_MS - day_ms) == []


def test_one_record_is_shown_and_its_history(counter: Counter) -> None:
    assert f"licensee {BIN}\n  bin: {BIN}\n  name: Alatau\n" == counter.run("show", "licensee", BIN)
    assert "no licensee '1'" in counter.run("show", "licensee", "1", code=2)
    assert "no licensee '1'" in counter.run("history", "licensee", "1", code=2)
    assert "the kinds are" in counter.run("show", "miner", code=2)
    assert "--at: 'soon' is no moment" in counter.run("show", "licensee", "--at", "soon", code=2)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.lists(
            any_record(Zone).map(lambda zone: zone.model_copy(update={"name": zone.name[0]})),
            min_size=1,
            max_size=3,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_as_known_on_gives_what_was_answered_then(
    tmp_path_factory: pytest.TempPathFactory, changes: list[list[Record]]
) -> None:
    registry = Registry(database(tmp_path_factory.mktemp("known")))
    answered = {}
    for number, records in enumerate(changes):
        registry.record({each.key: each for each in records}.values(), bytes(32), NOW_MS + number)
        answered[NOW_MS + number] = registry.view().all(Zone)
    for known_ms, answer in answered.items():
        assert registry.view_known(known_ms).all(Zone) == answer
    assert registry.view_known(NOW_MS - 1).all(Zone) == {}


def test_a_clock_that_was_wrong_for_a_while_hides_nothing(counter: Counter) -> None:
    year_ms = 365 * 86_400_000
    counter.registry.record([Zone(name="a", auction="a")], bytes(32), NOW_MS + year_ms)
    counter.registry.record([Zone(name="b", auction="b")], bytes(32), NOW_MS + 1)
    assert set(counter.registry.view_known(NOW_MS + 1).all(Zone)) == {"a", "b"}
    assert set(counter.registry.view_known(NOW_MS).all(Zone)) == set()
