"""The rows of a report on a ratio correction: the correction, energies and periods it changes."""

from fractions import Fraction
from typing import Any

from collector.checks.allocation import PeriodResult
from collector.cli.interval_rows import exact
from collector.intervals.closed.grid import Grid
from collector.intervals.closed.interval import ClosedInterval
from collector.model.delivery import moment_text
from collector.model.records import Meter, RatioCorrection

Pair = tuple[PeriodResult, PeriodResult]
Changed = list[tuple[str, ClosedInterval, ClosedInterval]]
"""Quantity, what stood before, what stands then."""


def correction_row(meter: Meter, record: RatioCorrection) -> dict[str, Any]:
    configured = Fraction(*meter.ct) * Fraction(*meter.vt)
    return {
        "ct": list(record.ct),
        "vt": list(record.vt),
        "configured_ct": list(meter.ct),
        "configured_vt": list(meter.vt),
        "factor": exact(Fraction(*record.ct) * Fraction(*record.vt) / configured),
        "from": moment_text(record.valid_from),
        "to": None if record.valid_until is None else moment_text(record.valid_until),
        "withdrawn": record.withdrawn,
        "reason": record.reason,
        "document_sha256": record.document_sha256,
    }


def sums(changed: Changed, grid: Grid) -> dict[str, Any]:
    """Over the quarters, import and export."""
    quarters = [each for each in changed if each[2].length_ms == grid.quarter_ms]
    before_wh = sum((_wh(before) for _, before, _ in quarters), Fraction(0))
    after_wh = sum((_wh(after) for _, _, after in quarters), Fraction(0))
    return {
        "quarters": len(quarters),
        "hours": len(changed) - len(quarters),
        "before_wh": exact(before_wh),
        "after_wh": exact(after_wh),
        "difference_wh": exact(after_wh - before_wh),
    }


def _wh(closed: ClosedInterval) -> Fraction:
    return closed.energy_wh or Fraction(0)


def interval_row(quantity: str, before: ClosedInterval, after: ClosedInterval) -> dict[str, Any]:
    return {
        "quantity": quantity,
        "start": moment_text(after.start_ms),
        "length_s": after.length_ms // 1000,
        "before_wh": exact(before.energy_wh),
        "after_wh": exact(after.energy_wh),
        "difference_wh": exact(_wh(after) - _wh(before)),
        "quality": after.quality,
    }


def period_row(before: PeriodResult, after: PeriodResult) -> dict[str, Any]:
    return {
        "licensee": after.licensee,
        "zone": after.zone,
        "start": moment_text(after.start_ms),
        "allowed_wh": exact(after.allowed_wh),
        "before_wh": exact(before.measured_wh),
        "before": before.outcome,
        "after_wh": exact(after.measured_wh),
        "after": after.outcome,
    }
