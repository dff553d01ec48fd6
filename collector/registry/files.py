"""Registry files: TOML with one table a kind, or a sheet of one kind."""

import json
import tomllib
from collections.abc import Iterable, Sequence
from typing import Literal

from collector.model.records import KINDS, Record
from collector.registry.columns import LAST_DAY, cells, columns
from collector.registry.reading import FileError, Reading, Wrong
from collector.registry.sheet_files import read_rows
from collector.registry.sheets import SheetError, read_sheet, write_csv, write_xlsx

Format = Literal["toml", "csv", "xlsx"]


def read_file(
    content: bytes,
    format_: Format,
    kind: str | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Reading:
    """The records of a file, and all that is wrong with it as it stands; raises FileError.

    `kind`: of a sheet; of a TOML file the only one that it may hold, None: any.
    """
    if kind is not None and kind not in KINDS:
        raise FileError(f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")
    if format_ == "toml":
        return _read_toml(content, kind)
    if kind is None:
        raise FileError("a sheet holds one kind of records; name it before the file")
    try:
        return read_rows(
            read_sheet(content, sheet=sheet, encoding=encoding, delimiter=delimiter), kind
        )
    except SheetError as error:
        raise FileError(str(error)) from None


def _read_toml(content: bytes, only: str | None) -> Reading:
    try:
        document = tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise FileError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except (ValueError, RecursionError) as error:  # of TOML, or of a number or a nest too large
        raise FileError(f"is not TOML: {error}") from None
    reading = Reading()
    for kind, entries in document.items():
        if kind not in KINDS:
            told = f"no such kind; the kinds are {', '.join(KINDS)}"
            reading.wrong.append(Wrong(f"[{kind}]", "", told))
            continue
        if only not in (None, kind):
            reading.wrong.append(Wrong(f"[{kind}]", "", f"only {only} is to be imported"))
            continue
        for number, entry in enumerate(entries if isinstance(entries, list) else [entries], 1):
            reading.add(kind, f"{kind} {number}", entry)
    reading.note_duplicates()
    return reading


def write_file(records: Iterable[Record], kind: str, format_: Format) -> bytes:
    """Records of one kind as a file that `read_file` reads as the same; raises FileError."""
    if format_ == "toml":
        return _toml(records).encode()
    named = [column.name for column in columns(KINDS[kind]) if column.name != LAST_DAY]
    rows: list[Sequence[str]] = [named, *map(cells, records)]
    try:
        return write_csv(rows) if format_ == "csv" else write_xlsx(rows, kind)
    except SheetError as error:
        raise FileError(str(error)) from None


def _toml(records: Iterable[Record]) -> str:
    lines = []
    for record in records:
        lines.append(f"[[{record.kind}]]")
        moments = {
            each.field: each.write for each in columns(type(record)) if each.form == "moment"
        }
        for name, value in record.model_dump(mode="json", exclude_none=True).items():
            written = moments[name](value) if name in moments else _toml_value(value)
            lines.append(f"{name} = {written}")
        lines.append("")
    return "\n".join(lines)


def _toml_value(value: object) -> str:
    """Inline: what JSON writes of texts, numbers and lists is TOML as well."""
    if isinstance(value, dict):
        given = ((key, each) for key, each in value.items() if each is not None)
        return "{ " + ", ".join(f"{key} = {_toml_value(each)}" for key, each in given) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    # of what JSON leaves as it is, TOML forbids one character
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
