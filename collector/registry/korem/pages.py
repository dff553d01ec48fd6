"""What stands on the pages of a PDF: words and ruled tables with their places.

It is read by a process of its own, within bounds on memory and time, since a small file from
anywhere can unpack into very much; what it read comes as JSON.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

MEMORY_MAX = 1 << 30
CPU_S_MAX = 60
REFUSED = 2
"""The exit code when what is written is the reason why there are no pages."""


@dataclass(frozen=True)
class Word:
    """`top` and `bottom` are counted from the page's upper edge, in points."""

    text: str
    left: float
    right: float
    top: float
    bottom: float

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2

    @property
    def height(self) -> float:
        return self.bottom - self.top


@dataclass(frozen=True)
class TableRow:
    """A row of a table with ruling lines. A cell that another one spans is None."""

    top: float
    cells: tuple[str | None, ...]


@dataclass(frozen=True)
class RuledTable:
    left: float
    top: float
    right: float
    bottom: float
    rows: tuple[TableRow, ...]


@dataclass(frozen=True)
class Page:
    number: int
    words: tuple[Word, ...]
    tables: tuple[RuledTable, ...]
    images: int


def dump(pages: Sequence[Page]) -> str:
    return json.dumps([asdict(page) for page in pages], ensure_ascii=False)


def load(text: str) -> list[Page]:
    return [_page(**entry) for entry in json.loads(text)]


def _page(
    number: int, words: list[dict[str, Any]], tables: list[dict[str, Any]], images: int
) -> Page:
    def table(rows: list[dict[str, Any]], **place: float) -> RuledTable:
        made = (TableRow(row["top"], tuple(row["cells"])) for row in rows)
        return RuledTable(rows=tuple(made), **place)

    found = tuple(Word(**word) for word in words)
    return Page(number, found, tuple(table(**each) for each in tables), images)
