"""Follows the ledger into a series store."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from collector.evidence.frame import Event, EventCode, Sample
from collector.ledger import identities
from collector.ledger.flags import keep_flag
from collector.ledger.identities import Identity
from collector.ledger.ledger import Entry
from collector.ledger.readings import FlaggedReading, decode
from collector.model.energy import IMPORT
from collector.registry.configurations import Configurations
from collector.series.store import Point, SeriesStore
from collector.storage.tables import frame as frame_table

_FOREVER_MS = 2**63 - 1


class SeriesFollower:
    """A foreign meter's samples are not written as the configured one's; when its identity comes
    after them, they are withdrawn.
    """

    name = "series"

    def __init__(self, store: SeriesStore, configurations: Configurations) -> None:
        self._store = store
        self._configurations = configurations
        self._flagged: list[tuple[int, FlaggedReading]] = []

    def prepare(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Points are written first: what an identity of these entries says of them comes after."""
        self._flagged = []
        points = [point for entry in entries for point in self._points(connection, entry)]
        if points:
            self._store.write(points)

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for position, error in self._flagged:
            keep_flag(connection, position, error.flag, str(error))
        read = [identity for entry in entries for identity in self._identities(connection, entry)]
        for identity in read:
            self._withdraw(connection, identity)

    def _identities(self, connection: Connection, entry: Entry) -> Iterator[Identity]:
        for number, record in enumerate(entry.frame.records):
            if isinstance(record, Event) and record.code is EventCode.IDENTITY:
                known = self._configurations
                identity = identities.keep(connection, known, entry, entry.frame, number, record)
                if identity is not None:
                    yield identity

    def _points(self, connection: Connection, entry: Entry) -> Iterator[Point]:
        frame = entry.frame
        for record in frame.records:
            if not isinstance(record, Sample):
                continue
            try:
                read = decode(self._configurations, entry, frame, record)
            except FlaggedReading as error:
                self._flagged.append((entry.position, error))
                continue
            whose = (frame.gateway, record.slot, read.meter, read.at_ms)
            if identities.standing_by_time(connection, *whose) is not None:
                continue
            values = {name: quantity.value for name, quantity in read.values.items()}
            import_wh = values.pop(IMPORT, None)
            measured = {name: float(value) for name, value in values.items()}
            doubts: dict[str, tuple[str, ...]] = {}
            for doubt in read.doubts:
                doubts[doubt.code] = doubts.get(doubt.code, ()) + doubt.quantities
            yield Point(read.meter, read.at_ms, measured, entry.position, import_wh, doubts)

    def _withdraw(self, connection: Connection, identity: Identity) -> None:
        for span in identities.spans_by_time(connection, identity):
            if span.standing is None:
                continue
            until_ms = _FOREVER_MS if span.end is None else span.end
            points = list(self._store.window(identity.meter, span.start, until_ms))
            theirs = _positions_of(connection, identity.gateway, points)
            moments = [point.at_ms for point in points if point.position in theirs]
            self._store.withdraw(identity.meter, moments)


def _positions_of(
    connection: Connection, gateway: bytes, points: Sequence[Point]
) -> frozenset[int]:
    """Frames of a gateway among those of the points: a meter may have moved to another."""
    if not points:
        return frozenset()
    positions = [point.position for point in points]
    query = select(frame_table.c.position).where(
        frame_table.c.gateway == gateway,
        frame_table.c.position.between(min(positions), max(positions)),
    )
    return frozenset(connection.scalars(query))
