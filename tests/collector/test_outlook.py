"""Inside the hour: when it will be exceeded, by how much, and how sure that is."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.checks.lookahead import MINUTES, Confidence, Draw, loads, outlook, project

HOUR, MINUTE = 3_600_000, 60_000


def draw(used: int, power: int, at_ms: int = HOUR // 2, quantum: int = 1) -> Draw:
    return Draw(at_ms, Fraction(used), Fraction(power), Fraction(quantum))


@pytest.mark.parametrize(
    ("last", "confidence", "exceeding"),
    [
        ([200] * 10, Confidence.FIRM, 10),
        ([200] * 6 + [0] * 4, Confidence.LIKELY, 6),
        ([200] * 5 + [0] * 5, Confidence.OPEN, 5),
        ([0] * 10, Confidence.OPEN, 0),
        ([200] * 4, Confidence.UNKNOWN, 4),
        ([], Confidence.UNKNOWN, 0),
    ],
)
def test_confidence_is_how_many_of_the_last_minutes_would_exceed(
    last: list[int], confidence: Confidence, exceeding: int
) -> None:
    """Half an hour is left: 50 Wh used, 100 allowed."""
    found = outlook(draw(50, 200), HOUR, Fraction(100), [Fraction(each) for each in last])
    assert (found.confidence, found.exceeding, found.minutes) == (confidence, exceeding, len(last))
    assert found.projection.breach_ms == HOUR * 3 // 4
    if last:
        assert found.least_wh == 50 + min(last) // 2
        assert found.most_wh == 50 + max(last) // 2


def test_what_has_happened_is_sure_whatever_the_last_minutes_were() -> None:
    found = outlook(draw(102, 0), HOUR, Fraction(100), [Fraction(0)] * 10)
    assert (found.confidence, found.projection.breach_ms) == (Confidence.OVER, HOUR // 2)


def test_what_meters_drew_since_they_were_read_counts() -> None:
    """One was read a minute before the other."""
    later = Draw(HOUR // 2, Fraction(50), Fraction(200), since_wh=Fraction(2))
    assert project(later, HOUR, Fraction(200)).energy_wh == 50 + 2 + 100


def test_a_minute_in_which_a_meter_was_not_read_has_no_load() -> None:
    powers = {
        "a": [(0, Fraction(1)), (10, Fraction(2)), (MINUTE, Fraction(3))],
        "b": [(5, Fraction(10))],
    }
    assert loads(powers, 0, MINUTES * MINUTE) == [Fraction(12)]
    assert loads({}, 0, MINUTES * MINUTE) == []


@given(
    st.integers(0, 10**6),
    st.lists(st.integers(0, 10**6), min_size=5, max_size=10),
    st.integers(0, 10**6),
)
def test_more_allowed_is_never_surer_to_be_exceeded(
    used: int, last: list[int], allowed: int
) -> None:
    surer = [Confidence.OPEN, Confidence.LIKELY, Confidence.FIRM, Confidence.OVER]
    exact = [Fraction(each) for each in last]
    found = [
        surer.index(outlook(draw(used, last[-1]), HOUR, Fraction(limit), exact).confidence)
        for limit in (allowed, allowed + 1000)
    ]
    assert found[0] >= found[1]
