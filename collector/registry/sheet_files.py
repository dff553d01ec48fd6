"""Sheets of one kind of records: a row of column names, and a row for each record."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from collector.model.records import KINDS, Gateway, Record
from collector.registry.columns import LAST_DAY, Column, columns
from collector.registry.reading import FileError, Reading
from collector.registry.sheets import Row, Sheet, column_letters

_ENROLMENT = Column("enrolment", "enrolment", "text", str.strip, str)


def read_rows(sheet: Sheet, kind: str) -> Reading:
    """The records of a sheet; raises FileError without a row of names, SheetError for the file."""
    header = next(sheet.rows, None)
    if header is None:
        raise FileError("it has no rows; it needs a row of column names, and rows below")
    sheet.require_unmerged(header.number)
    found = _named(header, kind)
    letters = {column.field: column_letters(at) for at, column in found.items()}
    reading = Reading(letters=letters, notes=sheet.notes)
    for row in sheet.rows:
        _take(reading, found, row, kind)
        if reading.is_hopeless:
            break
    reading.note_duplicates()
    return reading


def _take(reading: Reading, found: Mapping[int, Column], row: Row, kind: str) -> None:
    values: dict[str, Any] = {}
    before = len(reading.wrong)
    for at, text in enumerate(row.cells):
        if not text:
            continue
        if at not in found:
            reading.wrong.append(
                reading.fault(row.number, "", f"{row.place(at)} stands under no column name", kind)
            )
            continue
        column = found[at]
        if column.field in values:
            reading.wrong.append(
                reading.fault(row.number, column.name, f"give it or {LAST_DAY}, not both", kind)
            )
        try:
            values[column.field] = column.read(text)
        except ValueError as error:
            reading.wrong.append(reading.fault(row.number, column.field, str(error), kind))
    if len(reading.wrong) == before:
        reading.add(kind, row.number, values)


def _named(header: Row, kind: str) -> dict[int, Column]:
    """The columns by their places; raises FileError, which names every one that is not known."""
    known = names(KINDS[kind])
    found: dict[int, Column] = {}
    wrong = []
    for at, text in enumerate(header.cells):
        name = _plain(text)
        if not name:
            continue
        if name not in known:
            wrong.append(f"  {header.place(at)}: there is no column {text.strip()!r}")
        elif known[name] in found.values():
            wrong.append(f"  {header.place(at)}: column {known[name].name} stands twice")
        else:
            found[at] = known[name]
    if wrong:
        shown = ", ".join(column.name for column in columns(KINDS[kind]))
        raise FileError(
            "\n".join(["the first row must name columns:", *wrong, f"  columns of {kind}: {shown}"])
        )
    return found


@cache
def names(kind: type[Record]) -> Mapping[str, Column]:
    """The columns of a kind by all that they may be called."""
    synonyms = tomllib.loads(resources.files(__package__).joinpath("headers.toml").read_text())
    known = [*columns(kind), *([_ENROLMENT] if kind is Gateway else [])]
    found = {column.name: column for column in known}
    for table in (synonyms["any"], synonyms.get(kind.kind, {})):
        for column in known:
            found |= {_plain(name): column for name in table.get(column.name, ())}
    return found


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())
