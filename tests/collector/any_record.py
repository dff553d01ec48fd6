"""Any record of any kind, by the types of its fields."""

import types
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import MinLen
from hypothesis import strategies as st
from pydantic import BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from collector.model.instant import Instant
from collector.model.records import (
    Bin,
    ClockTime,
    Day,
    Hex8,
    Hex32,
    LicenceAct,
    Name,
    Record,
    ZoneRamp,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
INSTANTS = st.integers(0, 4_000_000_000_000) | st.integers(0, 4_000_000_000).map(
    lambda seconds: seconds * 1000
)
_MOST = 10**15


def any_record(kind: type[Record]) -> st.SearchStrategy[Any]:
    as_it_must_be = {LicenceAct: _says_what_it_must, ZoneRamp: _agrees_with_itself}
    return _model(kind).map(as_it_must_be.get(kind, dict)).map(kind.model_validate)


def _says_what_it_must(values: dict[str, Any]) -> dict[str, Any]:
    defaults = {"valid_until": 1, "ends": 1, "sites": ()}
    return values | {name: values[name] or default for name, default in defaults.items()}


def _agrees_with_itself(values: dict[str, Any]) -> dict[str, Any]:
    """A pace has a step, no faster than its bound; the slots leave some of the return to orders."""
    made = dict(values)
    if made["shed_step_w"] is None:
        made["shed_every_s"] = None
    elif made["shed_every_s"] is not None:
        made["shed_every_s"] = max(made["shed_every_s"], made["shed_step_s"])
    if made["slots_w_per_min"] is not None:
        most_w = (made["return_w_per_min"] or 0) - 1
        made["slots_w_per_min"] = min(made["slots_w_per_min"], most_w) if most_w > 0 else None
    return made


def _model(kind: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    hints = get_type_hints(kind, include_extras=True)
    return st.fixed_dictionaries({name: _value(hints[name]) for name in kind.model_fields})


def _value(hint: Any) -> st.SearchStrategy[Any]:
    if hint == Instant:
        return INSTANTS
    origin = get_origin(hint)
    if origin is Annotated:
        base, *metadata = get_args(hint)
        return _constrained(base, metadata)
    if origin in (Union, types.UnionType):
        return st.one_of(*map(_value, get_args(hint)))
    if origin is Literal:
        return st.sampled_from(get_args(hint))
    if origin is tuple:
        return _items(hint, 0)
    if hint is str:
        return TEXT
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(0, _MOST)
    if hint is type(None):
        return st.none()
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return _model(hint)


def _items(hint: Any, least: int) -> st.SearchStrategy[Any]:
    item, *rest = get_args(hint)
    if rest == [Ellipsis]:
        return st.lists(_value(item), min_size=least, max_size=3).map(tuple)
    return st.tuples(*map(_value, get_args(hint)))


def _constrained(base: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    flat = [
        part
        for each in metadata
        for part in (each.metadata if isinstance(each, FieldInfo) else [each])
    ]
    patterns = [each.pattern for each in flat if isinstance(each, StringConstraints)]
    if patterns:
        return _OF_PATTERN[str(patterns[0])]
    if get_origin(base) is tuple:
        return _items(
            base, max((each.min_length for each in flat if isinstance(each, MinLen)), default=0)
        )
    if base not in (int, Decimal):
        return _value(base)
    least, most = 0, _MOST
    for each in flat:
        least = getattr(each, "ge", getattr(each, "gt", least - 1) + 1)
        most = getattr(each, "le", getattr(each, "lt", most + 1) - 1)
    if base is int:
        return st.integers(least, most)
    return st.decimals(least, min(most, 10**9), places=6, allow_nan=False)


_LETTERS = "abzAZ019"
_NAMES = st.builds(str.__add__, st.sampled_from(_LETTERS), st.text(_LETTERS + "._-", max_size=8))


def _pattern(alias: Any) -> str:
    return str(alias.__metadata__[0].pattern)


_OF_PATTERN = {
    _pattern(Name): _NAMES,
    _pattern(Hex8): st.binary(min_size=8, max_size=8).map(bytes.hex),
    _pattern(Hex32): st.binary(min_size=32, max_size=32).map(bytes.hex),
    _pattern(Bin): st.integers(0, 10**12 - 1).map("{:012d}".format),
    _pattern(ClockTime): st.sampled_from(["00:00", "09:30", "23:59", "24:00"]),
    _pattern(Day): st.dates().map(date.isoformat),
}
