"""Moments as people write them: Astana's clock unless an offset is given."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.model.instant import months_after
from collector.model.moments import MomentError, moment_text, read_last_day, read_moment

ANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23", "2026-11-23T00:00:00+05:00"),
        ("23.11.2026", "2026-11-23T00:00:00+05:00"),
        ("2023-11-23", "2023-11-23T00:00:00+06:00"),
        ("2026-11-23 14:30", "2026-11-23T14:30:00+05:00"),
        ("23.11.2026 14:30:01", "2026-11-23T14:30:01+05:00"),
        ("2026-11-23T14:30:00.250", "2026-11-23T14:30:00.250+05:00"),
        ("2026-11-23T14:30:00Z", "2026-11-23T14:30:00+00:00"),
        ("2026-11-23T14:30:00+06:00", "2026-11-23T14:30:00+06:00"),
        (" 2024-03-01 ", "2024-03-01T00:00:00+05:00"),
    ],
)
def test_a_moment_is_read(text: str, moment: str) -> None:
    assert read_moment(text) == ms(moment)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write 2026-11-23"),
        ("tomorrow", "write 2026-11-23"),
        ("11/23/2026", "write 2026-11-23"),
        ("2026-02-30", "day .*; write"),
        ("2026-11-23 25:00", "hour"),
        ("46349", "number for 2026-11-23"),
        ("2024-02-29 23:30", "2024-02-29T23:30:00[+]05:00 or 2024-02-29T23:30:00[+]06:00"),
        ("9999-12-31T23:59:59+99:00", "no moment"),
    ],
)
def test_what_is_no_moment_or_two_is_refused(text: str, told: str) -> None:
    with pytest.raises(MomentError, match=told):
        read_moment(text)


def test_the_last_day_ends_when_the_next_begins() -> None:
    assert read_last_day("2026-11-30") == ms("2026-12-01T00:00:00+05:00")
    assert read_last_day("29.02.2024") == ms("2024-03-01T00:00:00+05:00")
    with pytest.raises(MomentError, match="the last day is a date"):
        read_last_day("2026-11-30 12:00")


@ANY
@given(st.integers(0, 253_402_200_000_000))
def test_a_moment_that_is_written_is_read_as_the_same(moment_ms: int) -> None:
    assert read_moment(moment_text(moment_ms)) == moment_ms


@ANY
@given(st.dates(date(1970, 1, 2), date(2090, 1, 1)))
def test_a_last_day_is_the_day_before_its_end(day: date) -> None:
    assert read_last_day(day.isoformat()) == read_moment((day + timedelta(1)).isoformat())


@ANY
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_moment(text) is not None
    except MomentError as error:
        assert "write" in str(error) or "format of a date" in str(error)  # noqa: PT017


def test_months_are_the_calendars() -> None:
    assert months_after(ms("2026-01-31T00:00:00+05:00"), 1) == ms("2026-02-28T00:00:00+05:00")
    assert months_after(ms("2023-02-06T00:00:00+06:00"), 36) == ms("2026-02-06T00:00:00+05:00")
    assert months_after(ms("2026-12-01T12:00:00+05:00"), 1) == ms("2027-01-01T12:00:00+05:00")
