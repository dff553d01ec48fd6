"""Allocations that a person enters, cancels, or takes back by a register without them."""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from collector.model.records import Allocation
from collector.registry import entitlements
from collector.registry.entitlements import Version
from collector.registry.hours import HOURS

_SPAN = re.compile(r"(\d{1,2})(?:-(\d{1,2}))?", re.ASCII)


def read_hours(text: str) -> list[int]:
    """`9-18,20` as the hours that it names, in order; raises ValueError."""
    hours: set[int] = set()
    for part in text.split(","):
        found = _SPAN.fullmatch(part.strip())
        first = int(found[1]) if found else 0
        last = int(found[2] or found[1]) if found else 0
        if not 1 <= first <= last <= HOURS:
            raise ValueError(
                f"{part.strip()!r} names no hours; write for example 9-18,20 (1 to 24)"
            )
        hours.update(range(first, last + 1))
    return sorted(hours)


def cancellations(
    connection: Connection,
    zone: str,
    starts: Iterable[int],
    licensee: str | None = None,
    source: str | None = None,
    lot: str | None = None,
) -> list[Allocation]:
    """The cancelled version of every allocation that stands in these periods and is of these."""
    wanted = {"licensee": licensee, "source": source, "lot": lot}
    return [
        version.record.model_copy(update={"cancelled": True})
        for start_ms in starts
        for version in entitlements.allocations_of_zone(connection, zone, start_ms)
        if all(value in (None, getattr(version.record, name)) for name, value in wanted.items())
    ]


def omitted(connection: Connection, records: Sequence[Allocation]) -> list[Allocation]:
    """The cancelled version of what stands beside `records`, and they do not name.

    Beside: in the same zone and period, of the same source.
    """
    named = {record.key for record in records}
    periods = sorted({(record.zone, record.start, record.source) for record in records})
    return [
        each
        for zone, start_ms, source in periods
        for each in cancellations(connection, zone, [start_ms], source=source)
        if each.key not in named
    ]


def standing(versions: Iterable[Version[Allocation]]) -> set[int]:
    """Of a history, the numbers of the versions by which energy is allowed."""
    last = {version.record.key: version for version in versions}
    return {version.id for version in last.values() if not version.record.cancelled}
