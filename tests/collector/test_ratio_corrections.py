"""A CT ratio that was found wrong weeks later: what is closed again, by hand and to the quantum."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from checks_control import Control
from cli_world import run, run_json
from collector_world import BIN, NOW_MS, REAL, ZONE, allocation
from hypothesis import given
from hypothesis import strategies as st
from interval_world import HOUR_MS, MEASURED, QUARTER_MS, Table, at
from meter_world import METER

from collector.checks import corrections, findings, periods
from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Code
from collector.checks.runner import Checks
from collector.intervals.energy import energy_between, energy_until
from collector.intervals.ratios import Ratios, TrueRatio
from collector.model.records import Meter, RatioCorrection
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading

REGISTERS = {at(quarter): 100 * quarter for quarter in range(9)}
"""100 Wh a quarter, as configured."""
STEP = Fraction(1, 1000)


def wrong(start_ms: int, end_ms: int | None, ct: tuple[int, int], **more: Any) -> RatioCorrection:
    """The meter of these tests is configured with a CT of 1/1."""
    return RatioCorrection(
        meter=METER,
        ct=ct,
        vt=(1, 1),
        reason="the plate of the CT was misread",
        document_sha256="cd" * 32,
        valid_from=start_ms,
        valid_until=end_ms,
        **more,
    )


@pytest.fixture
def meter(tmp_path: Path) -> Table:
    table = Table.make(tmp_path)
    table.lay_down(REGISTERS, ratio="1")
    table.settle(at(8))
    return table


def record(meter: Table, correction: RatioCorrection, now_ms: int = at(8)) -> None:
    meter.world.registry.record([correction], bytes(32), now_ms)
    meter.settle(now_ms)


def energies(meter: Table, length_ms: int = QUARTER_MS) -> list[Fraction | None]:
    return [closed.energy_wh for closed in meter.stands(length_ms).values()]


def test_the_quarters_of_a_wrong_ratio_are_multiplied_and_all_others_stay(meter: Table) -> None:
    record(meter, wrong(at(2), at(6), (2, 1)))
    assert energies(meter) == [100, 100, 200, 200, 200, 200, 100, 100]
    assert energies(meter, HOUR_MS) == [600, 600]
    assert {closed.quality for closed in meter.stands().values()} == {MEASURED}
    numbers = [version.number for version in meter.versions()]
    assert numbers == [1, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1]


def test_the_quarters_next_to_it_keep_their_step_and_are_no_new_version(meter: Table) -> None:
    """5/4 is no whole number of steps: where it begins and ends, registers stand between both."""
    record(meter, wrong(at(2), at(6), (5, 4)))
    quanta = [each.energy.quantum for each in meter.stands().values() if each.energy]
    assert quanta == [STEP] * 2 + [STEP * Fraction(5, 4)] * 4 + [STEP] * 2
    assert energies(meter) == [100, 100, 125, 125, 125, 125, 100, 100]
    numbers = [version.number for version in meter.versions()]
    assert numbers == [1, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 1]


def test_a_ratio_that_is_no_round_number_stays_exact(meter: Table) -> None:
    record(meter, wrong(at(0), None, (200, 7)))
    assert energies(meter) == [Fraction(20_000, 7)] * 8
    assert energies(meter, HOUR_MS) == [Fraction(80_000, 7)] * 2
    stands = meter.stands()[3]
    assert stands.energy is not None
    assert (stands.energy.count, stands.energy.quantum) == (100_000, Fraction(200, 7000))


def test_of_a_quarter_in_which_it_began_time_parts_the_energy_and_the_error_says_so(
    meter: Table,
) -> None:
    record(meter, wrong(at(2) + QUARTER_MS // 4, at(6), (3, 1)))
    closed = meter.stands()[2]
    assert closed.energy_wh == 100 + 200 * Fraction(3, 4)
    assert closed.error_wh is not None
    assert closed.error_wh >= 200, "all of it may have flowed before, or after"
    before = meter.stands()[1].error_wh
    assert before is not None and before < 1


def test_withdrawn_everything_is_what_it_was(meter: Table) -> None:
    record(meter, wrong(at(2), at(6), (2, 1)))
    record(meter, wrong(at(2), at(6), (2, 1), withdrawn=True), at(8) + 60_000)
    assert energies(meter) == [100] * 8
    assert len(meter.versions()) == 8 + 4 + 4


def test_rebuilt_from_the_register_it_is_the_same(meter: Table) -> None:
    """Periods are told by the same rule as the table."""
    record(meter, wrong(at(2), at(6), (2, 1)))
    with reading(meter.world.engine) as connection:
        found = energy_between(connection, METER, at(1), at(7))
        running_wh = energy_until(connection, METER, at(4), at(5) + 60_000, Fraction(510))
    assert found is not None
    assert found.energy_wh == 100 + 4 * 200 + 100
    assert found.quantum_wh == Fraction(2, 1000)
    assert running_wh == 200 + 20


@given(
    st.lists(st.integers(0, 10**6), min_size=2, max_size=12),
    st.integers(1, 10**4),
    st.integers(1, 10**4),
    st.integers(0, 11 * QUARTER_MS),
    st.integers(0, 11 * QUARTER_MS),
)
def test_parts_are_the_whole_wherever_a_correction_begins_and_ends(
    rises: list[int], top: int, bottom: int, one_ms: int, other_ms: int
) -> None:
    """To the step, and never beyond what either ratio alone would give."""
    start_ms, end_ms = sorted((one_ms, other_ms))
    factor = Fraction(top, bottom)
    true = Ratios([TrueRatio(start_ms, end_ms, factor, Fraction(1))])
    for number, rise in enumerate(rises):
        span = (number * QUARTER_MS, (number + 1) * QUARTER_MS)
        scaled = true.scale(span, Fraction(rise), Fraction(1), None)
        low, high = sorted((Fraction(rise), rise * factor))
        assert low - scaled.quantum_wh <= scaled.energy_wh <= high + scaled.quantum_wh
        assert (scaled.energy_wh / scaled.quantum_wh).denominator == 1
        assert scaled.error_wh in (0, rise * abs(factor - 1))


# --- periods, findings, orders


@pytest.fixture
def judged(database_of: str, tmp_path: Path) -> tuple[Table, Control]:
    """Two delivery hours of 400 Wh; 500 Wh were bought for each."""
    table = Table.make(tmp_path)
    control = Control(table.world, REAL, *_checks(table, tmp_path))
    bought = [allocation(start_ms, "0.0005") for start_ms in (NOW_MS, NOW_MS + HOUR_MS)]
    table.world.registry.record(bought, bytes(32), NOW_MS)
    control.run(NOW_MS - HOUR_MS)
    table.lay_down(REGISTERS, ratio="1")
    table.settle(at(8))
    control.run(at(8))
    return table, control


def _checks(table: Table, directory: Path) -> tuple[EmbeddedSeries, Checks]:
    series = EmbeddedSeries(directory)
    return series, Checks(table.world.engine, table.world.registry, series)


def test_periods_are_judged_again_by_what_was_allowed_then(
    judged: tuple[Table, Control],
) -> None:
    table, control = judged
    assert [each.outcome for each in control.run(at(8))] == [PeriodOutcome.WITHIN] * 2
    table.world.registry.record([wrong(at(2), at(6), (2, 1))], bytes(32), at(9))
    control.run(at(9))
    assert [each.measured_wh for each in control.run(at(9))] == [400, 400], "not before intervals"
    table.settle(at(9))
    results = control.run(at(9))
    assert [each.measured_wh for each in results] == [600, 600]
    assert [each.outcome for each in results] == [PeriodOutcome.BREACH] * 2
    noted = [each for each in control.findings() if each.code is Code.RATIO_CORRECTED]
    assert [(each.subject, each.details["ct"]) for each in noted] == [(METER, "2/1")]
    breaches = [each.first_ms for each in control.findings() if each.code is Code.BREACH]
    assert breaches == [NOW_MS, NOW_MS + HOUR_MS]


def test_running_again_changes_nothing(judged: tuple[Table, Control]) -> None:
    table, control = judged
    record(table, wrong(at(2), at(6), (2, 1)))
    control.run(at(9))
    kept = control.findings()
    control.restart()
    control.run(at(9))
    assert control.findings() == kept
    with reading(table.world.engine) as connection:
        known = corrections.known(connection, METER)
        touched = corrections.touched(connection, known)
    assert [(before.version, after.version) for before, after in touched] == [(1, 2)] * 2
    assert touched[0][1].versions["ratio_correction"] == (known[0].version,)


def test_a_finding_of_before_is_kept_and_named(judged: tuple[Table, Control]) -> None:
    """The CT is smaller than configured: what was a breach is none, and its finding stays."""
    table, control = judged
    table.world.registry.record(
        [allocation(start, "0.0003") for start in (at(8),)], bytes(32), at(8)
    )
    table.lay_down({at(quarter): 100 * quarter for quarter in range(9, 13)}, ratio="1")
    table.settle(at(12))
    control.run(at(12))
    assert [each.first_ms for each in control.findings()] == [at(8)]
    record(table, wrong(at(8), None, (1, 2)), at(13))
    control.run(at(13))
    assert [each.measured_wh for each in control.run(at(13))] == [400, 400, 200]
    assert {each.code for each in control.findings()} == {Code.BREACH, Code.RATIO_CORRECTED}


def test_the_verb_tells_before_and_after(judged: tuple[Table, Control], tmp_path: Path) -> None:
    table, control = judged
    tried = run_json(
        *("correction", tmp_path, METER, "--ct", "2/1"),
        *("--from", "2026-11-23T14:30:00+05:00", "--to", "2026-11-23T15:30:00+05:00"),
    )
    assert tried["state"].startswith("supposed")
    table.world.registry.record([wrong(at(2), at(6), (2, 1))], bytes(32), at(9))
    pending = run_json("correction", tmp_path, METER)
    assert pending["state"].startswith("not done yet")
    with reading(table.world.engine) as connection:
        assert [each.measured_wh for each in periods.stored(connection)] == [400, 400]
        assert findings.stored(connection) == []
    table.settle(at(9))
    control.run(at(9))
    done = run_json("correction", tmp_path, METER)
    assert done["state"] == "done"
    for document in (tried, pending, done):
        assert document["sums"] == {
            "quarters": 4,
            "hours": 2,
            "before_wh": "400",
            "after_wh": "800",
            "difference_wh": "400",
        }
        assert [(each["before_wh"], each["after_wh"]) for each in document["periods"]] == [
            ("400", "600")
        ] * 2
    assert [each["first"] for each in done["findings"]] == [
        "2026-11-23T14:00:00+05:00",
        "2026-11-23T15:00:00+05:00",
    ]
    assert done["findings"][0]["subject"] == f"{BIN}/{ZONE}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nobody",), "there is no meter 'nobody'"),
        ((METER,), "holds no ratio correction of 04711"),
        ((METER, "--ct", "200", "--from", "2026-11-02"), "as in 200/5"),
        ((METER, "--ct", "0/5", "--from", "2026-11-02"), "as in 200/5"),
        ((METER, "--ct", "200/5"), "--from is needed"),
        ((METER, "--from", "2026-11-02"), "give --ct or --vt"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    meter: Table, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    assert says in run("correction", tmp_path, *arguments, code=2).output


def test_a_ratio_at_a_feeders_head_has_no_periods(meter: Table, tmp_path: Path) -> None:
    """Its meter hangs at no site."""
    known = meter.world.registry.view().one(Meter, METER)
    head = known.model_copy(update={"site": "substation"})
    record(meter, wrong(at(2), at(6), (2, 1)), at(8) + 60_000)
    meter.world.registry.record([head], bytes(32), at(8) + 60_000)
    meter.settle(at(8) + 60_000)
    document = run_json("correction", tmp_path, METER)
    assert (document["state"], document["periods"]) == ("done", [])
    assert document["sums"]["difference_wh"] == "400"
