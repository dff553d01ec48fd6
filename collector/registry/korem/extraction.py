"""A PDF's words and ruled tables, by pdfplumber. Only the process that is bounded imports this."""

import io
import logging
import resource
import sys

import pdfplumber
from pdfplumber.page import Page as PlumberPage
from pdfplumber.utils.exceptions import PdfminerException

from collector.registry.korem.errors import ResultError
from collector.registry.korem.pages import (
    CPU_S_MAX,
    MEMORY_MAX,
    REFUSED,
    Page,
    RuledTable,
    TableRow,
    Word,
    dump,
)

PAGES_MAX = 20
CHARACTERS_MAX = 200_000
_TOLERANCE = {"x_tolerance_ratio": 0.2}
"""Of the letters' size: what stands further apart is another word."""
_QUARTER_TURNS = (90, 270)


def main() -> None:
    """Read a PDF from standard input and write its pages, or why there are none."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    try:
        written = dump(read_pages(sys.stdin.buffer.read()))
    except ResultError as error:
        sys.stdout.buffer.write(str(error).encode())
        sys.exit(REFUSED)
    sys.stdout.buffer.write(written.encode())


class _Complaints(logging.Handler):
    """What the parser complains of: of most it makes the best, but not where data are lost."""

    def __init__(self) -> None:
        super().__init__()
        self.is_lossy = False

    def emit(self, record: logging.LogRecord) -> None:
        self.is_lossy |= "Data-loss" in record.getMessage()


def read_pages(content: bytes) -> list[Page]:
    """Raises ResultError, and MemoryError."""
    logger, complaints = logging.getLogger("pdfminer"), _Complaints()
    logger.propagate = False
    logger.addHandler(complaints)
    try:
        pages = _pages(content)
    finally:
        logger.removeHandler(complaints)
    if complaints.is_lossy:
        raise ResultError("a part of it is damaged: download it again")
    return pages


def _pages(content: bytes) -> list[Page]:
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
