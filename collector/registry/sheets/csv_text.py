"""CSV (RFC 4180), as spreadsheets and programs really write it."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from collector.registry.sheets.cells import (
    COLUMNS_MAX,
    ROWS_MAX,
    Row,
    Sheet,
    SheetError,
    place,
    plain,
    trimmed,
)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_NAMES = {"\t": "tab", ";": "semicolon", ",": "comma"}
# In this order where two fit alike: commas also stand in decimals and in texts.
_DELIMITERS = ("\t", ";", ",")
_LOOKED_AT_ROWS = 50


def read_csv(content: bytes, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """Raise SheetError. An encoding that the bytes do not prove is never guessed: it is asked for.

    `delimiter` None: the one that splits the first rows most evenly; it is said.
    """
    text, encoding = _decode(content, encoding)
    notes = [f"encoding: {encoding}"]
    start = 0
    if text[:4].lower() == "sep=" and text[5:6] in ("\r", "\n"):  # Excel's own
        delimiter, start = delimiter or text[4], 1
    if delimiter is None:
        delimiter = _delimiter(text)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise SheetError(f"delimiter {delimiter!r}: it is one character, as ; or , or a tab")
    notes.append(f"delimiter: {_NAMES.get(delimiter, delimiter)}")
    return Sheet(islice(_rows(text, delimiter), start, None), tuple(notes))


def _decode(content: bytes, encoding: str | None) -> tuple[str, str]:
    name = None
    for mark, codec, title in _MARKS:
        if content.startswith(mark):
            encoding, name = codec, title  # it says so itself
            break
    try:
        text = content.decode(encoding or "utf-8")
    except LookupError:
        raise SheetError(
            f"encoding {encoding!r}: there is none of that name; for example utf-8, windows-1251,"
            " kz-1048"
        ) from None
    except UnicodeDecodeError as error:
        if encoding is None:
            raise SheetError(_not_utf8(content, error.start)) from None
        raise SheetError(
            f"byte {error.start}: it is no {name or encoding}; save the file as UTF-8"
        ) from None
    if "\0" in text:
        raise SheetError(
            "it holds zero bytes, so it is no text, or UTF-16 without its mark; save it as CSV in"
            " UTF-8"
        )
    return text, name or (encoding or "UTF-8")


def _not_utf8(content: bytes, start: int) -> str:
    """What the bytes would say in the encodings of this country, for a person to choose."""
    line = 1 + content.count(b"\n", 0, start)
    first = content.rfind(b"\n", 0, start) + 1
    last = content.find(b"\n", start)
    sample = content[max(first, start - 20) : min(last if last >= 0 else len(content), start + 20)]
    read = " or ".join(
        f"{sample.decode(codec, errors='replace').strip()!r} as {codec}"
        for codec in ("windows-1251", "kz-1048")
    )
    return (
        f"line {line}: it is not UTF-8, and reads {read}; save it as UTF-8, or name its encoding:"
        " --encoding windows-1251 (Russian) or --encoding kz-1048 (Kazakh)"
    )


def _delimiter(text: str) -> str:
    """The one by which most of the first rows fall into the same number of columns, over one."""

    def evenness(delimiter: str) -> int:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = Counter(len(row) for row in islice(reader, _LOOKED_AT_ROWS))
        except csv.Error:
            return 0
        return max((count for width, count in widths.items() if width > 1), default=0)

    return max(_DELIMITERS, key=evenness)


def _rows(text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if len(cells) > COLUMNS_MAX:
                raise SheetError(f"row {number}: more than {COLUMNS_MAX} columns")
            if number > ROWS_MAX:
                raise SheetError(f"more than {ROWS_MAX} rows; split the file")
            for column, cell in enumerate(cells):
                if cell[:1] == "=":
                    raise SheetError(
                        f"{place(number, column)}: {cell[:40]!r} is a formula; put its value there,"
                        " or begin it with ' if it is a text"
                    )
            if kept := trimmed(cells):
                yield Row(number, tuple(map(plain, kept)))
    except csv.Error as error:
        raise SheetError(
            f"row {number + 1}: {error}; a quotation mark inside a quoted text is written twice"
        ) from None
