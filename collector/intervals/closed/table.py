"""Closed intervals as they are kept: every version, of which the newest stands."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, insert, select

from collector.intervals.closed.interval import ClosedInterval, Quality
from collector.model.energy import Quantity
from collector.storage.tables import interval_energy as table

Register = tuple[str, str]
"""Meter and quantity."""
Key = tuple[int, int]
"""Length and start."""


@dataclass(frozen=True, slots=True)
class Version:
    """An interval as it was closed at a moment; numbered from 1."""

    number: int
    closed_ms: int
    closed: ClosedInterval
    rules_sha256: bytes | None = None


def newest(
    connection: Connection, meters: Collection[str], start_ms: int, end_ms: int
) -> dict[Register, dict[Key, Version]]:
    """What stands of the intervals that begin from one moment until before another."""
    query = _NEWEST.where(
        table.c.meter.in_(meters), table.c.start_ms >= start_ms, table.c.start_ms < end_ms
    )
    found: dict[Register, dict[Key, Version]] = {}
    for row in connection.execute(query):
        key = (row.length_ms, row.start_ms)
        found.setdefault((row.meter, row.quantity), {})[key] = _version(row)
    return found


def of_register(
    connection: Connection,
    register: Register,
    length_ms: int,
    start_ms: int,
    end_ms: int,
    *,
    all_versions: bool = False,
) -> list[Version]:
    """In the order of time and, of one interval, of version."""
    query = (select(table) if all_versions else _NEWEST).where(
        table.c.meter == register[0],
        table.c.quantity == register[1],
        table.c.length_ms == length_ms,
        table.c.start_ms >= start_ms,
        table.c.start_ms < end_ms,
    )
    query = query.order_by(table.c.start_ms, table.c.version)
    return [_version(row) for row in connection.execute(query)]


def measured(
    connection: Connection, register: Register, length_ms: int, start_ms: int, end_ms: int
) -> dict[int, Fraction]:
    """Energy in Wh of the measured intervals, by start."""
    found = of_register(connection, register, length_ms, start_ms, end_ms)
    return {
        version.closed.start_ms: version.closed.energy.value
        for version in found
        if version.closed.quality is Quality.MEASURED and version.closed.energy is not None
    }


def by_days(
    connection: Connection, meters: Collection[str], length_ms: int, after_ms: int, until_ms: int
) -> Iterable[tuple[str, str, int]]:
    """Those that rest on other days: meter, quantity, start."""
    query = _newest(table.c.meter, table.c.quantity, table.c.start_ms).where(
        table.c.meter.in_(meters),
        table.c.length_ms == length_ms,
        table.c.start_ms > after_ms,
        table.c.start_ms <= until_ms,
        table.c.is_by_days,
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def closed_at(
    connection: Connection, closed_ms: int
) -> list[tuple[str, str, ClosedInterval | None, ClosedInterval]]:
    """What was closed at one moment: meter, quantity, what stood before, what stands since."""
    order = (table.c.meter, table.c.quantity, table.c.start_ms, table.c.length_ms, table.c.version)
    found: dict[tuple[str, str, Key], tuple[ClosedInterval | None, ClosedInterval]] = {}
    query = select(table).where(table.c.closed_ms == closed_ms).order_by(*order)
    for row in connection.execute(query).all():
        known = of_register(
            connection,
            (row.meter, row.quantity),
            row.length_ms,
            row.start_ms,
            row.start_ms + 1,
            all_versions=True,
        )
        stood = [version.closed for version in known if version.closed_ms < closed_ms]
        key = (row.meter, row.quantity, (row.length_ms, row.start_ms))
        found[key] = (stood[-1] if stood else None, _version(row).closed)
    return [(meter, quantity, *pair) for (meter, quantity, _), pair in found.items()]


def add(
    connection: Connection,
    changed: Mapping[Register, Iterable[tuple[int, ClosedInterval]]],
    closed_ms: int,
    rules_sha256: bytes,
) -> None:
    """Add versions, each with its number."""
    rows = [
        _row(register, number, closed, closed_ms, rules_sha256)
        for register, versions in changed.items()
        for number, closed in versions
    ]
    if rows:
        connection.execute(insert(table), rows)


_newer = table.alias()
_IS_NEWEST = ~exists().where(
    and_(
        _newer.c.meter == table.c.meter,
        _newer.c.quantity == table.c.quantity,
        _newer.c.length_ms == table.c.length_ms,
        _newer.c.start_ms == table.c.start_ms,
        _newer.c.version > table.c.version,
    )
)


def _newest(*columns: Any) -> Select[Any]:
    return select(*columns).where(_IS_NEWEST)


_NEWEST = _newest(table)


def _row(
    register: Register, number: int, closed: ClosedInterval, closed_ms: int, rules_sha256: bytes
) -> dict[str, Any]:
    energy = closed.energy
    return {
        "meter": register[0],
        "quantity": register[1],
        "length_ms": closed.length_ms,
        "start_ms": closed.start_ms,
        "version": number,
        "count": None if energy is None else energy.count,
        "quantum": None if energy is None else str(energy.quantum),
        "error_wh": None if closed.error_wh is None else str(closed.error_wh),
        "quality": closed.quality,
        "rules": ",".join(str(rule) for rule in closed.rules),
        "rules_sha256": rules_sha256 if closed.rules else None,
        "is_by_days": closed.is_by_days,
        "why": ",".join(closed.why),
        "start_position": closed.start_position,
        "end_position": closed.end_position,
        "edit": closed.edit,
        "closed_ms": closed_ms,
    }


def _version(row: Any) -> Version:
    closed = ClosedInterval(
        row.length_ms,
        row.start_ms,
        None if row.count is None else Quantity(row.count, fraction(row.quantum)),
        None if row.error_wh is None else fraction(row.error_wh),
        Quality(row.quality),
        tuple(int(rule) for rule in row.rules.split(",") if rule),
        row.is_by_days,
        tuple(word for word in row.why.split(",") if word),
        row.start_position,
        row.end_position,
        row.edit,
    )
    return Version(row.version, row.closed_ms, closed, row.rules_sha256)


@lru_cache(4096)
def fraction(text: str) -> Fraction:
    return Fraction(text)
