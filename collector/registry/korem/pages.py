"""What stands on the pages of a PDF: words and ruled tables with their places, and nothing run.

`main` (`python -m collector.registry.korem`) reads a PDF from standard input and writes JSON,
within bounds on memory and time: a small file from anywhere can unpack into very much.
"""

import io
import json
import resource
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pdfplumber
from pdfplumber.page import Page as PlumberPage
from pdfplumber.utils.exceptions import PdfminerException

from collector.registry.korem.errors import ResultError

MEMORY_MAX = 1 << 30
CPU_S_MAX = 60
PAGES_MAX = 20
CHARACTERS_MAX = 200_000
_TOLERANCE = {"x_tolerance_ratio": 0.2}
"""Of the letters' size: what stands further apart is another word."""
_QUARTER_TURNS = (90, 270)


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


def read_pages(content: bytes) -> list[Page]:
    """Raises ResultError."""
    try:
        with pdfplumber.open(io.BytesIO(content), unicode_norm="NFC") as document:
            if len(document.pages) > PAGES_MAX:
                raise ResultError(
                    f"it has {len(document.pages)} pages; a daily result has at most {PAGES_MAX}"
                )
            return [_read(_upright(page)) for page in document.pages]
    except (ResultError, MemoryError):
        raise
    except Exception as error:  # whatever the parser stumbles over in a damaged file
        cause = error.args[0] if isinstance(error, PdfminerException) and error.args else error
        if isinstance(cause, MemoryError):
            raise cause from None
        raise ResultError(_unreadable(cause)) from None


def _unreadable(cause: object) -> str:
    name = type(cause).__name__
    if "Password" in name or "Encrypt" in name:
        return "it is protected by a password; save it without one"
    told = str(cause).partition("\n")[0][:120]
    return (
        f"it cannot be read as a PDF ({name}{': ' if told else ''}{told}); it is damaged or cut"
        " short: download it again"
    )


def _upright(page: PlumberPage) -> PlumberPage:
    """The page turned so that its letters stand upright."""
    turned = sum(not char["upright"] for char in page.chars)
    if 2 * turned <= len(page.chars):
        return page
    for degrees in _QUARTER_TURNS:
        page.page_obj.rotate = (page.page_obj.rotate + degrees) % 360
        again = PlumberPage(page.pdf, page.page_obj, page.page_number)
        if _reads_rightwards(again):
            return again
        page.page_obj.rotate = (page.page_obj.rotate - degrees) % 360
    raise ResultError(f"page {page.page_number}: its letters stand aslant; a scan cannot be read")


def _reads_rightwards(page: PlumberPage) -> bool:
    """Whether most letters are upright and not upside down, by their matrices."""
    right = [char for char in page.chars if char["upright"] and char["matrix"][0] > 0]
    return 2 * len(right) > len(page.chars)


def _read(page: PlumberPage) -> Page:
    if len(page.chars) > CHARACTERS_MAX:
        raise ResultError(
            f"page {page.page_number}: it has {len(page.chars)} letters; a daily result has at most"
            f" {CHARACTERS_MAX}"
        )
    words = tuple(
        Word(found["text"], found["x0"], found["x1"], found["top"], found["bottom"])
        for found in page.extract_words(**_TOLERANCE)
    )
    tables = []
    for table in page.find_tables():
        tops = [row.bbox[1] for row in table.rows]
        texts = table.extract(**_TOLERANCE)
        rows = tuple(TableRow(top, tuple(cells)) for top, cells in zip(tops, texts, strict=True))
        tables.append(RuledTable(*table.bbox, rows))
    return Page(page.page_number, words, tuple(tables), len(page.images))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    try:
        sys.stdout.write(dump(read_pages(sys.stdin.buffer.read())))
    except ResultError as error:
        sys.stderr.write(str(error))
        sys.exit(2)
