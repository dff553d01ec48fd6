"""How the benchmark of orders judges a ramp, and names a percentile."""

import pytest

from benchmarks.curtail_orders import Missing, awaited
from benchmarks.curtail_report import percentile
from benchmarks.curtail_slope import slope


def test_a_stair_as_planned_has_no_error() -> None:
    found = slope([(1000, 50), (1000, 50), (11_000, 100)], 200, 100, 10, 10)
    assert (found.error_pct, found.max_step_w, found.late_s) == (0, 100, 0)


def test_a_step_that_is_late_is_missed_for_as_long() -> None:
    found = slope([(0, 100), (12_000, 100)], 200, 100, 10, 10)
    assert found.error_pct == pytest.approx(100 * 100 * 2 / (200 * 20))
    assert found.late_s == 2


def test_what_comes_too_early_is_an_error_and_a_larger_step() -> None:
    found = slope([(0, 100), (5000, 100)], 200, 100, 10, 10)
    assert found.error_pct == pytest.approx(100 * 100 * 5 / (200 * 20))
    assert found.max_step_w == 200


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([3.0, 1.0], 0.99) == 3.0
    assert percentile([], 0.99) is None


def test_what_does_not_come_is_named_and_given_up() -> None:
    with pytest.raises(Missing, match="2 of 3 gateways connected after 0 s"):
        awaited(lambda: 2, 3, "gateways connected", 0, pytest.fail)


def test_the_most_that_moves_is_of_the_bounds_time_and_not_the_steps() -> None:
    found = slope([(0, 100), (8000, 100)], 200, 100, 10, 5)
    assert found.max_step_w == 100
