"""Closed periods without a database: meters' energies, an allowance, and what comes of them."""

from collections.abc import Mapping
from fractions import Fraction

from collector.checks import allocation
from collector.checks.allocation import DeliveryMeter, Holder, PeriodResult
from collector.checks.allowance import Allowance
from collector.checks.delivery import Part, factors
from collector.intervals.energy import Metering


def close_period(
    holder: Holder, start_ms: int, end_ms: int, allowed: Fraction, found: Mapping[str, Metering]
) -> PeriodResult:
    """Without loss factors and without a tolerance."""
    pieces = factors((), start_ms, end_ms)
    those = {name: DeliveryMeter((Part(each, pieces),)) for name, each in found.items()}
    return allocation.close_period(holder, start_ms, end_ms, Allowance(allowed), those)
