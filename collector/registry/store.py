"""The register of records: every change is a new version, nothing is overwritten.

What is hourly goes to the table of `entitlements`, and into no view.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Engine, func, insert, select

from collector.model.records import KINDS, Record
from collector.registry import entitlements
from collector.registry.entitlements import is_entitlement
from collector.registry.view import View
from collector.storage import appending, reading
from collector.storage.tables import registry_version


def newest_version(connection: Connection) -> int:
    """The number of the last change of the register; 0 when it is empty."""
    return connection.scalar(select(func.max(registry_version.c.id))) or 0


class Registry:
    """The register, with the newest view kept until a change."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest = (-1, View([]))
        self._records: dict[int, Record] = {}

    def record(self, records: Iterable[Record], document: bytes, now_ms: int) -> int:
        """Add a version of each record, all or none; `document` is the SHA-256 of its source."""
        with appending(self._engine) as connection:
            return self.record_in(connection, records, document, now_ms)

    @staticmethod
    def record_in(
        connection: Connection, records: Iterable[Record], document: bytes, now_ms: int
    ) -> int:
        """The same within the caller's transaction, which is an `appending` one."""
        records = list(records)
        entitlements.record_in(
            connection, [each for each in records if is_entitlement(each)], document, now_ms
        )
        rows = [
            {
                "kind": record.kind,
                "key": record.key,
                "recorded_ms": now_ms,
                "document": document,
                "body": record.model_dump_json(),
            }
            for record in records
            if not is_entitlement(record)
        ]
        if rows:
            connection.execute(insert(registry_version), rows)
        return len(records)

    def view(self) -> View:
        """What is known now."""
        with reading(self._engine) as connection:
            newest = newest_version(connection)
        if newest != self._newest[0]:
            self._newest = (newest, self.view_known(None))
        return self._newest[1]

    def view_known(self, known_ms: int | None) -> View:
        """What was known at a moment; None: now."""
        table = registry_version
        last = select(func.max(table.c.id)).group_by(table.c.kind, table.c.key)
        if known_ms is not None:
            last = last.where(table.c.recorded_ms <= known_ms)
        columns = (table.c.id, table.c.kind, table.c.key, table.c.body)
        query = select(*columns).where(table.c.id.in_(last))
        with reading(self._engine) as connection:
            rows: Sequence[tuple[int, str, str, str]] = connection.execute(
                query.order_by(table.c.id)
            ).all()
        return View(
            [self._record(identity, kind, body) for identity, kind, _, body in rows],
            {(kind, key): identity for identity, kind, key, _ in rows},
        )

    def _record(self, identity: int, kind: str, body: str) -> Record:
        """A version never changes: it is read from its text once."""
        if identity not in self._records:
            self._records[identity] = KINDS[kind].model_validate_json(body)
        return self._records[identity]
