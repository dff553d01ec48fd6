"""From one register reading to the next: what was measured, and when nothing was."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model.continuity import (
    DELAY_MS,
    Limits,
    RegisterReading,
    Step,
    Verdict,
    judge,
    judge_all,
    total,
)
from collector.model.energy import Quantity, energy_in

HOUR = 3_600_000
TEN = Fraction(10)
WIRING = Limits(modulus=10_000, greatest_w=Fraction(1000))
"""It carries 1000 Wh in an hour: a tenth of a lap of a register that counts Wh."""
ONE_MORE = energy_in(Fraction(1000), DELAY_MS) + 1
"""For the instrument's delay, and a quantum."""


def reading(
    count: int,
    at_ms: int = 0,
    serial: str | None = None,
    ratio: int | None = None,
    quantum: Fraction | int = 1,
) -> RegisterReading:
    known = None if ratio is None else Fraction(ratio)
    return RegisterReading(Quantity(count, Fraction(quantum)), at_ms, serial, known)


def after_an_hour(before: int, after: int, limits: Limits = WIRING) -> Step:
    return judge(reading(before), reading(after, HOUR), limits)


@pytest.mark.parametrize(
    ("before", "after", "verdict", "energy"),
    [
        (5, 5, Verdict.MEASURED, 0),
        (5, 905, Verdict.MEASURED, 900),
        (5, 1006, Verdict.MEASURED, 1001),  # a quantum more than the wiring carries
        (5, 1007, Verdict.JUMP, None),
        (5, 9_999, Verdict.JUMP, None),
        (9_990, 5, Verdict.ROLLOVER, 15),
        (9_999, 0, Verdict.ROLLOVER, 1),
        (9_500, 501, Verdict.ROLLOVER, 1001),
        (9_500, 502, Verdict.RESET, None),
        (5_000, 0, Verdict.RESET, None),
        (5_000, 4_999, Verdict.RESET, None),
        (10_000, 5, Verdict.RESET, None),  # no count of such a register
    ],
)
def test_each_verdict(before: int, after: int, verdict: Verdict, energy: int | None) -> None:
    step = after_an_hour(before, after)
    assert (step.verdict, step.energy) == (verdict, energy)
    assert (step.before.register.count, step.after.register.count) == (before, after)


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        (Limits(10_000, None), Verdict.RESET),
        (Limits(None, Fraction(1000)), Verdict.RESET),
        (Limits(), Verdict.RESET),
        (Limits(10_000, Fraction(10_000)), Verdict.RESET),  # it may have gone round twice
        (WIRING, Verdict.ROLLOVER),
    ],
)
def test_a_rollover_is_shown_or_it_is_a_reset(limits: Limits, verdict: Verdict) -> None:
    assert after_an_hour(9_990, 5, limits).verdict is verdict


def test_without_the_wirings_limit_any_rise_is_measured() -> None:
    assert after_an_hour(5, 9_999, Limits(10_000)).energy == 9_994


def test_an_instrument_that_refreshes_seldom_may_rise_at_once() -> None:
    slow = Limits(None, Fraction(3_600_000), delay_ms=10_000)
    assert judge(reading(0), reading(10_000, 0), slow).verdict is Verdict.MEASURED
    assert judge(reading(0), reading(10_002, 0), slow).verdict is Verdict.JUMP


@pytest.mark.parametrize("after", [5, 9_999, 20, 0])
def test_across_another_meter_nothing_is_measured(after: int) -> None:
    step = judge(reading(10, 0, "A1"), reading(after, HOUR, "A2"), WIRING)
    assert (step.verdict, step.energy) == (Verdict.SWAP, None)


@pytest.mark.parametrize(
    ("before", "after", "is_swap"),
    [
        ("SE-4711", "se-4711", False),
        ("004711", " 4711 ", False),
        ("47 11", "4711", False),
        ("LQN-4711", "LQN/4711", False),
        ("LQN-4711", "LQN/4712", True),
        ("4711", "47110", True),
        ("4711", None, False),
        (None, "4711", False),
    ],
)
def test_serials_are_compared_as_people_write_them(
    before: str | None, after: str | None, *, is_swap: bool
) -> None:
    step = judge(reading(10, 0, before), reading(11, HOUR, after), WIRING)
    assert (step.verdict is Verdict.SWAP) is is_swap


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (80, 100, Verdict.RATIO_CHANGED),
        (80, 80, Verdict.MEASURED),
        (80, None, Verdict.MEASURED),
        (None, 80, Verdict.MEASURED),
    ],
)
def test_across_another_ratio_nothing_is_measured(
    before: int | None, after: int | None, verdict: Verdict
) -> None:
    step = judge(reading(10, 0, ratio=before), reading(11, HOUR, ratio=after), WIRING)
    assert step.verdict is verdict


def test_a_register_that_is_shown_more_coarsely_did_not_go_back() -> None:
    """A float or an exponent: 9 999 in units, then 999 in tens. A rollover it is not."""
    step = judge(reading(9_999), reading(999, HOUR, quantum=10), WIRING)
    assert (step.verdict, step.energy) == (Verdict.MEASURED, Fraction(0))
    step = judge(reading(9_999), reading(998, HOUR, quantum=10), WIRING)
    assert step.verdict is Verdict.RESET


# --- what holds for every register

counts = st.integers(0, 9_999)
times = st.integers(0, 10 * HOUR)
powers = st.integers(0, 10**7).map(Fraction)
readings = st.builds(
    reading,
    counts,
    times,
    st.sampled_from([None, "A", "B"]),
    st.sampled_from([None, 1, 2]),
    st.sampled_from([1, Fraction(1, 10), TEN]),
)
limits = st.builds(
    Limits, st.none() | st.integers(1, 10_000), st.none() | powers, st.sampled_from([0, 1_000])
)


@given(before=readings, after=readings, limits=limits)
def test_nothing_is_ever_negative_and_only_what_was_measured_has_energy(
    before: RegisterReading, after: RegisterReading, limits: Limits
) -> None:
    step = judge(before, after, limits)
    has_energy = step.verdict in (Verdict.MEASURED, Verdict.ROLLOVER)
    assert (step.energy is not None) == has_energy
    assert step.energy is None or step.energy >= 0
    assert (step.before, step.after) == (before, after)


@given(before=readings, after=readings, limits=limits)
def test_no_energy_is_more_than_the_wiring_carries(
    before: RegisterReading, after: RegisterReading, limits: Limits
) -> None:
    step = judge(before, after, limits)
    if step.energy is not None and limits.greatest_w is not None:
        elapsed_ms = max(after.read_ms - before.read_ms, 0) + limits.delay_ms
        quantum = max(before.register.quantum, after.register.quantum)
        assert step.energy <= energy_in(limits.greatest_w, elapsed_ms) + quantum


@st.composite
def registers(draw: st.DrawFn) -> tuple[list[RegisterReading], int]:
    """An honest register of 10 000 counts over hours, and what truly went through it."""
    at = draw(counts)
    rises = draw(st.lists(st.integers(0, 1000), max_size=40))
    found, truth = [reading(at)], 0
    for hour, rise in enumerate(rises, 1):
        truth += rise
        found.append(reading((at + truth) % 10_000, hour * HOUR))
    return found, truth


@given(registers())
def test_an_honest_register_is_measured_exactly_however_often_it_rolls_over(
    honest: tuple[list[RegisterReading], int],
) -> None:
    found, truth = honest
    steps = judge_all(found, WIRING)
    assert total(steps) == truth
    rolled = sum(one.register.count > other.register.count for one, other in pairwise(found))
    assert [step.verdict for step in steps].count(Verdict.ROLLOVER) == rolled


@given(registers(), st.data())
def test_splitting_an_interval_never_changes_the_sum(
    honest: tuple[list[RegisterReading], int], data: st.DataObject
) -> None:
    found, truth = honest
    cut = data.draw(st.integers(0, len(found) - 1))
    parts = [total(judge_all(part, WIRING)) for part in (found[: cut + 1], found[cut:])]
    assert None not in parts
    assert sum(part for part in parts if part is not None) == truth


@given(before=counts, rise=st.integers(0, 999), first=st.integers(0, 999))
def test_a_reading_in_between_changes_nothing(before: int, rise: int, first: int) -> None:
    first = min(first, rise)
    ends = reading(before), reading((before + rise) % 10_000, HOUR)
    between = reading((before + first) % 10_000, HOUR * first // 1000)
    assert total(judge_all([ends[0], between, ends[1]], WIRING)) == rise
    assert total(judge_all(ends, WIRING)) == rise


@given(registers(), st.data())
def test_a_reset_or_a_swap_in_a_series_never_yields_energy(
    honest: tuple[list[RegisterReading], int], data: st.DataObject
) -> None:
    found, _ = honest
    cut = data.draw(st.integers(0, len(found) - 1))
    swapped = [
        RegisterReading(entry.register, entry.read_ms, "A" if place <= cut else "B")
        for place, entry in enumerate([*found, reading(5, 41 * HOUR)])
    ]
    assert total(judge_all(swapped, WIRING)) is None
    begun_again = [*found[: cut + 1], reading(9_000, 42 * HOUR), reading(0, 43 * HOUR)]
    assert total(judge_all(begun_again, Limits(None, None))) is None
