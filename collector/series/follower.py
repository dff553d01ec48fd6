"""Follows the ledger into the series that pages, checks and orders look at."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from collector.evidence.frame import Event, EventCode
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

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        known = self._configurations
        taken = take(entries)
        read = [identity for each in taken for identity in self._identities(connection, each)]

        def flagged(entry: Entry, error: FlaggedReading) -> None:
            keep_flag(connection, entry.position, error.flag, str(error))

        points = points_of(connection, known, taken, flagged)
        if points:
            self._store.write(points)
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
