"""What points the ledger's frames are, and of which meter."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collector.evidence.frame import Frame, Sample, Stream
from collector.ledger.flags import Flag
from collector.ledger.foreigners import foreigners
from collector.ledger.ledger import Entry
from collector.ledger.readings import FlaggedReading, check_time, meter_of
from collector.model.profile import ReadingError
from collector.registry.configurations import Configurations
from collector.series.store import Point

Flagged = Callable[[Entry, FlaggedReading], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry and its frame, which is read once."""

    entry: Entry
    frame: Frame


def take(entries: Sequence[Entry]) -> list[Taken]:
    return [Taken(entry, entry.frame) for entry in entries]


def points_of(
    connection: Connection,
    configurations: Configurations,
    entries: Sequence[Taken],
    flagged: Flagged,
) -> list[Point]:
    """The points of entries, by the identities that are known. What cannot be read is told.

    A foreign meter's samples are not the configured one's.
    """
    read = [
        (taken.frame.gateway, slot, point)
        for taken in entries
        for slot, point in _read(configurations, taken, flagged)
    ]
    others = foreigners(connection, sorted({point.meter for _, _, point in read}))
    return [
        point
        for gateway, slot, point in read
        if others.standing(gateway, slot, point.meter, point.at_ms) is None
    ]


def _read(
    configurations: Configurations, taken: Taken, flagged: Flagged
) -> Iterator[tuple[int, Point]]:
    entry, frame = taken.entry, taken.frame
    if frame.stream is not Stream.TELEMETRY:
        return
    for record in frame.records:
        if not isinstance(record, Sample):
            continue
        try:
            configured, meter = meter_of(configurations, frame, record.slot)
            try:
                read = meter.samples.read(record.raw, record.quality)
            except ReadingError as error:
                raise FlaggedReading(Flag.UNDECODED, str(error)) from error
            check_time(configured, entry, frame, record, record.read_ms)
        except FlaggedReading as error:
            flagged(entry, error)
            continue
        yield (
            record.slot,
            Point(
                meter.serial,
                record.read_ms,
                read.values,
                entry.position,
                read.import_wh,
                read.doubts,
            ),
        )
