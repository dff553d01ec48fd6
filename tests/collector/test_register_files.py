"""Files of records: what was exported is imported as the same, and each fault has its cell."""

import io
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from any_record import any_record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from collector.model.records import KINDS, Licence, Licensee, Meter, Record
from collector.registry import sheet_files
from collector.registry.files import Format, read_file, write_file
from collector.registry.reading import FileError, Reading
from collector.registry.sheet_files import names

HEADERS = Path(sheet_files.__file__).with_name("headers.toml")
LICENCES = "number;licensee;subtype;sites;valid_from;valid_through\n"


@pytest.mark.parametrize("format_", get_args(Format))
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_what_is_exported_is_imported_as_it_was(kind: str, format_: Any, data: Any) -> None:
    records = data.draw(
        st.lists(any_record(KINDS[kind]), max_size=3, unique_by=lambda record: record.key)
    )
    given = read_file(write_file(records, kind, format_), format_, kind)
    assert given.wrong == []
    assert given.records == records


def read(text: str, kind: str = "licence") -> Reading:
    return read_file(text.encode(), "csv", kind)


def one(text: str, kind: str = "licence") -> Any:
    given = read(text, kind)
    assert given.wrong == []
    [record] = given.records
    return record


def test_a_sheet_may_say_it_as_people_do() -> None:
    record = one(
        "№ лицензии;БИН лицензиата;Подвид;Площадки;Действует с;Действует по\n"
        " L-1 ;100240000017;I;a; 05.01.2026 ;2029-01-04\n"
    )
    assert record == Licence(
        number="L-1",
        licensee="100240000017",
        subtype="I",
        sites=("a",),
        valid_from=ms("2026-01-05T00:00:00+05:00"),
        valid_until=ms("2029-01-05T00:00:00+05:00"),
    )


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_figures_and_lists_are_read_as_they_are_printed() -> None:
    meter = one(
        "serial;site;gateway;slot;profile;bus;unit;ct;vt;point;timeout_ms\n"
        "M-1;a;0123456789abcdef;0;p;0;1;100/5;10\xa0000 / 100;2;1\u202f500,0\n",
        "meter",
    )
    assert (meter.ct, meter.vt, meter.point, meter.timeout_ms) == ((100, 5), (10_000, 100), 2, 1500)
    assert meter.retries == Meter.model_fields["retries"].default
    quota = one(
        f"zone;start;energy_mwh;document_sha256\nnorth;2026-11-23 14:00;1 234,5;{'ab' * 32}\n",
        "quota",
    )
    assert str(quota.energy_mwh) == "1234.5"


def test_an_empty_cell_is_not_said_and_an_empty_text_is() -> None:
    text = "licence,act,reference,document_sha256,valid_from,sites\n"
    given = one(text + f'L-1,sites,"""""",{"ab" * 32},2026-01-01,[]\n', "licence_act")
    assert (given.reference, given.sites, given.ends) == ("", (), None)


@pytest.mark.parametrize(
    ("row", "place", "told"),
    [
        ("L-1;1;I;a;2026-13-01;2029-01-01", "E2, valid_from", "month must be in 1..12"),
        ("L-1;1;I;a;46000;2029-01-01", "E2, valid_from", "spreadsheet's number for 2025-12-09"),
        ("L-1;1;I;a;01/02/2026;2029-01-01", "E2, valid_from", "write 2026-11-23"),
        ("L-1;1;I;a;2024-02-29 23:30;2029-01-01", "E2, valid_from", "23:30:00+06:00"),
        ("L-1;1;I;a;2026-01-01;2029-01-01 12:00", "F2, valid_until", "the last day is a date"),
        ("L-1;1;III;a;2026-01-01;2029-01-01", "C2, subtype", "'I' or 'II'"),
        ("L 1;1;I;a;2026-01-01;2029-01-01", "A2, number", "Latin letters"),
        ("L-1;1;I;a b;2026-01-01;2029-01-01", "D2, sites.0", "Latin letters"),
        (";1;I;a;2026-01-01;2029-01-01", "A2, number", "Field required"),
        ("L-1;1;I;a;2026-01-01", "F2, valid_until", "Field required"),
        ("L-1;1;I;a;2026-01-01;2029-01-01;x", "row 2", "G2 stands under no column name"),
    ],
)
def test_each_fault_is_said_with_its_cell_and_what_would_be_right(
    row: str, place: str, told: str
) -> None:
    given = read(LICENCES + row + "\n")
    [wrong] = given.wrong
    assert str(wrong).startswith(f"  {place}: ")
    assert told in str(wrong)
    assert given.records == []


@pytest.mark.parametrize(
    "figure", ["1E1000000000", "9" * 5000, "1,5,5", "1.234,5", "nan", "١٢", "--1", "0x10"]
)
def test_a_figure_that_is_none_is_refused(figure: str) -> None:
    text = "zone;start;energy_mwh;document_sha256\n"
    [wrong] = read(text + f"north;2026-11-23;{figure};{'ab' * 32}\n", "quota").wrong
    assert wrong.place == "C2"
    assert len(str(wrong)) < 200


@pytest.mark.parametrize("nested", ["[" * 100_000, "{", "9" * 5000])
def test_what_is_nested_too_deep_is_refused(nested: str) -> None:
    text = "name;licensee;zone;gateway;stages\n"
    given = read(text + f"a;1;north;0123456789abcdef;{nested}\n", "site")
    assert len(given.wrong) == 1


@pytest.mark.parametrize("toml", ["a = " + "[" * 100_000, "a = " + "9" * 5000, 'a = "\\ud800"'])
def test_hostile_toml_is_refused(toml: str) -> None:
    with pytest.raises(FileError, match="is not TOML"):
        read_file(toml.encode(), "toml")


def test_zeros_that_a_spreadsheet_took_off_a_bin_are_missed() -> None:
    [wrong] = read("bin;name\n40000017;x\n", "licensee").wrong
    assert "8 digits and a BIN has 12" in str(wrong)
    assert "format of a text" in str(wrong)


def test_rows_that_stand_twice_are_named() -> None:
    given = read("bin;name\n100240000017;a\n140840000928;b\n100240000017;a\n", "licensee")
    [wrong] = given.wrong
    assert (
        str(wrong) == "  rows 2, 4, licensee 100240000017: it stands 2 times; once would be right"
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("nunber;licensee\nL;1\n", "A1: there is no column 'nunber'"),
        ("number;№ лицензии\nL;1\n", "B1: column number stands twice"),
        ("number;valid_until;valid_through\n", None),
        ("\n \n", "the file is empty"),
    ],
)
def test_the_first_row_names_columns(content: str, told: str | None) -> None:
    if told is None:
        assert read(content).records == []
        return
    with pytest.raises(FileError, match=told):
        read(content)


def test_an_end_is_said_in_one_way() -> None:
    text = "number;licensee;subtype;sites;valid_from;valid_until;valid_through\n"
    [wrong] = read(text + "L-1;1;I;a;2026-01-01;2029-01-01;2028-12-31\n").wrong
    assert "not both" in str(wrong)


def test_a_sheet_needs_its_kind_and_a_kind_must_be_one() -> None:
    with pytest.raises(FileError, match="name it before the file"):
        read_file(b"bin\n", "csv")
    with pytest.raises(FileError, match="no kind 'licensees'"):
        read_file(b"bin\n", "csv", "licensees")
    toml = b'[[licensee]]\nbin = "100240000017"\nname = "x"\n'
    [wrong] = read_file(toml, "toml", "licence").wrong
    assert "only licence is to be imported" in str(wrong)


def test_a_thousand_faults_are_enough() -> None:
    given = read("bin;name\n" + "1;x\n" * 5000, "licensee")
    assert len(given.wrong) == 1000


def test_a_workbook_of_a_person_is_read() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["БИН", "Наименование"])
    sheet.append(["100240000017", "ТОО «Алатау»"])
    made = io.BytesIO()
    book.save(made)
    [record] = read_file(made.getvalue(), "xlsx", "licensee").records
    assert record == Licensee(bin="100240000017", name="ТОО «Алатау»")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_header_may_mean_two_columns_and_none_is_left_over(kind: type[Record]) -> None:
    tables = tomllib.loads(HEADERS.read_text())
    for table in (tables["any"], tables.get(kind.kind, {})):
        headers = [
            header for field in set(table) & set(kind.model_fields) for header in table[field]
        ]
        assert len(headers) == len(set(headers))
    assert {column.field for column in names(kind).values()} >= set(kind.model_fields)
    assert set(tables.get(kind.kind, {})) <= {*kind.model_fields, "enrolment"}
