"""Business identification numbers: their check digit, and what would be right."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.model.bin import check_digit, doubt, fault

# published ones: Kaspi Bank, Halyk Bank, KEGOC
REAL = ["971240001315", "940140000385", "970740000838"]

ANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("number", REAL)
def test_numbers_in_use_are_right(number: str) -> None:
    assert fault(number) is None
    assert doubt(number) is None


def test_the_second_weights_count_where_the_first_give_ten() -> None:
    assert sum(w * int(d) for w, d in zip(range(1, 12), "26014000060", strict=True)) % 11 == 10
    assert check_digit("26014000060") == 4


def test_where_both_give_ten_there_is_no_number() -> None:
    assert check_digit("26014000063") is None
    assert fault("260140000630") == "260140000630 is no BIN: no number begins 26014000063"


@ANY
@given(st.sampled_from(REAL), st.integers(0, 11), st.integers(1, 9))
def test_a_mistyped_digit_is_found_and_the_right_check_digit_named(
    number: str, place: int, change: int
) -> None:
    digit = (int(number[place]) + change) % 10
    wrong = number[:place] + str(digit) + number[place + 1 :]
    right = check_digit(wrong[:11])
    told = fault(wrong)
    if right is not None and told is not None:
        assert f"the check digit {right} would be right" in told
    if place == 11:
        assert told is not None


def test_a_month_that_is_none_is_odd() -> None:
    assert "no month" in str(doubt("991340000010"))


def test_other_digits_than_ours_are_refused() -> None:
    assert "digits 0 to 9" in str(fault("٩٧١٢٤٠٠٠١٣١٥"))
