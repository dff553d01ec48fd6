"""Rows of a sheet by the names of their columns, with every fault at its place."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from collector.model.moments import MomentError, read_moment
from collector.registry.figures import FigureError, read_figure
from collector.registry.sheets import Row, Sheet, SheetError

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
    """A decimal as people print it; raise CellError, also where nothing is printed."""
    try:
        found = read_figure(text)
    except FigureError as error:
        raise CellError(str(error)) from None
    if found is None:
        raise CellError(f"{text!r} is no figure; one is, for example, 1 234,5 or 1234.5")
    return found


def moment(text: str) -> int:
    """Unix ms of a time with its offset, or of Astana's time without one. Raise CellError."""
    try:
        return read_moment(text)
    except MomentError as error:
        raise CellError(str(error)) from None
