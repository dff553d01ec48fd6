"""When meters hang in their places, as the register says; and what changes with it."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, delete, insert, select

from collector.intervals import due, ratios
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.interval import Hung
from collector.intervals.due import Moment
from collector.model.records import Meter
from collector.registry.view import View
from collector.storage.tables import interval_energy
from collector.storage.tables import interval_meter as table

ALWAYS = Hung()


def hung(view: View) -> dict[str, Hung]:
    """By serial. A successor took the slot of a meter that was taken down by then."""
    meters = view.all(Meter).values()
    ends: dict[tuple[str, int], int] = {}
    for meter in meters:
        if meter.valid_until is not None:
            place = (meter.gateway, meter.slot)
            ends[place] = min(ends.get(place, meter.valid_until), meter.valid_until)
    return {
        meter.serial: Hung(
            meter.valid_from,
            meter.valid_until,
            ends.get((meter.gateway, meter.slot), meter.valid_from + 1) <= meter.valid_from,
        )
        for meter in meters
    }


def take_over_ratios(connection: Connection, grid: Grid, view: View) -> None:
    """Mark what is to be closed again since meters had other ratios than was known."""
    for meter, from_ms, until_ms in ratios.take_over(connection, view):
        rows = interval_energy
        within = [rows.c.start_ms > from_ms - grid.quarter_ms]
        within += [] if until_ms is None else [rows.c.start_ms < until_ms]
        query = select(rows.c.quantity, rows.c.start_ms).where(
            rows.c.meter == meter, rows.c.length_ms == grid.quarter_ms, rows.c.version == 1, *within
        )
        ends = {(meter, row[0], row[1] + grid.quarter_ms) for row in connection.execute(query)}
        due.mark(connection, ends)


def take_over(connection: Connection, grid: Grid, now: Mapping[str, Hung]) -> None:
    """Mark what is to be closed again since the register says other than it did."""
    known = {
        row.meter: Hung(row.valid_from, row.valid_until, row.is_successor)
        for row in connection.execute(select(table))
    }
    for meter, is_hung in now.items():
        was_hung = known.get(meter, ALWAYS)
        if was_hung == is_hung:
            continue
        moments = set(_moments(connection, grid, meter, was_hung, is_hung))
        due.mark(connection, moments)
        connection.execute(delete(table).where(table.c.meter == meter))
        connection.execute(
            insert(table).values(
                meter=meter,
                valid_from=is_hung.from_ms,
                valid_until=is_hung.until_ms,
                is_successor=is_hung.is_successor,
            )
        )


def _moments(
    connection: Connection, grid: Grid, meter: str, was: Hung, now: Hung
) -> Iterator[Moment]:
    if now.is_successor:
        for quantity in due.QUANTITIES:
            yield meter, quantity, grid.quarter(now.from_ms) + grid.quarter_ms
    rows = interval_energy
    query = select(rows.c.quantity, rows.c.start_ms).where(
        rows.c.meter == meter, rows.c.length_ms == grid.quarter_ms, rows.c.version == 1
    )
    ends = [until_ms for until_ms in (was.until_ms, now.until_ms) if until_ms is not None]
    first_ms = min(ends, default=2**62) - grid.quarter_ms
    last_ms = max(was.from_ms, now.from_ms)
    for quantity, start_ms in connection.execute(query):
        if start_ms >= first_ms or start_ms <= last_ms:
            yield meter, quantity, start_ms + grid.quarter_ms
