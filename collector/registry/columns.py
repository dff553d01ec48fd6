"""The columns of a kind in a sheet: how each field is written in a cell, and read back."""

import json
import re
import types
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from collector.model.instant import Instant
from collector.model.moments import moment_text, read_last_day, read_moment
from collector.model.records import Bin, Record
from collector.model.records.base import Ratio

LAST_DAY = "valid_through"
"""A column in place of `valid_until`: the last day on which a record holds."""

_SPACES = dict.fromkeys(map(ord, " \u00a0\u2007\u2009\u202f"))
# bounded: an exponent, or a million digits, would cost more than the file
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:[.,]\d{1,30})?", re.ASCII)
_EMPTY_LIST = "[]"
_YES, _NO = ("true", "yes", "да", "иә", "1"), ("false", "no", "нет", "жоқ", "0")


@dataclass(frozen=True)
class Column:
    """`field` is the record's. `read` raises ValueError, which says what would be right.

    An empty cell leaves the field out; what it then is, the record's class says.
    """

    name: str
    field: str
    form: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]


@cache
def columns(kind: type[Record]) -> tuple[Column, ...]:
    """In the order of the class's fields."""
    hints = get_type_hints(kind, include_extras=True)
    found = [_column(name, hints[name]) for name in kind.model_fields]
    if "valid_until" in kind.model_fields:
        found.append(Column(LAST_DAY, "valid_until", "last day", read_last_day, moment_text))
    return tuple(found)


def as_texts(record: Record) -> dict[str, str | None]:
    """A record's fields as cells show them."""
    return {
        column.field: None
        if (value := getattr(record, column.field)) is None
        else column.write(value)
        for column in columns(type(record))
        if column.name != LAST_DAY
    }


def cells(record: Record) -> list[str]:
    """A record as a row of its kind's columns, without that of the last day."""
    return [text or "" for text in as_texts(record).values()]


def _column(name: str, hint: Any) -> Column:
    if get_origin(hint) in (Union, types.UnionType):
        inner = [each for each in get_args(hint) if each is not type(None)]
        hint = inner[0] if len(inner) == 1 else Union[tuple(inner)]  # noqa: UP007
    return Column(name, name, *_form(hint))


def _form(hint: Any) -> tuple[str, Callable[[str], Any], Callable[[Any], str]]:  # noqa: C901
    if hint == Instant:
        return "moment", read_moment, moment_text
    if hint == Ratio:
        return "ratio", _read_ratio, lambda value: f"{value[0]}/{value[1]}"
    if hint == Bin:
        return "BIN", _read_bin, str
    origin = get_origin(hint)
    if origin is Annotated:
        base = get_args(hint)[0]
        form, read, write = _form(base)
        return (form, str.strip, str) if base is str else (form, read, write)
    if origin is tuple:
        item = get_args(hint)[0]
        return ("JSON", _read_json, _write_json) if _is_model(item) else _list(item)
    if origin in (Union, types.UnionType):  # Literal["delivery"] | int
        return "text or number", lambda text: _number_or_text(text.strip()), str
    if hint is bool:
        return "yes or no", _read_bool, lambda value: "true" if value else "false"
    if hint is int:
        return "whole number", _read_int, str
    if hint is Decimal:
        return "number", read_decimal, lambda value: f"{value:f}"
    if origin is Literal:
        return "one of " + ", ".join(map(str, get_args(hint))), str.strip, str
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "one of " + ", ".join(hint), str.strip, str
    if hint is str:
        return "text", _read_text, _write_text
    if _is_model(hint):
        return "JSON", _read_json, _write_json
    raise TypeError(f"no column can hold {hint}")


def _is_model(hint: Any) -> bool:
    if get_origin(hint) is Annotated:
        return _is_model(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return all(map(_is_model, get_args(hint)))
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _list(item: Any) -> tuple[str, Callable[[str], Any], Callable[[Any], str]]:
    form, read_item, write_item = _form(item)

    def read(text: str) -> list[Any]:
        if text.strip() == _EMPTY_LIST:
            return []
        return [read_item(part.strip()) for part in text.split(";") if part.strip()]

    def write(values: Any) -> str:
        return ";".join(map(write_item, values)) or _EMPTY_LIST

    return f"list of {form}", read, write


def _read_text(text: str) -> str:
    return text[2:] if len(text) > 1 and not text.strip('"') else text


def _write_text(text: str) -> str:
    """An empty text is no empty cell: it is written as two quotation marks."""
    return text if text.strip('"') else text + '""'


def read_decimal(text: str) -> Decimal:
    """With a decimal comma or point, and spaces of any kind between thousands."""
    bare = text.strip().translate(_SPACES)
    if bare.count(",") + bare.count(".") > 1:
        raise ValueError(f"{text[:40]!r}: write thousands with spaces only, as 1 234,5")
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"{text[:40]!r} is no number; one is, for example, 1234.5")
    return Decimal(bare.replace(",", "."))


def _read_int(text: str) -> int:
    number = read_decimal(text)
    if number != number.to_integral_value():
        raise ValueError(f"{text!r} is no whole number; one is, for example, 1234")
    return int(number)


def _read_ratio(text: str) -> list[int]:
    parts = text.split("/")
    if len(parts) != 2:
        raise ValueError(f"{text!r} is no ratio; one is, for example, 100/5")
    return [_read_int(part) for part in parts]


def _read_bin(text: str) -> str:
    text = text.strip()
    if text.isdecimal() and len(text) < 12:
        raise ValueError(
            f"{text} has {len(text)} digits and a BIN has 12; a spreadsheet takes zeros off the"
            " front: give the column the format of a text"
        )
    return text


def _read_bool(text: str) -> bool:
    word = text.strip().casefold()
    if word not in _YES + _NO:
        raise ValueError(f"{text!r}: write true or false")
    return word in _YES


def _number_or_text(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= 9 else text


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is no JSON: {error}") from None


def _write_json(value: Any) -> str:
    if isinstance(value, tuple):
        return json.dumps([each.model_dump(mode="json") for each in value], ensure_ascii=False)
    return json.dumps(value.model_dump(mode="json"), ensure_ascii=False)
