"""The checks, in exact watt-hours, for the demo's market and the real one."""

from decimal import Decimal
from fractions import Fraction

import pytest
from checks_control import LATE_MS, Control
from collector_world import BIN, SITE, ZONE
from finding_words import check_words
from period_world import close_period

from collector.checks import closing
from collector.checks.allocation import Holder, PeriodOutcome
from collector.checks.codes import Code
from collector.checks.lookahead import Draw, project
from collector.intervals.energy import MeteredEnergy, Metering, Snapshot
from collector.model.energy import mwh_to_wh

HOLDER = Holder(BIN, ZONE, (SITE,))


STEP = Fraction(1, 10_000)


def metered(
    start: Fraction,
    end: Fraction,
    positions: tuple[int, int] = (1, 2),
    quantum: Fraction = STEP,
) -> Metering:
    energy = MeteredEnergy(
        Snapshot(0, start, quantum, positions[0]), Snapshot(20_000, end, quantum, positions[1])
    )
    return Metering(energy, is_read=True)


# --- pure functions


@pytest.mark.parametrize(
    ("allowed", "energies", "outcome", "measured"),
    [
        ("100", ["99.9999"], PeriodOutcome.WITHIN, "99.9999"),
        ("100", ["100"], PeriodOutcome.UNDECIDED, "100"),
        ("100", ["100.001"], PeriodOutcome.BREACH, "100.001"),
        ("100", ["60", "39.9998"], PeriodOutcome.WITHIN, "99.9998"),
        ("100", ["60", "39.9999"], PeriodOutcome.UNDECIDED, "99.9999"),
        ("100", ["60", "40.1"], PeriodOutcome.BREACH, "100.1"),
        ("0", ["0"], PeriodOutcome.WITHIN, "0"),
        ("0", ["0.0001"], PeriodOutcome.BREACH, "0.0001"),
        ("100", [None], PeriodOutcome.UNMEASURED, None),
        ("100", ["500", None], PeriodOutcome.UNMEASURED, None),
        ("100", [], PeriodOutcome.UNMEASURED, None),
    ],
)
def test_a_period_is_judged_exactly(
    allowed: str, energies: list[str | None], outcome: PeriodOutcome, measured: str | None
) -> None:
    base = Fraction(10**12)
    found = {
        str(number): Metering() if wh is None else metered(base, base + Fraction(wh))
        for number, wh in enumerate(energies)
    }
    result = close_period(HOLDER, 0, 20_000, Fraction(allowed), found)
    assert result.outcome is outcome
    assert result.measured_wh == (None if measured is None else Fraction(measured))


def test_a_result_names_the_frames_it_rests_on() -> None:
    found = {
        "a": metered(Fraction(0), Fraction(1), (9, 12)),
        "b": metered(Fraction(0), Fraction(1), (3, 12)),
        "c": Metering(),
    }
    result = close_period(HOLDER, 0, 20_000, Fraction(1), found)
    assert result.positions == (3, 9, 12)
    assert (result.meters, result.missing) == (("a", "b", "c"), ("c",))


def test_sums_of_the_instruments_steps_are_exact() -> None:
    """Ten times a tenth of a watt-hour is one watt-hour, known to ten steps."""
    found = {str(number): metered(Fraction(0), Fraction(1, 10)) for number in range(10)}
    result = close_period(HOLDER, 0, 1, 1 + 10 * STEP, found)
    assert (result.measured_wh, result.quantum_wh) == (Fraction(1), 10 * STEP)
    assert result.outcome is PeriodOutcome.WITHIN
    assert close_period(HOLDER, 0, 1, 1 + 9 * STEP, found).outcome is PeriodOutcome.UNDECIDED


@pytest.mark.parametrize(
    ("steps", "allowed_mwh", "outcome"),
    [
        (42, "16.3", PeriodOutcome.BREACH),
        (42, "16.4", PeriodOutcome.BREACH),  # it drew more than 41 steps
        (42, "16.5", PeriodOutcome.UNDECIDED),
        (42, "16.8", PeriodOutcome.UNDECIDED),
        (42, "17.1", PeriodOutcome.UNDECIDED),
        (42, "17.2", PeriodOutcome.WITHIN),  # it drew less than 43
        (0, "0.1", PeriodOutcome.UNDECIDED),
        (0, "0", PeriodOutcome.WITHIN),
        (1, "0", PeriodOutcome.BREACH),
    ],
)
def test_within_one_step_of_the_register_nothing_is_decided(
    steps: int, allowed_mwh: str, outcome: PeriodOutcome
) -> None:
    """CT 2000/5 and VT 10000/100: a register of 0.01 kWh steps by 400 kWh."""
    quantum = Fraction(400_000)
    energy = metered(1000 * quantum, (1000 + steps) * quantum, quantum=quantum)
    result = close_period(HOLDER, 0, 1, mwh_to_wh(Decimal(allowed_mwh)), {"feeder": energy})
    assert result.outcome is outcome
    assert (result.error_wh, result.quantum_wh) == (Fraction(0), quantum)


def test_a_step_that_grew_counts_as_it_is_at_its_greatest() -> None:
    """A float's step doubles with its exponent."""
    energy = MeteredEnergy(
        Snapshot(0, Fraction(0), Fraction(1), 1), Snapshot(1, Fraction(9), Fraction(2), 2)
    )
    assert energy.quantum_wh == 2


@pytest.mark.parametrize(
    ("used", "power", "at_ms", "end_ms", "breach_ms"),
    [
        ("0", "3600000", 0, 1000, None),  # 1000 Wh at the end: just within
        ("0", "3600001", 0, 1000, 999),
        ("500", "3600000", 0, 1000, 500),
        ("1000", "0", 0, 1000, None),
        ("1000", "1", 0, 1000, 0),
        ("1000.5", "0", 300, 1000, 300),  # it has happened
        ("1000.5", "-5", 300, 1000, 300),
        ("0", "-5", 0, 1000, None),
        ("999", "3600000", 1000, 1000, None),
        ("999", "3600000", 2000, 1000, None),  # a value from after the end projects nothing
    ],
)
def test_the_projected_instant_of_breach(
    used: str, power: str, at_ms: int, end_ms: int, breach_ms: int | None
) -> None:
    draw = Draw(at_ms, Fraction(used), Fraction(power))
    assert project(draw, end_ms, Fraction(1000)).breach_ms == breach_ms


@pytest.mark.parametrize(
    ("used", "quantum", "expected"),
    [("100", "0", False), ("101", "0", True), ("102", "3", False), ("103", "3", True)],
)
def test_an_allowance_is_over_when_no_step_of_a_register_leaves_a_doubt(
    used: str, quantum: str, *, expected: bool
) -> None:
    draw = Draw(0, Fraction(used), Fraction(0), Fraction(quantum))
    assert draw.is_over(Fraction(100)) is expected


def test_megawatt_hours_are_decimals_not_floats() -> None:
    assert mwh_to_wh(Decimal("0.1")) == 100_000
    assert mwh_to_wh(Decimal("0.0000001")) == Fraction(1, 10)


# --- over time, with a database


def test_a_period_closes_when_both_its_boundaries_are_read(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    assert control.run(end - 1) == []
    assert control.run(end) == []
    control.register(end, "5099.999")
    [result] = control.run(end)
    assert (result.start_ms, result.end_ms) == (start, end)
    assert result.outcome is PeriodOutcome.WITHIN
    assert (result.measured_wh, result.allowed_wh) == (Fraction("99.999"), Fraction(100))
    assert result.quantum_wh == Fraction("0.001")
    assert control.findings() == []


def test_one_step_of_the_register_more_is_a_breach(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    control.register(end, "5100.001")
    [result] = control.run(end)
    assert (result.outcome, result.measured_wh) == ("breach", Fraction("100.001"))
    [finding] = control.findings()
    assert (finding.code, finding.first_ms, finding.last_ms) == (Code.BREACH, start, end)
    assert Fraction(finding.details["measured_wh"]) == Fraction("100.001")
    assert finding.details["sites"] == [SITE]


def test_a_period_too_near_for_the_registers_step_is_undecided(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    control.register(end, "5100")
    [result] = control.run(end)
    assert result.outcome is PeriodOutcome.UNDECIDED
    [finding] = control.findings()
    assert finding.code is Code.UNDECIDED
    assert (finding.details["error_wh"], finding.details["quantum_wh"]) == ("0", "1/1000")


def test_without_an_allocation_nothing_is_allowed(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(end, "1")  # of another period
    control.register(start, "5000")
    control.register(end, "5000.001")
    [result] = control.run(end)
    assert result.outcome is PeriodOutcome.BREACH
    assert result.allowed_wh == Fraction(0)


def test_a_period_is_closed_once(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.register(start, "5000")
    control.register(end, "5100")
    first = control.run(end)
    control.allow(end, "100")  # of another period
    assert control.run(end + 1) == first
    assert control.run(end + control.period_ms - 1) == first
    assert len(control.findings()) == 1


def test_data_that_is_late_but_in_time_counts(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000")
    assert control.run(end + LATE_MS - 2) == []
    control.register(end, "5099")
    [result] = control.run(end + LATE_MS - 1)
    assert result.outcome == "within"


def test_a_register_that_went_back_measured_nothing(control: Control) -> None:
    """A rollover, or another instrument: never energy within the allowance."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "1")
    control.register(start, "999999")
    control.register(end, "3")
    assert control.run(end) == []
    [result] = control.run(end + LATE_MS)
    assert result.outcome == "unmeasured"


def test_periods_close_in_order_without_holes(control: Control) -> None:
    start = control.start_ms
    for number in (0, 1, 3, 4):
        control.register(start + number * control.period_ms, str(5000 + number))
    results = control.run(start + 4 * control.period_ms + LATE_MS)
    assert [result.outcome for result in results] == [
        "breach",
        "unmeasured",
        "unmeasured",
        "breach",
    ]
    assert [result.start_ms for result in results] == [
        start + number * control.period_ms for number in range(4)
    ]


def test_a_long_absence_is_worked_off_in_parts(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "_CLOSE_AT_ONCE", 10)
    start = control.start_ms
    control.register(start, "5000")
    late = start + 25 * control.period_ms
    assert [len(control.run(late)) for _ in range(4)] == [10, 20, 24, 24]


def test_the_first_period_began_after_the_first_reading(control: Control) -> None:
    start = control.start_ms
    control.register(start - 1, "5000")
    control.register(start + control.period_ms, "5100")
    results = control.run(start + control.period_ms + LATE_MS)
    assert [result.start_ms for result in results] == [start]


def test_a_breach_is_foreseen_with_its_instant(control: Control) -> None:
    """Allowed 1000 Wh; half of it used at a quarter of the period."""
    start = control.start_ms
    now = start + control.period_ms // 4
    control.allow(start, "0.001")
    control.register(start, "5000")
    power_w = 1000 * 3_600_000 / control.period_ms
    control.point("feeder", now, power_w, 5500)
    control.run(now)
    [finding] = control.findings()
    check_words(finding)
    assert finding.code is Code.WILL_EXCEED
    assert finding.details["breach_ms"] == start + control.period_ms * 3 // 4
    assert finding.details["projected_excess_wh"] == "250"
    assert finding.severity == "warning"


@pytest.mark.parametrize("age", ["old", "from the future"])
def test_a_value_that_is_not_of_now_foresees_nothing(control: Control, age: str) -> None:
    start = control.start_ms
    now = start + control.period_ms // 2
    control.register(start, "5000")
    at_ms = now - 60_000 if age == "old" else now + 60_000
    control.point("feeder", at_ms, 1e9, 5500)
    control.run(now)
    assert Code.WILL_EXCEED not in [finding.code for finding in control.findings()]
