"""Delivery hours of Astana: UTC+6 until the night to 2024-03-01, UTC+5 since."""

from datetime import UTC, date, datetime

import pytest

from collector.model.delivery import delivery_hour, delivery_hours, moment_text, span_text
from collector.model.instant import ASTANA


def utc_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


THE_NIGHT_MS = utc_ms("2024-02-29T18:00")
QUARTER_MS, HOUR_MS = 900_000, 3_600_000


@pytest.mark.parametrize(
    ("day", "hours", "first_utc"),
    [
        (date(2024, 2, 28), 24, "2024-02-27T18:00"),
        (date(2024, 2, 29), 25, "2024-02-28T18:00"),
        (date(2024, 3, 1), 24, "2024-02-29T19:00"),
        (date(2026, 11, 23), 24, "2026-11-22T19:00"),
    ],
)
def test_a_day_has_the_hours_that_its_clocks_showed(day: date, hours: int, first_utc: str) -> None:
    found = delivery_hours(day)
    assert [hour.number for hour in found] == list(range(1, hours + 1))
    assert found[0].start_ms == utc_ms(first_utc)
    assert all(hour.end_ms - hour.start_ms == HOUR_MS for hour in found)
    assert found[-1].end_ms == delivery_hours(date.fromordinal(day.toordinal() + 1))[0].start_ms


def test_the_hour_that_was_shown_twice_is_two_hours() -> None:
    last, again = delivery_hours(date(2024, 2, 29))[-2:]
    assert (last.label, again.label) == (
        "23:00+06:00 to 23:00+05:00",
        "23:00+05:00 to 00:00+05:00",
    )
    assert (last.number, again.number) == (24, 25)
    assert last.end_ms == again.start_ms == THE_NIGHT_MS


def test_the_quarter_across_that_night_is_a_quarter_like_others() -> None:
    start_ms = THE_NIGHT_MS - QUARTER_MS
    assert span_text(start_ms, THE_NIGHT_MS) == "23:45+06:00 to 23:00+05:00"
    assert moment_text(THE_NIGHT_MS) == "2024-02-29T23:00:00+05:00"
    assert delivery_hour(THE_NIGHT_MS - 1).number == 24
    assert delivery_hour(THE_NIGHT_MS).number == 25
    assert delivery_hour(THE_NIGHT_MS + HOUR_MS).day == date(2024, 3, 1)


@pytest.mark.parametrize("at_ms", range(THE_NIGHT_MS - 30 * HOUR_MS, THE_NIGHT_MS, 5 * HOUR_MS))
def test_a_moment_lies_in_its_hour(at_ms: int) -> None:
    hour = delivery_hour(at_ms + 1234)
    assert hour.start_ms == at_ms
    assert hour in delivery_hours(hour.day)


def test_the_zone_is_of_the_pinned_database_and_not_of_the_computer() -> None:
    moment = datetime(2024, 3, 1, tzinfo=UTC).astimezone(ASTANA)
    assert (ASTANA.key, moment.strftime("%z")) == ("Asia/Almaty", "+0500")
