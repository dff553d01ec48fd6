"""Rows of a sheet by the names of their columns, and how figures and times stand in its cells."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from collector.model.instant import ASTANA
from collector.registry.sheets import Row, Sheet, SheetError

_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009")
_FIGURE = re.compile(r"[+-]?\d+(?:[.,]\d+)?\Z")
_LEFT_OUT_AFTER = 20


class CellError(ValueError):
    """What is wrong with a cell, and what would be right."""


class FileFaults(ValueError):  # noqa: N818
    """A file of which nothing is taken: every fault with its place, as many as are shown."""

    def __init__(self, faults: list[str]) -> None:
        more = len(faults) - _LEFT_OUT_AFTER
        shown = faults[:_LEFT_OUT_AFTER] + ([f"… and {more} more"] if more > 0 else [])
        super().__init__("\n".join(shown))
        self.faults = faults


@dataclass(frozen=True)
class NamedRow:
    row: Row
    columns: Mapping[str, int]

    def text(self, name: str) -> str:
        """Empty where the file has no such column."""
        column = self.columns.get(name)
        return "" if column is None else self.row.cell(column).strip()

    def place(self, name: str) -> str:
        column = self.columns.get(name)
        return f"row {self.row.number}" if column is None else self.row.place(column)


@dataclass
class NamedRows:
    """The rows below the first, which names the columns. Raises SheetError."""

    sheet: Sheet
    required: Collection[str]
    optional: Collection[str] = ()
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[NamedRow]:
        rows = iter(self.sheet.rows)
        first = next(rows, None)
        if first is None:
            raise SheetError("the file is empty; it needs a row of column names, and rows below")
        self.sheet.require_unmerged(first.number)
        columns = self._columns(first)
        for row in rows:
            yield NamedRow(row, columns)

    def _columns(self, first: Row) -> dict[str, int]:
        names = [cell.strip().lower() for cell in first.cells]
        known = [*self.required, *self.optional]
        lacking = [name for name in self.required if name not in names]
        if lacking:
            raise SheetError(
                f"row {first.number} names no column {', '.join(lacking)}; needed are"
                f" {', '.join(self.required)}"
                + (f", and there may be {', '.join(self.optional)}" if self.optional else "")
            )
        twice = sorted({name for name in known if names.count(name) > 1})
        if twice:
            raise SheetError(f"row {first.number} names {', '.join(twice)} twice; leave one")
        others = [name for name in names if name and name not in known]
        if others:
            self.notes.append(f"columns not taken: {', '.join(others)}")
        return {name: names.index(name) for name in known if name in names}


def figure(text: str) -> Decimal:
    """A decimal with a point or a comma; spaces may part thousands. Raise CellError."""
    plain = text.translate(_SPACES)
    if not _FIGURE.match(plain):
        raise CellError(f"{text!r} is no figure; right would be 1234.5 or 1 234,5")
    return Decimal(plain.replace(",", "."))


def moment(text: str) -> int:
    """Unix ms of a time with its offset, or of Astana's time without one. Raise CellError."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _dotted(text)
    if found.tzinfo is None:
        first, second = (found.replace(tzinfo=ASTANA, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            raise CellError(
                f"{text!r} was twice that day in Astana; right would be with its offset, as in"
                " 2024-02-29T23:15:00+06:00"
            )
        found = first
    seconds = found.timestamp()
    if seconds != int(seconds) or not 0 <= seconds < 253_402_300_800:
        raise CellError(f"{text!r} is no time of a meter's quarter")
    return int(seconds) * 1000


def _dotted(text: str) -> datetime:
    for form in ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S"):
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
    raise CellError(
        f"{text!r} is no time; right would be 2026-11-23 14:00, 23.11.2026 14:00, or with an"
        " offset 2026-11-23T14:00:00+05:00"
    )
