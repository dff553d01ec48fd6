"""Words to write down the shape of a message, after its grammar in docs/wire-format.cddl.

A shape is a function that says what is wrong with an item, or None.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from auditor.cbor import Item
from auditor.refusal import Refusal

Shape: TypeAlias = Callable[[Item], str | None]


def require(item: Item, shape: Shape, what: str) -> Any:
    """The item, now known to be of this shape; raises Refusal `wrong_shape`."""
    fault = shape(item)
    if fault is not None:
        raise Refusal("wrong_shape", f"{what}: {fault}")
    return item


def integer(low: int, high: int) -> Shape:
    def check(item: Item) -> str | None:
        fits = type(item) is int and low <= item <= high
        return None if fits else f"{item!r} is not an integer from {low} to {high}"

    return check


def octets(size: int | None = None) -> Shape:
    def check(item: Item) -> str | None:
        if type(item) is not bytes:
            return f"{item!r} is not a byte string"
        return None if size in (None, len(item)) else f"{len(item)} bytes, not {size}"

    return check


def text(item: Item) -> str | None:
    return None if type(item) is str else f"{item!r} is not a text"


def null(item: Item) -> str | None:
    return None if item is None else f"{item!r} is not null"


def word(*words: str) -> Shape:
    def check(item: Item) -> str | None:
        return None if type(item) is str and item in words else f"{item!r} is none of {words}"

    return check


def either(*shapes: Shape) -> Shape:
    def check(item: Item) -> str | None:
        faults = [shape(item) for shape in shapes]
        return None if None in faults else " and ".join(str(fault) for fault in faults)

    return check


def array(*shapes: Shape) -> Shape:
    """As many elements as shapes, each of its own."""

    def check(item: Item) -> str | None:
        if type(item) is not list or len(item) != len(shapes):
            return f"not an array of {len(shapes)} elements"
        return _first_fault((f"[{i}]", shapes[i](item[i])) for i in range(len(shapes)))

    return check


def array_of(shape: Shape, least: int, most: int) -> Shape:
    """From `least` to `most` elements, all of one shape."""

    def check(item: Item) -> str | None:
        if type(item) is not list or not least <= len(item) <= most:
            return f"not an array of {least} to {most} elements"
        return _first_fault((f"[{i}]", shape(element)) for i, element in enumerate(item))

    return check


def mapping(required: Mapping[int, Shape], optional: Mapping[int, Shape] | None = None) -> Shape:
    """Exactly these keys, and no others."""
    shapes = {**required, **(optional or {})}

    def check(item: Item) -> str | None:
        if type(item) is not dict:
            return "not a map"
        if missing := required.keys() - item.keys():
            return f"no field {min(missing)}"
        if unknown := [key for key in item if key not in shapes]:
            return f"a field {unknown[0]!r} that the grammar does not name"
        return _first_fault((f"{{{key}}}", shapes[key](item[key])) for key in shapes if key in item)

    return check


def _first_fault(faults: Iterable[tuple[str, str | None]]) -> str | None:
    return next((f"{place} {fault}" for place, fault in faults if fault is not None), None)
