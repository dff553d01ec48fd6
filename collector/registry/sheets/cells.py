"""What a sheet is here: rows of texts with their places, whatever file they came from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

ROWS_MAX = 2_000_000
COLUMNS_MAX = 512

# What a spreadsheet runs as a formula when it stands first in a cell (OWASP, "CSV Injection").
_FORMULA = "=+\\-@\t\r\n＝＋－＠"
_NEUTRAL = re.compile(f"'*[{_FORMULA}]")
_NEUTRALISED = re.compile(f"'+[{_FORMULA}]")


class SheetError(ValueError):
    """A sheet cannot be read; the text says where, what is wrong, and what would be right."""


class Row(NamedTuple):
    """`number` is the one that a spreadsheet shows, from 1."""

    number: int
    cells: tuple[str, ...]

    def cell(self, column: int) -> str:
        """The text in a column, counted from 0; what is not there is empty."""
        return self.cells[column] if column < len(self.cells) else ""

    def place(self, column: int) -> str:
        return place(self.number, column)


class Merged(NamedTuple):
    """A range of cells that are shown as one: only the first has what is shown."""

    first_row: int
    last_row: int
    reference: str


@dataclass(frozen=True)
class Sheet:
    """`rows` can be run through once, and raise SheetError; empty ones are left out.

    `notes`: what was found out about the file, to be said to whoever gave it.
    """

    rows: Iterator[Row]
    notes: tuple[str, ...]
    merged: tuple[Merged, ...] = ()

    def require_unmerged(self, first_row: int) -> None:
        """Raise SheetError when cells are merged in this row or below; above may stand titles."""
        for merged in self.merged:
            if merged.last_row >= first_row:
                raise SheetError(
                    f"{merged.reference}: the cells are merged, so that only the first has a value;"
                    " unmerge them and write the value into each"
                )


def place(row: int, column: int) -> str:
    """A cell as a spreadsheet names it: row 7, column 1 (counted from 0) is B7."""
    return f"{column_letters(column)}{row}"


def column_letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula; `plain` undoes it."""
    return f"'{text}" if _NEUTRAL.match(text) else text


def plain(text: str) -> str:
    return text[1:] if _NEUTRALISED.match(text) else text


def trimmed(cells: list[str]) -> tuple[str, ...]:
    """Without the empty cells at the end."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])
