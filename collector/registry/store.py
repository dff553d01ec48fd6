"""The register of records: every change is a new version, nothing is overwritten.

What is hourly goes to the table of `entitlements`, and into no view.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select

from collector.model.records import KINDS, Record
from collector.registry import entitlements
from collector.registry.entitlements import ENTITLEMENTS, is_entitlement
from collector.registry.view import View
from collector.storage import appending, reading
from collector.storage.tables import registry_version


class Persons(NamedTuple):
    """Who gave a change, and who approved it where policy asks for two; None: not said."""

    recorded_by: str | None
    approved_by: str | None


NOBODY = Persons(None, None)
_NEWEST = select(func.max(registry_version.c.id))  # made once: it is asked before all else


class Change(NamedTuple):
    """One version of a record: `body` as it was recorded, times in Unix ms."""

    id: int
    recorded_ms: int
    document: bytes
    record: Record
    persons: Persons


def newest_version(connection: Connection) -> int:
    """The number of the last change of the register; 0 when it is empty."""
    return connection.scalar(_NEWEST) or 0


class Registry:
    """The register, with the newest view kept until a change."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._newest = (-1, View([]))
        self._records: dict[int, Record] = {}

    def record(
        self,
        records: Iterable[Record],
        document: bytes,
        now_ms: int,
        persons: Persons = NOBODY,
    ) -> int:
        """Add a version of each record, all or none; `document` is the SHA-256 of its source."""
        with appending(self.engine) as connection:
            return self.record_in(connection, records, document, now_ms, persons)

    @staticmethod
    def record_in(
        connection: Connection,
        records: Iterable[Record],
        document: bytes,
        now_ms: int,
        persons: Persons = NOBODY,
    ) -> int:
        """The same within the caller's transaction, which is an `appending` one."""
        records = list(records)
        source = {"recorded_ms": now_ms, "document": document, **persons._asdict()}
        entitlements.record_in(
            connection, [each for each in records if is_entitlement(each)], source
        )
        rows = [
            {"kind": record.kind, "key": record.key, "body": record.model_dump_json(), **source}
            for record in records
            if not is_entitlement(record)
        ]
        if rows:
            connection.execute(insert(registry_version), rows)
        return len(records)

    def view(self) -> View:
        """What is known now."""
        with reading(self.engine) as connection:
            newest = newest_version(connection)
        if newest != self._newest[0]:
            self._newest = (newest, self.view_known(None))
        return self._newest[1]

    def view_known(self, known_ms: int | None) -> View:
        """What was known at a moment; None: now.

        That is up to the last version that was recorded by then: what stands before it was known,
        though a clock that was wrong for a while dated it later.
        """
        table = registry_version
        last = select(func.max(table.c.id)).group_by(table.c.kind, table.c.key)
        if known_ms is not None:
            known = select(func.max(table.c.id)).where(table.c.recorded_ms <= known_ms)
            last = last.where(table.c.id <= known.scalar_subquery())
        columns = (table.c.id, table.c.kind, table.c.key, table.c.body)
        query = select(*columns).where(table.c.id.in_(last))
        with reading(self.engine) as connection:
            rows: Sequence[tuple[int, str, str, str]] = connection.execute(
                query.order_by(table.c.id)
            ).all()
        return View(
            [self._record(identity, kind, body) for identity, kind, _, body in rows],
            {(kind, key): identity for identity, kind, key, _ in rows},
        )

    def records(self, kind: type[Record], known_ms: int | None = None) -> list[Record]:
        """Every record of a kind as known at a moment, those of periods too."""
        if kind.kind in ENTITLEMENTS:
            with reading(self.engine) as connection:
                return entitlements.every(connection, kind, known_ms)
        return list(self.view_known(known_ms).all(kind).values())

    def history(self, kind: type[Record], key: str) -> list[Change]:
        """Every version of a record, the oldest first."""
        with reading(self.engine) as connection:
            if kind.kind in ENTITLEMENTS:
                rows = entitlements.rows_of(connection, kind, key)
            else:
                table = registry_version
                same = (table.c.kind == kind.kind, table.c.key == key)
                query = select(table).where(*same).order_by(table.c.id)
                rows = [
                    (self._record(row.id, row.kind, row.body), row)
                    for row in connection.execute(query)
                ]
        return [
            Change(
                row.id,
                row.recorded_ms,
                row.document,
                record,
                Persons(row.recorded_by, row.approved_by),
            )
            for record, row in rows
        ]

    def _record(self, identity: int, kind: str, body: str) -> Record:
        """A version never changes: it is read from its text once."""
        if identity not in self._records:
            self._records[identity] = KINDS[kind].model_validate_json(body)
        return self._records[identity]
