"""What does not fit, and what several trades ask of the register's records."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from collector.model.instant import astana
from collector.model.records import Dated, Record
from collector.registry.view import View

R = TypeVar("R", bound=Record)
Fault = tuple[str, str]
"""A record's field, and what is wrong with it and would be right."""
Judge = Callable[[View, Any], Iterator[Fault]]


class Problem(NamedTuple):
    """A fault, and whose."""

    kind: str
    key: str
    field: str
    text: str

    def __str__(self) -> str:
        return f"  {self.kind} {self.key}: {self.field}: {self.text}"


def missing(view: View, kind: type[Record], key: str, field: str) -> Iterator[Fault]:
    if key not in view.all(kind):
        known = ", ".join(sorted(view.all(kind))[:10]) or "none"
        yield field, f"there is no {kind.kind} {key!r}; the register has: {known}"


def twice(field: str, what: str, values: Iterable[Hashable]) -> Iterator[Fault]:
    seen: set[Hashable] = set()
    for value in values:
        if value in seen:
            yield field, f"{what} {value} stands twice"
        seen.add(value)


def backwards(record: Any) -> Iterator[Fault]:
    if record.valid_until is not None and record.valid_from >= record.valid_until:
        yield "valid_until", "it must be after valid_from"


def having(view: View, kind: type[R], **values: Hashable) -> list[R]:
    """The records of a kind with these values in these fields, without those withdrawn."""
    return _by_fields(view, kind, tuple(values)).get(tuple(values.values()), [])


def overlapping(view: View, record: Dated, *subject: str) -> Iterator[Fault]:
    """A record without an end gives way to the next; one with an end must not reach into it."""
    if record.withdrawn:
        return
    same = {name: getattr(record, name) for name in subject}
    for other in having(view, type(record), **same):
        if other.key == record.key:
            continue
        first, second = sorted((record, other), key=lambda each: each.valid_from)
        if first.valid_until is not None and first.valid_until > second.valid_from:
            yield (
                "valid_until" if first is record else "valid_from",
                (
                    f"{other.key!r} holds in a part of the same time, {_time(other)}; let one end"
                    " before the other begins, or withdraw one"
                ),
            )


def at_once(one: Dated, other: Dated) -> bool:
    """Whether both hold at some moment: one without an end gives way to no other."""
    last_start_ms = max(one.valid_from, other.valid_from)
    return one.holds_at(last_start_ms) and other.holds_at(last_start_ms)


@lru_cache(maxsize=16)
def _by_fields(
    view: View, kind: type[Any], fields: tuple[str, ...]
) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    for record in view.all(kind).values():
        if not getattr(record, "withdrawn", False):
            place = tuple(getattr(record, name) for name in fields)
            found.setdefault(place, []).append(record)
    return found


def _time(record: Dated) -> str:
    end = "on" if record.valid_until is None else f"until {day(record.valid_until)}"
    return f"from {day(record.valid_from)} {end}"


def day(instant_ms: int) -> str:
    """Date and, where it is not midnight, time of day in Astana."""
    moment = astana(instant_ms)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.strftime("%Y-%m-%d" if moment == midnight else "%Y-%m-%d %H:%M:%S")
