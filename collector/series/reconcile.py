"""Holds a series against the ledger: what is missing in it, too much, or another value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, select

from collector.ledger.ledger import read_query
from collector.ledger.readings import AHEAD_MS
from collector.registry.configurations import Configurations
from collector.series.points import points_of, take
from collector.series.store import Point, SeriesStore
from collector.storage import reading
from collector.storage.tables import frame

_ENTRIES = 500
_STEP_MS = 3_600_000


class Kind(StrEnum):
    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Difference:
    """`fields`: by name what the ledger says and what the series has, where they differ."""

    kind: Kind
    meter: str
    at_ms: int
    position: int
    fields: dict[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Extent:
    """Times of readings, and the position that the series has reached."""

    from_ms: int
    until_ms: int
    upto: int


def read_ledger(
    engine: Engine,
    configurations: Configurations,
    into: SeriesStore,
    extent: Extent,
    say: Callable[[int], object],
) -> None:
    """Write into an empty store what a series must hold; `say` is told the positions reached."""
    after = 0
    columns = frame.c
    while True:
        query = (
            select(columns.position, columns.received_ms, columns.raw, columns.hash)
            .where(
                columns.position > after,
                columns.position <= extent.upto,
                columns.received_ms >= extent.from_ms - AHEAD_MS,
            )
            .order_by(columns.position)
            .limit(_ENTRIES)
        )
        with reading(engine) as connection:
            entries = read_query(connection, query)
            if not entries:
                return
            read = points_of(connection, configurations, take(entries), lambda *_: None)
        into.write([each for each in read if extent.from_ms <= each.at_ms < extent.until_ms])
        after = entries[-1].position
        say(after)


def differences(
    ledger: SeriesStore, series: SeriesStore, extent: Extent, say: Callable[[str], object]
) -> Iterator[Difference]:
    """By meter and time; `say` is told each meter before it is looked at. Raises SeriesError."""
    for meter in sorted({*ledger.meters(), *series.meters()}):
        say(meter)
        right, found = _all(ledger, meter, extent), _all(series, meter, extent)
        wanted, had = next(right, None), next(found, None)
        while wanted is not None or had is not None:
            if had is None or (wanted is not None and wanted.at_ms < had.at_ms):
                assert wanted is not None  # noqa: S101
                yield _difference(Kind.MISSING, wanted, {})
                wanted = next(right, None)
            elif wanted is None or had.at_ms < wanted.at_ms:
                if had.position <= extent.upto:  # what came meanwhile is not judged
                    yield _difference(Kind.EXTRA, had, {})
                had = next(found, None)
            else:
                fields = _fields(wanted, had)
                if fields and had.position <= extent.upto:
                    yield _difference(Kind.DIFFERENT, wanted, fields)
                wanted, had = next(right, None), next(found, None)


def _all(store: SeriesStore, meter: str, extent: Extent) -> Iterator[Point]:
    """Oldest first, an hour at a time."""
    from_ms = extent.from_ms
    while (first := store.earliest(meter, from_ms)) and first.at_ms < extent.until_ms:
        from_ms = min(first.at_ms + _STEP_MS, extent.until_ms)
        yield from store.window(meter, first.at_ms, from_ms)


def _fields(wanted: Point, had: Point) -> dict[str, tuple[Any, Any]]:
    pairs: dict[str, tuple[Any, Any]] = {
        name: (wanted.values.get(name), had.values.get(name))
        for name in sorted({*wanted.values, *had.values})
    }
    pairs["import_wh"] = (wanted.import_wh, had.import_wh)
    pairs["position"] = (wanted.position, had.position)
    pairs["doubts"] = (dict(wanted.doubts), dict(had.doubts))
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _difference(kind: Kind, point: Point, fields: dict[str, tuple[Any, Any]]) -> Difference:
    return Difference(kind, point.meter, point.at_ms, point.position, fields)
