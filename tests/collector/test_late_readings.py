"""Boundaries that were read late: what they may have moved, and what is not decided by them."""

from fractions import Fraction

import pytest
from checks_control import Control
from collector_world import BIN, SITE, ZONE
from period_world import close_period

from collector.checks.allocation import Holder, PeriodOutcome
from collector.checks.codes import Code
from collector.intervals.energy import MeteredEnergy, Metering, Snapshot, boundary_error_wh

HOUR = 3_600_000


def shot(at_ms: int, energy_wh: int, offset_ms: int = 0) -> Snapshot:
    return Snapshot(at_ms, Fraction(energy_wh), Fraction(1), 1, offset_ms)


@pytest.mark.parametrize(
    ("late", "neighbours", "error_wh"),
    [
        (shot(HOUR, 100, 2000), [shot(0, 0)], "0"),
        (shot(HOUR, 100, -2000), [shot(0, 0)], "0"),
        (shot(HOUR, 100, 2001), [shot(0, 0)], Fraction(100 * 2001, HOUR + 2001)),
        (shot(HOUR, 110, 360_000), [shot(0, 0)], "10"),
        (shot(HOUR, 90, -360_000), [shot(0, 0)], "10"),
        (shot(HOUR, 110, 360_000), [shot(0, 0), shot(2 * HOUR, 400)], "20"),
        (shot(HOUR, 110, 360_000), [shot(2 * HOUR, 200)], "10"),
        (shot(HOUR, 110, 360_000), [shot(HOUR + 1, 130)], "20"),  # never more than what moved
        (shot(HOUR, 0, 360_000), [shot(0, 110)], "10"),  # the register went back
        (shot(HOUR, 110, 360_000), [], "0"),
    ],
)
def test_a_late_reading_moves_its_offset_times_the_mean_power(
    late: Snapshot, neighbours: list[Snapshot], error_wh: str | Fraction
) -> None:
    assert boundary_error_wh(late, neighbours) == Fraction(error_wh)


@pytest.mark.parametrize(
    ("measured", "errors", "outcome"),
    [
        (99, ["0"], PeriodOutcome.WITHIN),
        (100, ["0"], PeriodOutcome.UNDECIDED),
        (101, ["0"], PeriodOutcome.BREACH),
        (102, ["1"], PeriodOutcome.BREACH),
        (102, ["1.001"], PeriodOutcome.UNDECIDED),
        (98, ["1"], PeriodOutcome.WITHIN),
        (98, ["1.001"], PeriodOutcome.UNDECIDED),
        (103, ["0.6", "0.6"], PeriodOutcome.UNDECIDED),
        (104, ["0.6", "0.6"], PeriodOutcome.BREACH),
    ],
)
def test_nearer_to_the_allowance_than_error_and_step_nothing_is_decided(
    measured: int, errors: list[str], outcome: PeriodOutcome
) -> None:
    whole = MeteredEnergy(shot(0, 0), shot(HOUR, measured), Fraction(errors[0]))
    others = [MeteredEnergy(shot(0, 5), shot(HOUR, 5), Fraction(wh)) for wh in errors[1:]]
    metered = {
        str(number): Metering(energy, is_read=True)
        for number, energy in enumerate([whole, *others])
    }
    result = close_period(Holder(BIN, ZONE, (SITE,)), 0, HOUR, Fraction(100), metered)
    assert result.outcome is outcome
    assert result.error_wh == sum(map(Fraction, errors))


def test_a_late_boundary_leaves_its_period_undecided(control: Control) -> None:
    """A quarter of a period late: a fifth of its energy may be the next one's."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    offset_ms = control.period_ms // 4
    control.allow(start, "0.0001")
    control.register(start, "5000")
    control.register(end, "5105", offset_ms=offset_ms)
    [result] = control.run(end + offset_ms)
    assert result.error_wh == 21
    assert result.outcome == "undecided"
    [finding] = control.findings()
    assert (finding.code, finding.severity) == (Code.UNDECIDED, "warning")
    assert Fraction(finding.details["error_wh"]) == result.error_wh


def test_an_undecided_period_is_not_decided_later(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    control.register(end, "5105", offset_ms=control.period_ms // 4)
    closed = control.run(end + control.period_ms // 4)
    assert [result.outcome for result in closed] == ["undecided"]
    control.register(end + control.period_ms // 2, "5105")
    assert control.run(end + control.period_ms // 2) == closed


def test_offsets_within_two_seconds_decide(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000", offset_ms=-2000)
    control.register(end, "5100.001", offset_ms=2000)
    [result] = control.run(end + 2000)
    assert result.outcome == "breach"
    assert result.error_wh == 0


def test_a_boundary_that_passed_without_power_leaves_no_period_unmeasured(control: Control) -> None:
    """Read when seven eighths of the next interval are over: both are measured, and how exactly."""
    start, period_ms = control.start_ms, control.period_ms
    middle, end, offset_ms = start + period_ms, start + 2 * period_ms, period_ms // 8 * 7
    control.allow(start, "1")
    control.allow(middle, "1")
    control.register(start, "5000")
    control.register(middle, "5150", offset_ms=offset_ms)
    control.register(end, "5160")
    results = control.run(end + period_ms)
    assert [result.measured_wh for result in results] == [150, 10]
    assert [result.error_wh for result in results] == [70, 70]  # at 80 a period
    assert [result.outcome for result in results] == ["within", "within"]
