"""Energy of a meter that hung in its place for a part of a period: before or after an exchange."""

from dataclasses import replace
from fractions import Fraction

from sqlalchemy import Connection

from collector.intervals.energy import Metering, Snapshot, Turn, meter_between
from collector.intervals.snapshots import last_snapshot, next_snapshot
from collector.model.continuity import Verdict
from collector.model.energy import IMPORT, energy_in


def meter_while_it_hung(
    connection: Connection,
    meter: str,
    span: tuple[int, int | None],
    start_ms: int,
    end_ms: int,
    quantity: str = IMPORT,
) -> Metering:
    """Imported energy between two boundaries, of which the meter may have seen a part.

    Of its part it measures what is between its first reading and its last. What the wiring could
    carry from there to the exchange is error.
    """
    from_ms, until_ms = span
    first_ms, last_ms, error_wh = start_ms, end_ms, Fraction(0)
    if from_ms > start_ms:
        opening = next_snapshot(connection, meter, from_ms - 1, quantity)
        unread_wh = _could_flow_wh(opening, from_ms)
        if opening is None or unread_wh is None or opening.at_ms > end_ms:
            return _not_read(from_ms)
        first_ms, error_wh = opening.at_ms, unread_wh
    if until_ms is not None and until_ms < end_ms:
        closing = last_snapshot(connection, meter, until_ms, quantity)
        unread_wh = _could_flow_wh(closing, until_ms)
        if closing is None or unread_wh is None or closing.at_ms < first_ms:
            return _not_read(until_ms)
        last_ms, error_wh = closing.at_ms, error_wh + unread_wh
    found = meter_between(connection, meter, first_ms, last_ms, quantity)
    if found.energy is None:
        return found
    error_wh *= found.energy.factor
    energy = replace(
        found.energy,
        error_wh=found.energy.error_wh + error_wh,
        boundary_error_wh=found.energy.boundary_error_wh + error_wh,
    )
    return replace(found, energy=energy)


def _could_flow_wh(snapshot: Snapshot | None, exchange_ms: int) -> Fraction | None:
    """Between a reading and the exchange; None where nothing says what the wiring can carry."""
    if snapshot is None or snapshot.limits.greatest_w is None:
        return None
    apart_ms = abs(snapshot.read_ms - exchange_ms) + abs(snapshot.clock_error_ms)
    return energy_in(snapshot.limits.greatest_w, apart_ms)


def _not_read(exchange_ms: int) -> Metering:
    return Metering(None, (Turn(Verdict.EXCHANGED, exchange_ms, "", "", ()),), is_read=True)
