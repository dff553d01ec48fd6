"""What was bought, nominated and allowed by delivery period: a change is a version, as elsewhere.

A year of it is millions of records: they are read by period from a table of their own, and never
held in a `View`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from collector.model.records import Allocation, Nomination, Quota, Record
from collector.storage.tables import entitlement as table

E = TypeVar("E", bound=Record)


@dataclass(frozen=True)
class Version(Generic[E]):
    """A record as it was recorded: `id` numbers the version, `document` is its source's SHA-256.

    Who gave it, and who approved it where two persons must; None: not said.
    """

    record: E
    id: int
    recorded_ms: int
    document: bytes
    recorded_by: str | None = None
    approved_by: str | None = None


_PLACES: dict[str, Callable[[Any], tuple[str, int, str, str]]] = {
    Allocation.kind: lambda it: (it.zone, it.start, it.licensee, f"{it.source}/{it.lot}"),
    Nomination.kind: lambda it: ("", it.start, it.site, ""),
    Quota.kind: lambda it: (it.zone, it.start, "", ""),
}
"""Zone, start, subject and part of each kind that is kept here."""

ENTITLEMENTS = frozenset(_PLACES)
"""The kinds that are kept here and not in the register of versions."""

_START_IN_KEY = {Allocation.kind: 2, Nomination.kind: 1, Quota.kind: 1}
_AT_ONCE = 10_000


def is_entitlement(record: Record) -> bool:
    """Whether a record is kept here and not in the register of versions."""
    return record.kind in _PLACES


def record_in(connection: Connection, records: Sequence[Record], source: dict[str, Any]) -> None:
    """Add a version of each, within the caller's `appending` transaction.

    `source`: what the rows say of whence they come, the same for all.
    """
    for first in range(0, len(records), _AT_ONCE):
        rows = [_row(record) | source for record in records[first : first + _AT_ONCE]]
        connection.execute(insert(table), rows)


def allocations(
    connection: Connection,
    licensee: str,
    zone: str,
    start_ms: int,
    known_ms: int | None = None,
) -> list[Version[Allocation]]:
    """What a licensee bought in an auction zone for a period, of every source and lot.

    As known at `known_ms`, None: now; what was cancelled by then is left out.
    """
    found = _newest(connection, Allocation, known_ms, zone, start_ms, table.c.subject == licensee)
    return [version for version in found if not version.record.cancelled]


def allocations_of_zone(
    connection: Connection, zone: str, start_ms: int, known_ms: int | None = None
) -> list[Version[Allocation]]:
    """The same of every licensee."""
    found = _newest(connection, Allocation, known_ms, zone, start_ms)
    return [version for version in found if not version.record.cancelled]


def quota(
    connection: Connection, zone: str, start_ms: int, known_ms: int | None = None
) -> Version[Quota] | None:
    """What the system operator published for an auction zone and a period; None: nothing known."""
    return next(iter(_newest(connection, Quota, known_ms, zone, start_ms)), None)


def nominations(
    connection: Connection, sites: Iterable[str], start_ms: int, known_ms: int | None = None
) -> list[Version[Nomination]]:
    """How licensees mean to split a period over these sites."""
    named = table.c.subject.in_(sorted(sites))
    return _newest(connection, Nomination, known_ms, "", start_ms, named)


def standing(connection: Connection, records: Iterable[E]) -> dict[str, Version[E]]:
    """By the records' keys, the versions after which they would be the next ones; also cancelled
    ones. Where a record would be the first there is none.
    """
    wanted = {record.key: record for record in records}
    periods = {(type(each), *_PLACES[each.kind](each)[:2]) for each in wanted.values()}
    found = (
        version
        for kind, zone, start_ms in periods
        for version in _newest(connection, kind, None, zone, start_ms)
    )
    return {each.record.key: each for each in found if each.record.key in wanted}


def history(
    connection: Connection,
    licensee: str,
    zone: str,
    start_ms: int,
    end_ms: int,
    known_ms: int | None = None,
) -> list[Version[Allocation]]:
    """Every version of the periods from the one moment until just before the other, with those
    that were cancelled or replaced: by period, the oldest first.
    """
    wanted = [
        table.c.kind == Allocation.kind,
        table.c.zone == zone,
        table.c.start_ms >= start_ms,
        table.c.start_ms < end_ms,
        table.c.subject == licensee,
    ]
    if known_ms is not None:
        wanted.append(table.c.recorded_ms <= known_ms)
    query = select(table).where(*wanted).order_by(table.c.start_ms, table.c.part, table.c.id)
    return [_version(Allocation, row) for row in connection.execute(query)]


def newest_version(connection: Connection) -> int:
    """The number of the last change; 0 where there was none."""
    return connection.scalar(select(func.max(table.c.id))) or 0


def every(connection: Connection, kind: type[E], known_ms: int | None = None) -> list[E]:
    """All that stands of a kind, by place; cancelled ones too."""
    places = (table.c.zone, table.c.start_ms, table.c.subject, table.c.part)
    last = select(func.max(table.c.id)).where(table.c.kind == kind.kind).group_by(*places)
    if known_ms is not None:
        last = last.where(table.c.recorded_ms <= known_ms)
    query = select(table.c.body).where(table.c.id.in_(last)).order_by(*places)
    return [kind.model_validate_json(body) for body in connection.scalars(query)]


def rows_of(connection: Connection, kind: type[E], key: str) -> list[tuple[E, Row[Any]]]:
    """Every version of one record with its row, the oldest first."""
    query = select(table).where(table.c.kind == kind.kind, table.c.start_ms == _start_ms(kind, key))
    rows = connection.execute(query.order_by(table.c.id))
    found = ((kind.model_validate_json(row.body), row) for row in rows)
    return [(record, row) for record, row in found if record.key == key]


def _start_ms(kind: type[Record], key: str) -> int:
    parts = key.split("/")
    at = _START_IN_KEY[kind.kind]
    return int(parts[at]) if len(parts) > at and parts[at].isdecimal() else -1


def _newest(
    connection: Connection,
    kind: type[E],
    known_ms: int | None,
    zone: str,
    start_ms: int,
    *wanted: ColumnElement[bool],
) -> list[Version[E]]:
    """The last version of each part, by subject and part."""
    query = select(table).where(
        table.c.kind == kind.kind, table.c.zone == zone, table.c.start_ms == start_ms, *wanted
    )
    if known_ms is not None:
        query = query.where(table.c.recorded_ms <= known_ms)
    query = query.order_by(table.c.subject, table.c.part, table.c.id)
    last = {(row.subject, row.part): row for row in connection.execute(query)}
    return [_version(kind, row) for row in last.values()]


def _version(kind: type[E], row: Any) -> Version[E]:
    record = kind.model_validate_json(row.body)
    return Version(record, row.id, row.recorded_ms, row.document, row.recorded_by, row.approved_by)


def _row(record: Record) -> dict[str, Any]:
    zone, start_ms, subject, part = _PLACES[record.kind](record)
    return {
        "kind": record.kind,
        "zone": zone,
        "start_ms": start_ms,
        "subject": subject,
        "part": part,
        "body": record.model_dump_json(),
    }
