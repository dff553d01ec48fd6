"""Follows the ledger into a series store."""

from collections.abc import Sequence

import structlog
from sqlalchemy import Connection

from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Sample
from collector.ledger.ledger import Entry
from collector.model.profile import ReadingError
from collector.registry.configurations import ConfigurationError, Configurations
from collector.series.store import Point, SeriesStore

log = structlog.get_logger()


class SeriesFollower:
    name = "series"

    def __init__(self, store: SeriesStore, configurations: Configurations) -> None:
        self._store = store
        self._configurations = configurations

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:  # noqa: ARG002
        points = [point for entry in entries for point in self._points(entry)]
        if points:
            self._store.write(points)

    def _points(self, entry: Entry) -> list[Point]:
        frame = entry.frame
        samples = [record for record in frame.records if isinstance(record, Sample)]
        if not samples:
            return []
        try:
            meters = self._configurations.meters(frame.configuration)
            return [
                Point(
                    meters[sample.slot].serial,
                    sample.read_ms,
                    {
                        name: float(quantity.value)
                        for name, quantity in meters[sample.slot]
                        .decode(sample.raw, sample.quality, interval=False)
                        .items()
                    },
                    entry.position,
                )
                for sample in samples
            ]
        except (ConfigurationError, EvidenceError, ReadingError, KeyError) as error:
            log.error("series.undecoded", position=entry.position, error=str(error))
            return []
