"""Follows the ledger into a series store."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection

from collector.evidence.frame import Sample
from collector.ledger.flags import keep_flag
from collector.ledger.ledger import Entry
from collector.ledger.readings import FlaggedReading, decode
from collector.model.energy import IMPORT
from collector.registry.configurations import Configurations
from collector.series.store import Point, SeriesStore


class SeriesFollower:
    name = "series"

    def __init__(self, store: SeriesStore, configurations: Configurations) -> None:
        self._store = store
        self._configurations = configurations

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:
        points = [point for entry in entries for point in self._points(connection, entry)]
        if points:
            self._store.write(points)

    def _points(self, connection: Connection, entry: Entry) -> Iterator[Point]:
        frame = entry.frame
        for record in frame.records:
            if not isinstance(record, Sample):
                continue
            try:
                read = decode(self._configurations, entry, frame, record)
            except FlaggedReading as error:
                keep_flag(connection, entry.position, error.flag, str(error))
                continue
            values = {name: quantity.value for name, quantity in read.values.items()}
            import_wh = values.pop(IMPORT, None)
            measured = {name: float(value) for name, value in values.items()}
            yield Point(read.meter, read.at_ms, measured, entry.position, import_wh)
