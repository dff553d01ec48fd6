"""An hour is the sum of its quarters: by construction, and so by number."""

from collections.abc import Sequence
from fractions import Fraction

from collector.intervals.closed.bridging import Boundaries
from collector.intervals.closed.interval import ClosedInterval, Quality, worst
from collector.intervals.closed.quarters import register_error_wh, storable
from collector.model.energy import common_quantum, counted


def close_hour(line: Boundaries, quarters: Sequence[ClosedInterval]) -> ClosedInterval:
    """From all quarters of the hour in which the meter hung there, in order; at least one."""
    length_ms = line.grid.hour_ms
    start_ms = line.grid.hour(quarters[0].start_ms)
    energies = [quarter.energy for quarter in quarters if quarter.energy is not None]
    errors = [quarter.error_wh for quarter in quarters if quarter.error_wh is not None]
    energy, error_wh = None, None
    if len(energies) == len(quarters):
        quantum_wh = common_quantum(each.quantum for each in energies)
        energy = counted(sum((each.value for each in energies), Fraction(0)), quantum_wh)
        if len(errors) == len(quarters):
            error_wh = sum(errors, Fraction(0))
    quality = worst(quarter.quality for quarter in quarters)
    is_by_days = any(quarter.is_by_days for quarter in quarters)
    rules = {number for quarter in quarters for number in quarter.rules}
    why = {word for quarter in quarters for word in quarter.why}
    start, end = line.at(start_ms), line.at(start_ms + length_ms)
    if energy is not None and quality.is_by_registers and start is not None and end is not None:
        error_wh, _ = register_error_wh(start, end, energy.value, length_ms)
        error_wh += line.course.parted_wh(start_ms, start_ms + length_ms)
        if start.rule is None and end.rule is None:
            quality, rules, is_by_days = Quality.MEASURED, set(), False
    return storable(
        ClosedInterval(
            length_ms,
            start_ms,
            energy,
            error_wh,
            quality,
            tuple(sorted(rules)),
            is_by_days,
            tuple(sorted(why)),
            quarters[0].start_position,
            quarters[-1].end_position,
        )
    )
