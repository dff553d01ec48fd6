"""Energy of each interval of a span that registers measured, of one meter and at once."""

from fractions import Fraction

from sqlalchemy import Connection

from collector.intervals import evidence, ratios
from collector.intervals.energy import passages
from collector.intervals.snapshots import snapshots_between


def measured_intervals(
    connection: Connection, meter: str, start_ms: int, end_ms: int, interval_ms: int
) -> dict[int, Fraction]:
    """Imported energy in Wh by the interval's start; those that were not measured are not there."""
    stops = snapshots_between(connection, meter, start_ms, end_ms)
    if len(stops) < 2:
        return {}
    strangers = evidence.strangers(connection, meter, stops[0], stops[-1])
    events = evidence.register_events(connection, meter, stops[0], stops[-1])
    true = ratios.of_meter(connection, meter)
    found: dict[int, Fraction] = {}
    begun_ms: int | None = None
    so_far = Fraction(0)
    for passage in passages(stops, strangers, events, true):
        if passage.before.at_ms % interval_ms == 0:
            begun_ms, so_far = passage.before.at_ms, Fraction(0)
        scaled = [passage.scaled(step) for step in passage.steps]
        known = [each.energy_wh for each in scaled if each is not None]
        if len(known) < len(scaled):
            begun_ms = None
        so_far += sum(known, Fraction(0))
        if begun_ms is not None and passage.after.at_ms == begun_ms + interval_ms:
            found[begun_ms] = so_far
    return found
