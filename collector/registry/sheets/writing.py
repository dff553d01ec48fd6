"""Rows of texts as a CSV or XLSX file that harms nobody who opens it."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell

from collector.registry.sheets.cells import SheetError, neutral

_CELL_MAX = 32_767

# What XML cannot hold, and what it does not keep; `_x` so that a text of that look stays itself.
_UNKEPT = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


def write_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """RFC 4180, in UTF-8 with the mark by which spreadsheets know it.

    Raises SheetError for a text with a zero byte, which no CSV holds.
    """
    made = io.StringIO(newline="")
    csv.writer(made).writerows(map(neutral, row) for row in rows)
    if "\0" in made.getvalue():
        raise SheetError("a text has a zero byte; export it as XLSX or TOML")
    return made.getvalue().encode("utf-8-sig")


def write_xlsx(rows: Iterable[Sequence[str]], title: str) -> bytes:
    """Every cell a text, so that no spreadsheet takes zeros off a number's front.

    Raises SheetError for a text longer than a cell may be.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in rows:
        cells: list[Cell | None] = []
        for text in row:
            cell = None
            if text:
                cell = WriteOnlyCell(sheet, _fitting(_UNKEPT.sub(_escaped, neutral(text))))
                cell.data_type, cell.number_format = "s", "@"
            cells.append(cell)
        sheet.append(cells)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _fitting(text: str) -> str:
    if len(text) > _CELL_MAX:
        raise SheetError(
            f"{text[:40]!r}... has {len(text)} characters; a cell of a workbook holds {_CELL_MAX}:"
            " export it as CSV or TOML"
        )
    return text


def _escaped(found: re.Match[str]) -> str:
    """ECMA-376 part 1, §22.9.2.19 (ST_Xstring)."""
    return f"_x{ord(found[0]):04X}_"
