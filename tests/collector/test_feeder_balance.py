"""A feeder's balance by hand: what went in, what came out, losses, and errors of meters."""

from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.checks.grey.balance import Balance, BalanceOutcome, Part, balance
from collector.model.accuracy import PointLimit, accuracy_limits, combined_wh, root_up

KWH = 1000
CLASS_1 = PointLimit(Fraction(10) ** 2)
"""10 permille, and nothing that is common to all."""


def part(name: str, kwh: int | None, limit: PointLimit = CLASS_1, error_wh: int = 0) -> Part:
    energy_wh = None if kwh is None else Fraction(kwh * KWH)
    return Part(name, energy_wh, limit, Fraction(error_wh), (len(name),))


def judged(head: Part, *children: Part, loss_permille: int = 20) -> Balance:
    return balance("feeder", 0, 3_600_000, [head], children, loss_permille)


def test_losses_and_the_root_of_the_squares_are_allowed_and_one_watt_hour_more_is_not() -> None:
    """Head 10,000 kWh, children 6,000 and 3,500: 500 are lacking. 2 % are 200; the classes allow
    √(100² + 60² + 35²) = √14,825 = 121.7579... kWh.
    """
    found = judged(part("head", 10_000), part("one", 6_000), part("two", 3_500))
    assert found.difference_wh == 500 * KWH
    assert found.loss_wh == 200 * KWH
    assert found.error_wh == Fraction(
        isqrt(14_825 * 10**12) + 1, 1000
    )  # up to a thousandth of a Wh
    assert found.outcome is BalanceOutcome.MISSING
    assert found.unaccounted_wh == 300 * KWH - found.error_wh


@pytest.mark.parametrize(
    ("lacking_wh", "outcome"),
    [(300_000, BalanceOutcome.BALANCED), (300_001, BalanceOutcome.MISSING)],
)
def test_the_limit_itself_is_balanced(lacking_wh: int, outcome: BalanceOutcome) -> None:
    """Head 10,000 kWh of class 1: 2 % may be lost, and 1 % the meter be wrong by: 300 kWh."""
    child = Part("child", Fraction(10_000 * KWH - lacking_wh), PointLimit(Fraction(0)))
    assert judged(part("head", 10_000), child).outcome is outcome


def test_more_out_than_in_is_a_surplus_losses_or_not() -> None:
    found = judged(part("head", 1_000), part("child", 1_020), loss_permille=500)
    assert found.outcome is BalanceOutcome.SURPLUS
    assert found.unaccounted_wh == 20 * KWH - found.error_wh
    assert judged(part("head", 1_000), part("child", 1_010)).outcome is BalanceOutcome.BALANCED


def test_steps_and_readings_off_the_boundary_add_up_linearly() -> None:
    without = judged(part("head", 100), part("child", 90))
    with_steps = judged(part("head", 100, error_wh=300), part("child", 90, error_wh=200))
    assert with_steps.error_wh - without.error_wh == 500


def test_what_was_not_measured_is_named_and_nothing_is_decided() -> None:
    found = judged(part("head", 100), part("one", None), part("two", 1))
    assert found.outcome is BalanceOutcome.UNMEASURED
    assert (found.unmeasured, found.difference_wh) == (("one",), None)
    assert balance("feeder", 0, 1, [], [part("one", 1)], 0).outcome is BalanceOutcome.UNMEASURED


def test_a_result_names_its_evidence() -> None:
    found = judged(part("head", 1), part("child", 1))
    assert found.positions == (4, 5)


# --- classes


def test_a_point_with_transformers_is_the_root_of_three_squares() -> None:
    """Class 0.5S through CT and VT of class 0.5: √(6² + 5² + 5²) = √86 permille."""
    limits = accuracy_limits()
    assert limits.of("0.5S", has_ct=True, has_vt=True).square == 86
    assert limits.of("0.5S", has_ct=True, has_vt=False).square == 61
    assert limits.of("1", has_ct=False, has_vt=False).square == 100
    assert limits.of(None, has_ct=False, has_vt=False).square == 400, "unknown is as the worst"


def test_what_is_common_does_not_shrink_with_the_number_of_meters() -> None:
    alone = combined_wh([(Fraction(1000), PointLimit(Fraction(100)))])
    many = combined_wh([(Fraction(10), PointLimit(Fraction(100)))] * 100)
    common = combined_wh([(Fraction(10), PointLimit(Fraction(0), Fraction(10)))] * 100)
    assert [alone, many, common] == [10, 1, 10]


@given(st.fractions(min_value=0, max_value=10**15))
def test_a_root_is_never_rounded_down_and_by_no_more_than_a_thousandth(square: Fraction) -> None:
    root = root_up(square)
    assert root**2 >= square
    assert root == 0 or (root - Fraction(1, 1000)) ** 2 < square


@given(
    st.integers(0, 10**9),
    st.lists(st.integers(0, 10**8), min_size=1, max_size=6),
    st.integers(0, 200),
)
def test_outcomes_exclude_each_other_and_the_order_of_children_does_not_matter(
    head: int, children: list[int], loss_permille: int
) -> None:
    parts = [Part(str(n), Fraction(wh), CLASS_1) for n, wh in enumerate(children)]
    one = balance("f", 0, 1, [Part("head", Fraction(head), CLASS_1)], parts, loss_permille)
    other = balance("f", 0, 1, [Part("head", Fraction(head), CLASS_1)], parts[::-1], loss_permille)
    assert (one.outcome, one.unaccounted_wh) == (other.outcome, other.unaccounted_wh)
    assert (one.unaccounted_wh > 0) == (one.outcome is not BalanceOutcome.BALANCED)
    assert one.difference_wh is not None
    beyond = one.difference_wh - one.loss_wh - one.error_wh
    assert (one.outcome is BalanceOutcome.MISSING) == (beyond > 0)


@pytest.mark.parametrize("accuracy_class", ["0.2S", "0.2", "0.5S", "0.5", "1", "2"])
def test_every_class_of_the_register_has_its_limit(accuracy_class: str) -> None:
    assert accuracy_limits().of(accuracy_class, has_ct=False, has_vt=False).square > 0
