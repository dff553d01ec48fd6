"""What an identity that came after the samples changes in a series."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from collector.evidence.frame import Stream
from collector.ledger import identities
from collector.ledger.foreigners import foreigners
from collector.ledger.identities import Identity, Span
from collector.ledger.ledger import Entry, read_query
from collector.ledger.readings import AHEAD_MS
from collector.registry.configurations import Configurations
from collector.series.points import points_of, take
from collector.series.store import LAST_MS, Point, SeriesStore
from collector.storage.tables import frame as frame_table

_STEP_MS = 3_600_000
"""Points of so long a time are looked at together."""
_FRAMES = 500


def correct(
    connection: Connection,
    configurations: Configurations,
    store: SeriesStore,
    identity: Identity,
    upto: int,
) -> Iterator[tuple[int, int]]:
    """Withdraw a foreign meter's points, and write again what is shown to be the meter's own.

    `upto`: the position that the series has reached. Yields the spans of time in which something
    may have changed.
    """
    known = foreigners(connection, [identity.meter])
    if not known.concerns(identity.gateway, identity.slot, identity.meter):
        return
    for span in identities.spans_by_time(connection, identity):
        until_ms = LAST_MS if span.end is None else span.end
        if span.standing is not None:
            yield from _withdraw(connection, store, identity, span.start, until_ms)
        else:
            yield from _restore(connection, configurations, store, identity, span, upto)


def _withdraw(
    connection: Connection, store: SeriesStore, identity: Identity, from_ms: int, until_ms: int
) -> Iterator[tuple[int, int]]:
    while (first := store.earliest(identity.meter, from_ms)) and first.at_ms < until_ms:
        end_ms = min(first.at_ms + _STEP_MS, until_ms)
        points = list(store.window(identity.meter, first.at_ms, end_ms))
        theirs = _positions_of(connection, identity.gateway, points)
        moments = [point.at_ms for point in points if point.position in theirs]
        if moments:
            store.withdraw(identity.meter, moments)
            yield moments[0], moments[-1] + 1
        from_ms = end_ms


def _positions_of(connection: Connection, gateway: bytes, points: list[Point]) -> frozenset[int]:
    """Frames of a gateway among those of the points: a meter may have moved to another."""
    positions = [point.position for point in points]
    query = select(frame_table.c.position).where(
        frame_table.c.gateway == gateway,
        frame_table.c.position.between(min(positions), max(positions)),
    )
    return frozenset(connection.scalars(query))


def _restore(
    connection: Connection,
    configurations: Configurations,
    store: SeriesStore,
    identity: Identity,
    span: Span,
    upto: int,
) -> Iterator[tuple[int, int]]:
    until_ms = LAST_MS if span.end is None else span.end
    after = 0
    while entries := _telemetry(connection, identity.gateway, span.start, after, upto):
        after = entries[-1].position
        read = points_of(connection, configurations, take(entries), lambda *_: None)
        points = [
            point
            for point in read
            if point.meter == identity.meter and span.start <= point.at_ms < until_ms
        ]
        if points:
            store.write(points)
            moments = [point.at_ms for point in points]
            yield min(moments), max(moments) + 1


def _telemetry(
    connection: Connection, gateway: bytes, from_ms: int, after: int, upto: int
) -> list[Entry]:
    """A gateway's frames that may hold samples of this moment or later."""
    columns = frame_table.c
    query = (
        select(columns.position, columns.received_ms, columns.raw, columns.hash)
        .where(
            columns.gateway == gateway,
            columns.stream == int(Stream.TELEMETRY),
            columns.received_ms >= from_ms - AHEAD_MS,
            columns.position > after,
            columns.position <= upto,
        )
        .order_by(columns.position)
        .limit(_FRAMES)
    )
    return read_query(connection, query)
