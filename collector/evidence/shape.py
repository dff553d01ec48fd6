"""Small predicates for judging decoded items against docs/wire-format.cddl."""

from collections.abc import Callable
from typing import Any

Predicate = Callable[[Any], bool]


def uint(value: Any, low: int = 0, high: int = 2**64 - 1) -> bool:
    return type(value) is int and low <= value <= high


def integer(value: Any) -> bool:
    return type(value) is int and -(2**63) <= value < 2**63


def text(value: Any) -> bool:
    return type(value) is str


def data(size: int) -> Predicate:
    return lambda value: type(value) is bytes and len(value) == size


def octets(value: Any) -> bool:
    return type(value) is bytes


def one_of(*values: Any) -> Predicate:
    kinds = {type(value) for value in values}
    return lambda value: type(value) in kinds and value in values


def exactly(number: int) -> Predicate:
    """That integer: not a float or a truth value that equals it."""
    return lambda value: type(value) is int and value == number


def span(low: int, high: int) -> Predicate:
    return lambda value: uint(value, low, high)


def list_of(item: Predicate, low: int, high: int) -> Predicate:
    return lambda value: type(value) is list and low <= len(value) <= high and all(map(item, value))


def nullable(item: Predicate) -> Predicate:
    return lambda value: value is None or item(value)


def row(*items: Predicate) -> Predicate:
    """An array of one element for each predicate."""
    return lambda value: (
        type(value) is list
        and len(value) == len(items)
        and all(holds(item) for holds, item in zip(items, value, strict=True))
    )


def is_map(
    value: Any, required: dict[int, Predicate], optional: dict[int, Predicate] | None = None
) -> bool:
    """Whether `value` has every required key, none but the named ones, each of its shape."""
    if type(value) is not dict:
        return False
    for key, holds in required.items():
        if key not in value or not holds(value[key]):
            return False
    others = optional or {}
    for key, item in value.items():
        if type(key) is not int or not (key in required or (key in others and others[key](item))):
            return False
    return True


uint32 = span(0, 2**32 - 1)
seq = span(1, 2**32 - 1)
epoch = seq
slot = span(0, 63)
stage_id = span(1, 32)
gateway_id = data(8)
sha256 = data(32)
order_id = data(16)
unix_ms = uint
