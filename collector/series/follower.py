"""Follows the ledger into the series that pages, checks and orders look at."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from collector.evidence.frame import Event, EventCode, Stream
from collector.ledger import identities
from collector.ledger.flags import keep_flag
from collector.ledger.identities import Identity
from collector.ledger.ledger import Entry
from collector.ledger.readings import FlaggedReading
from collector.registry.configurations import Configurations
from collector.series.corrections import correct
from collector.series.points import Taken, points_of, take
from collector.series.store import SeriesStore


class SeriesFollower:
    """A foreign meter's samples are not written as the configured one's; when an identity comes
    after them, they are withdrawn, or written after all.
    """

    name = "series"

    def __init__(self, store: SeriesStore, configurations: Configurations) -> None:
        self._store = store
        self._configurations = configurations
        self._flagged: list[tuple[int, FlaggedReading]] = []
        self._taken: list[Taken] = []

    def prepare(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Points are written first: what an identity of these entries says of them comes after."""
        flagged: list[tuple[int, FlaggedReading]] = []

        def flag(entry: Entry, error: FlaggedReading) -> None:
            flagged.append((entry.position, error))

        taken = take(entries)
        points = points_of(connection, self._configurations, taken, flag)
        if points:
            self._store.write(points)
        self._flagged = flagged
        self._taken = [each for each in taken if each.frame.stream is Stream.BILLING]

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        for position, error in self._flagged:
            keep_flag(connection, position, error.flag, str(error))
        read = [each for taken in self._taken for each in self._identities(connection, taken)]
        known = self._configurations
        for identity in read:
            for _ in correct(connection, known, self._store, identity, entries[-1].position):
                pass

    def _identities(self, connection: Connection, taken: Taken) -> Iterator[Identity]:
        entry, frame = taken.entry, taken.frame
        for number, record in enumerate(frame.records):
            if isinstance(record, Event) and record.code is EventCode.IDENTITY:
                known = self._configurations
                identity = identities.keep(connection, known, entry, frame, number, record)
                if identity is not None:
                    yield identity
