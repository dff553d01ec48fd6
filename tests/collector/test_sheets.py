"""Sheets: CSV and XLSX of any origin, as rows of texts with their places; traps are refused."""

import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import MAC_EPOCH

from collector.registry.sheets import Row, SheetError, read_sheet, write_csv, write_xlsx
from collector.registry.sheets.cells import neutral, plain

ANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ROWS = st.lists(
    st.lists(TEXTS | st.sampled_from(["=1+1", "-5", "@a", "\tx", "'", "'=", "_x000D_"]))
)


def cells(content: bytes, **options: Any) -> list[tuple[str, ...]]:
    return [row.cells for row in read_sheet(content, **options).rows]


def without_end(row: list[str]) -> list[str]:
    while not row[-1]:
        row = row[:-1]
    return row


def xlsx(fill: Callable[[Any], None]) -> bytes:
    """A workbook as others make them."""
    book = Workbook()
    fill(book)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def moment(*parts: int) -> datetime:
    """As a workbook keeps it: without an offset."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]


def altered(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """A workbook with one of its parts changed, as no program writes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w", 8) as target:
        for entry in source.namelist():
            part = source.read(entry)
            assert entry != name or old in part
            target.writestr(entry, part.replace(old, new) if entry == name else part)
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
PLAIN = xlsx(lambda book: book.active.append(["a", "b", 1]))


@pytest.mark.parametrize("write", [write_csv, lambda rows: write_xlsx(rows, "kind")])
@ANY
@given(ROWS)
def test_what_was_written_is_read_as_it_was(write: Any, rows: list[list[str]]) -> None:
    written = [["head", "er"], *(row for row in rows if any(row))]
    read = [row.cells for row in read_sheet(write(written), delimiter=",").rows]
    assert [list(row) for row in read] == [without_end(row) for row in written]


@ANY
@given(TEXTS | st.text("'=+-@\t\r\n", max_size=4))
def test_no_written_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    assert neutral(text)[:1] not in set("=+-@\t\r\n")
    assert plain(neutral(text)) == text


def test_cells_are_named_as_a_spreadsheet_names_them() -> None:
    row = Row(7, ("a",))
    assert [row.place(0), row.place(25), row.place(26), row.place(701), row.place(702)] == [
        "A7", "Z7", "AA7", "ZZ7", "AAA7"
    ]  # fmt: skip
    assert row.cell(3) == ""


def test_rows_keep_the_numbers_that_a_spreadsheet_shows() -> None:
    read = read_sheet(b'a,b\n\n"two\nlines",2\n,\n3,4\n')
    assert [row.number for row in read.rows] == [1, 3, 5]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("имя;МВт·ч\nа;1,5\nб;2,5\n", "semicolon"),
        ("имя, фамилия;МВт·ч, всего\nа;1,5\nб;2,5\n", "semicolon"),
        ("имя\tМВт·ч\nа\t1,5\nб\t2,5\n", "tab"),
        ("имя,МВт·ч\nа,1.5\nб,2.5\n", "comma"),
        ("name,sites\na,x;y\nb,z;w\n", "comma"),
        ("sep=;\nимя;МВт·ч\nа;1\n", "semicolon"),
    ],
)
def test_the_delimiter_is_found_and_said(text: str, said: str) -> None:
    sheet = read_sheet(text.encode())
    assert f"delimiter: {said}" in sheet.notes
    assert {len(row.cells) for row in sheet.rows} == {2}


def test_a_delimiter_may_be_given() -> None:
    assert cells(b"a|b\n", delimiter="|") == [("a", "b")]
    with pytest.raises(SheetError, match="one character"):
        read_sheet(b"a|b\n", delimiter="||")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_encoding_that_the_bytes_prove_is_taken(encoding: str) -> None:
    assert cells("имя;Әсел\n".encode(encoding)) == [("имя", "Әсел")]


def test_windows_1251_is_recognised_and_asked_for_never_guessed() -> None:
    content = "имя;город\nТОО Алатау;Алматы\n".encode("windows-1251")
    with pytest.raises(SheetError) as refused:
        read_sheet(content)
    for told in ("line 1", "имя;город", "--encoding windows-1251", "--encoding kz-1048"):
        assert told in str(refused.value)
    assert cells(content, encoding="windows-1251")[1] == ("ТОО Алатау", "Алматы")
    kazakh = "аты;қала\n".encode("kz-1048")
    assert cells(kazakh, encoding="kz-1048") == [("аты", "қала")]


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (b"", {}, "the file is empty"),
        (b" \r\n", {}, "the file is empty"),
        ("имя\n".encode("utf-16-le"), {}, "UTF-16 without its mark"),
        (b"a,b\n", {"encoding": "utf-9"}, "none of that name"),
        (b"\x98,b\n", {"encoding": "windows-1251"}, "byte 0"),
        (b"a,b\n1,=2+2\n", {}, "B2: '=2[+]2' is a formula"),
        (b'a,b\n1,"open\n2,3\n', {}, "row 2: unexpected end of data"),
        (b'a,b\n1,"x" y\n', {}, "row 2"),
        (b"a," * 600 + b"\n", {}, "row 1: more than 512 columns"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + b"x", {}, "old .xls"),
        (b"%PDF-1.7", {}, "PDF"),
        (b"PK\x03\x04 no archive", {}, "cannot be read as XLSX"),
        (PLAIN[: len(PLAIN) // 2], {}, "cannot be read as XLSX"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_would_be_right(
    content: bytes, options: Any, told: str
) -> None:
    with pytest.raises(SheetError, match=told):
        cells(content, **options)


@ANY
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"a;b\n"]))
def test_garbage_is_read_or_refused_never_a_crash(rubbish: bytes, start: bytes) -> None:
    with suppress(SheetError):
        cells(start + rubbish)


@ANY
@given(st.integers(0, len(PLAIN) - 1), st.integers(1, 255))
def test_a_damaged_workbook_is_read_or_refused(place: int, change: int) -> None:
    damaged = bytearray(PLAIN)
    damaged[place] ^= change
    with suppress(SheetError):
        cells(bytes(damaged))


def test_values_of_a_workbook_are_what_it_shows() -> None:
    def fill(book: Any) -> None:
        book.active.append(["текст", 12, 0.1 + 0.2, 1.5e-7, 1e20, True, None, "последний"])
        book.active.append([date(2026, 1, 5), moment(2026, 1, 5, 14, 30), "=2"])
        book.active["C2"].data_type = "s"

    assert cells(xlsx(fill)) == [
        ("текст", "12", "0.3", "0.00000015", "100000000000000000000", "true", "", "последний"),
        ("2026-01-05", "2026-01-05T14:30:00", "=2"),
    ]


@pytest.mark.parametrize("mac", [False, True])
def test_dates_are_read_from_the_serials_in_which_workbooks_keep_them(mac: bool) -> None:
    def fill(book: Any) -> None:
        if mac:
            book.epoch = MAC_EPOCH
        book.active.append([moment(2024, 2, 29, 23, 15)])

    assert cells(xlsx(fill)) == [("2024-02-29T23:15:00",)]


@pytest.mark.parametrize(
    ("value", "told"),
    [("=1+1", "B1: a formula, '=1[+]1'"), ("#N/A", "B1: the error #N/A")],
)
def test_a_cell_that_has_no_value_of_its_own_is_refused(value: Any, told: str) -> None:
    with pytest.raises(SheetError, match=told):
        cells(xlsx(lambda book: book.active.append(["a", value])))


def test_a_formula_is_refused_though_its_cached_value_is_there() -> None:
    cached = altered(
        xlsx(lambda book: book.active.append(["a", "=1+1"])),
        SHEET,
        b"<f>1+1</f><v />",
        b"<f>1+1</f><v>2</v>",
    )
    with pytest.raises(SheetError, match="B1: a formula"):
        cells(cached)


def test_hidden_sheets_are_never_read_silently() -> None:
    def fill(book: Any) -> None:
        book.active.title = "открытый"
        book.active.append(["a"])
        book.create_sheet("empty")
        hidden = book.create_sheet("скрытый")
        hidden.append(["b"])
        hidden.sheet_state = "veryHidden"

    content = xlsx(fill)
    sheet = read_sheet(content)
    assert [row.cells for row in sheet.rows] == [("a",)]
    assert sheet.notes == ("sheet: открытый", "hidden sheets, not read: скрытый")
    assert cells(content, sheet="скрытый") == [("b",)]
    with pytest.raises(SheetError, match="there are: открытый, empty, скрытый"):
        read_sheet(content, sheet="нет")


def test_of_several_sheets_one_must_be_named() -> None:
    def fill(book: Any) -> None:
        book.active.append(["a"])
        book.create_sheet("two").append(["b"])

    with pytest.raises(SheetError, match="--sheet: Sheet, two"):
        read_sheet(xlsx(fill))
    with pytest.raises(SheetError, match="no visible sheet has a row"):
        read_sheet(xlsx(lambda book: None))


def test_merged_cells_are_allowed_in_titles_only() -> None:
    def fill(book: Any) -> None:
        for row in (["title"], ["a", "b"], ["1", "2"], ["3"]):
            book.active.append(row)
        book.active.merge_cells("A1:B1")
        book.active.merge_cells("B3:B4")

    sheet = read_sheet(xlsx(fill))
    with pytest.raises(SheetError, match="B3:B4: the cells are merged"):
        sheet.require_unmerged(2)
    sheet.require_unmerged(5)


def test_zip_bombs_are_refused_before_they_are_unpacked() -> None:
    def packed(parts: dict[str, bytes]) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, part in parts.items():
                archive.writestr(name, part)
        return made.getvalue()

    with pytest.raises(SheetError, match="more than 200 times its size"):
        read_sheet(packed({SHEET: bytes(5 << 20)}))
    with pytest.raises(SheetError, match="1001 files"):
        read_sheet(packed({str(number): b"" for number in range(1001)}))
    huge = bytearray(packed({SHEET: b"x" * 100}))
    at = huge.rindex(b"PK\x01\x02")
    huge[at + 24 : at + 28] = (2 << 30).to_bytes(4, "little")
    with pytest.raises(SheetError, match="unpacks to 2048 MiB"):
        read_sheet(bytes(huge))


def test_entities_of_xml_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><worksheet'
    with pytest.raises(SheetError, match="Entities"):
        cells(altered(PLAIN, SHEET, b"<worksheet", bomb))
    file = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet'
    with pytest.raises(SheetError, match="Entities"):
        cells(altered(PLAIN, SHEET, b"<worksheet", file))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b'<row r="1"', b'<row r="99999999999"', "rows must follow"),
        (b'<c r="B1"', b'<c r="XFD1"', "cells must follow"),
        (b'<c r="B1"', b'<c r="A1"', "cells must follow"),
        (b'<c r="B1"', b'<c r="?"', "cannot be read"),
        (b"<v>1</v>", b"<v>1E999</v>", "C1: inf is no number"),
        (b"<v>1</v>", b"<v>one</v>", "cannot be read"),
    ],
)
def test_impossible_cells_are_refused(old: bytes, new: bytes, told: str) -> None:
    with pytest.raises(SheetError, match=told):
        cells(altered(PLAIN, SHEET, old, new))


def test_a_declared_size_is_not_believed() -> None:
    assert cells(altered(PLAIN, SHEET, b'ref="A1:C1"', b'ref="A1:XFD1048576"')) == [("a", "b", "1")]


def test_a_text_longer_than_a_cell_is_refused_by_the_writer() -> None:
    with pytest.raises(SheetError, match="export it as CSV"):
        write_xlsx([["a" * 40_000]], "kind")
