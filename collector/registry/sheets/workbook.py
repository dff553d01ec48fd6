"""XLSX (ECMA-376), from whoever made it: bounded, and never a formula's cached value."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from openpyxl import DEFUSEDXML, load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet._reader import WorkSheetParser

from collector.registry.sheets.cells import (
    COLUMNS_MAX,
    ROWS_MAX,
    Merged,
    Row,
    Sheet,
    SheetError,
    plain,
    trimmed,
)

ENTRIES_MAX = 1_000
UNPACKED_MAX = 1 << 30
RATIO_MAX = 200
_SMALL = 1 << 20
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+(\d+)(?::[A-Z]+(\d+))?)"')
_CHUNK = 1 << 20
_OVERLAP = 200

_ReadOnlySheet = Any
"""openpyxl's: by its parser, as what it offers itself loses cells that stand out of order."""

if not DEFUSEDXML:
    raise ImportError("openpyxl must read XML by defusedxml, which refuses entities")


def read_xlsx(content: bytes, name: str | None = None) -> Sheet:
    """The sheet of that name, or the only visible one that is not empty; raises SheetError."""
    _check_size(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True)
        sheet, notes = _choose(book, name)
        merged = tuple(_merged(sheet._get_source()))
    except SheetError:
        raise
    except Exception as error:  # whatever the parser stumbles over in a hostile file
        raise _unreadable(error) from None
    return Sheet(_guarded(_rows(book, sheet)), notes, merged)


def _check_size(content: bytes) -> None:
    """By what the archive declares: no more than that is ever unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OverflowError) as error:
        raise _unreadable(error) from None
    if len(entries) > ENTRIES_MAX:
        raise SheetError(f"it holds {len(entries)} files; a workbook has at most {ENTRIES_MAX}")
    if (unpacked := sum(entry.file_size for entry in entries)) > UNPACKED_MAX:
        raise SheetError(
            f"it unpacks to {unpacked >> 20} MiB; at most {UNPACKED_MAX >> 20} are read: split it"
        )
    for entry in entries:
        if entry.file_size > max(_SMALL, RATIO_MAX * entry.compress_size):
            raise SheetError(
                f"{entry.filename} unpacks to more than {RATIO_MAX} times its size, as only a trap"
                " does; save the table anew as XLSX, or as CSV"
            )


def _choose(book: Any, name: str | None) -> tuple[_ReadOnlySheet, tuple[str, ...]]:
    sheets = {each.title: each for each in book.worksheets}
    if name is not None:
        if name not in sheets:
            raise SheetError(f"there is no sheet {name!r}; there are: {', '.join(sheets)}")
        return sheets[name], (f"sheet: {name}",)
    hidden = [title for title, each in sheets.items() if each.sheet_state != "visible"]
    filled = [
        title
        for title, each in sheets.items()
        if title not in hidden and next(_guarded(_rows(book, each, looking=True)), None)
    ]
    if len(filled) > 1:
        raise SheetError(f"several sheets have rows; name one with --sheet: {', '.join(filled)}")
    if not filled:
        also = f"; hidden ones are read only when --sheet names them: {', '.join(hidden)}"
        raise SheetError("no visible sheet has a row" + (also if hidden else ""))
    notes = [f"sheet: {filled[0]}"]
    if hidden:
        notes.append(f"hidden sheets, not read: {', '.join(hidden)}")
    return sheets[filled[0]], tuple(notes)


def _merged(source: BinaryIO) -> Iterator[Merged]:
    """They stand behind the rows: found before those are read, by their bytes."""
    with source:
        seen: set[bytes] = set()
        kept = b""
        while chunk := source.read(_CHUNK):
            kept += chunk
            for found in _MERGED.finditer(kept):
                if found[1] not in seen:
                    seen.add(found[1])
                    yield Merged(int(found[2]), int(found[3] or found[2]), found[1].decode())
            kept = kept[-_OVERLAP:]


def _guarded(rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except SheetError:
        raise
    except Exception as error:
        raise _unreadable(error) from None


def _rows(book: Any, sheet: _ReadOnlySheet, *, looking: bool = False) -> Iterator[Row]:
    """`looking`: whether there is one at all, whatever it holds."""
    last = 0
    with sheet._get_source() as source:
        parser = WorkSheetParser(
            source,
            sheet._shared_strings,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        for number, entries in parser.parse():
            if not last < number <= ROWS_MAX:
                raise SheetError(
                    f"row {number}: rows must follow each other, up to {ROWS_MAX}; save it anew"
                )
            last = number
            cells: list[str] = []
            for entry in entries:
                if not len(cells) < entry["column"] <= COLUMNS_MAX:
                    raise SheetError(
                        f"row {number}: cells must follow each other, in at most {COLUMNS_MAX}"
                        " columns; save it anew"
                    )
                cells += [""] * (entry["column"] - len(cells) - 1)
                cells.append("?" if looking and entry["value"] is not None else _text(entry))
            if kept := trimmed(cells):
                yield Row(number, kept)


def _text(entry: dict[str, Any]) -> str:
    value, kind = entry["value"], entry["data_type"]
    where = Row(entry["row"], ()).place(entry["column"] - 1)
    if kind == "f":
        formula = getattr(value, "text", value)
        raise SheetError(
            f"{where}: a formula, {str(formula)[:40]!r}; copy the cells and paste their values"
        )
    if kind == "e":
        raise SheetError(f"{where}: the error {value}; put the value there")
    match value:
        case None:
            return ""
        case str():
            return plain(unescape(value))
        case bool():
            return "true" if value else "false"
        case datetime() if value.time() == time(0):
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            raise SheetError(f"{where}: a length of time; a text, number or date is needed")
        case int():
            return str(value)
        case _:
            return _number(value, where)


def _number(value: float, where: str) -> str:
    """With the 15 digits that a spreadsheet shows: the 16th and 17th are those of its binary."""
    text = f"{value:.15g}"
    if "n" in text:  # nan, inf
        raise SheetError(f"{where}: {text} is no number; put the value there")
    if "e" in text:
        text = f"{value:.20f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:.0f}"
    return text


def _unreadable(error: Exception) -> SheetError:
    error = error.__cause__ or error  # type: ignore[assignment]  # openpyxl wraps some
    told = str(error).partition("\n")[0][:120] or type(error).__name__
    return SheetError(f"it cannot be read as XLSX ({told}); open it and save it anew as XLSX")
