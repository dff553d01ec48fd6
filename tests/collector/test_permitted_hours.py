"""Hours in which power may be drawn to mine: by the clock of Astana, through both its offsets."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from collector_world import BIN, TestGateway, site_record
from hypothesis import given
from hypothesis import strategies as st

from collector.checks.allowance import Known
from collector.checks.hours import applying, first_load, forbidden, is_permitted
from collector.model.instant import ASTANA
from collector.model.records import PermittedHours, Span

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
SITE = site_record(TestGateway())
NIGHT = Span(start="00:00", end="10:00")


def ruling(*spans: Span, version: int = 1, **more: Any) -> Known[PermittedHours]:
    record = PermittedHours(
        name="hours",
        spans=spans,
        valid_from=0,
        title="Example",
        document_sha256="00" * 32,
        example=True,
    )
    return Known(record.model_copy(update=more), version)


def ms(text: str) -> int:
    """Of a time with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-23T00:00:00+05:00", True),
        ("2026-11-23T09:59:59+05:00", True),
        ("2026-11-23T10:00:00+05:00", False),
        ("2026-11-23T23:59:59+05:00", False),
        ("2024-02-29T09:59:59+06:00", True),  # the old offset
        ("2024-02-29T10:00:00+06:00", False),
        ("2024-03-01T09:59:59+05:00", True),  # and the new
        ("2024-03-01T10:00:00+05:00", False),
    ],
)
def test_a_span_ends_just_before_its_end(at: str, *, expected: bool) -> None:
    assert is_permitted([ruling(NIGHT)], ms(at)) is expected


def test_days_of_the_week_are_astanas() -> None:
    weekend = ruling(Span(days=("sat", "sun"), start="00:00", end="24:00"))
    assert not is_permitted([weekend], ms("2026-11-27T23:59:59+05:00"))
    assert is_permitted([weekend], ms("2026-11-28T00:00:00+05:00"))
    assert is_permitted([weekend], ms("2026-11-29T23:59:59+05:00"))
    assert not is_permitted([weekend], ms("2026-11-30T00:00:00+05:00"))


def test_every_ruling_must_permit_and_none_forbids_nothing() -> None:
    evening = ruling(Span(start="08:00", end="20:00"))
    at_ms = ms("2026-11-23T09:00:00+05:00")
    assert is_permitted([], at_ms)
    assert is_permitted([ruling(NIGHT), evening], at_ms)
    assert not is_permitted([ruling(NIGHT), evening], at_ms + 2 * HOUR)
    assert not is_permitted([ruling()], at_ms)  # no span permits no hour


def test_the_parts_that_are_forbidden() -> None:
    start_ms = ms("2026-11-23T09:00:00+05:00")
    found = forbidden([ruling(NIGHT)], start_ms, start_ms + 16 * HOUR)
    assert found == [(start_ms + HOUR, ms("2026-11-24T00:00:00+05:00"))]
    assert forbidden([], start_ms, start_ms + DAY) == []


def test_an_hour_that_the_clock_shows_twice_is_permitted_twice() -> None:
    """On 2024-03-01 at 00:00 (UTC+6) clocks were set to 23:00 (UTC+5)."""
    late = ruling(Span(start="23:00", end="24:00"))
    start_ms = ms("2024-02-29T22:00:00+06:00")
    assert forbidden([late], start_ms, start_ms + 4 * HOUR) == [
        (start_ms, start_ms + HOUR),
        (start_ms + 3 * HOUR, start_ms + 4 * HOUR),
    ]


_MINUTES = st.integers(0, 1439)


@given(
    _MINUTES,
    st.integers(1, 1440),
    st.sampled_from(["2026-11-23T00:00:00+05:00", "2024-02-29T12:00:00+06:00"]),
    st.integers(0, 2 * 1440),
    st.integers(1, 1440),
)
def test_forbidden_parts_are_where_minutes_are_not_permitted(
    first: int, length: int, day: str, after: int, minutes: int
) -> None:
    end = min(first + length, 1440)
    span = Span(start=_clock(first), end=_clock(end)) if first < end else NIGHT
    rulings = [ruling(span)]
    start_ms = ms(day) + after * MINUTE
    parts = forbidden(rulings, start_ms, start_ms + minutes * MINUTE)
    for number in range(0, minutes, 7):
        at_ms = start_ms + number * MINUTE
        inside = any(one <= at_ms < other for one, other in parts)
        assert inside is not is_permitted(rulings, at_ms)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@pytest.mark.parametrize(
    ("more", "sources", "applies"),
    [
        ({}, {"auction"}, True),
        ({"zone": "north"}, {"auction"}, True),
        ({"zone": "west"}, {"auction"}, False),
        ({"zone": "north-south"}, {"auction"}, True),  # the auction zone of the site's
        ({"licensee": BIN}, {"auction"}, True),
        ({"licensee": "140840000923"}, {"auction"}, False),
        ({"source": "import"}, {"import"}, True),
        ({"source": "import"}, {"import", "auction"}, False),  # whose kWh, no meter can tell
        ({"source": "import"}, set(), False),
        ({"valid_from": 2 * DAY}, {"auction"}, False),
        ({"withdrawn": True}, {"auction"}, False),
    ],
)
def test_whom_a_ruling_binds(more: dict[str, Any], sources: set[str], *, applies: bool) -> None:
    bound = applying([ruling(NIGHT, **more)], SITE, "north-south", sources, DAY)
    assert bool(bound) is applies


@pytest.mark.parametrize(
    ("loads", "expected"),
    [
        ([[(0, 1), (10, 6), (20, 7)]], (10, 6)),
        ([[(0, 5), (10, 5)]], None),
        ([[(0, 3), (20, 4)], [(5, 1), (15, 3)]], (15, 6)),  # the sum, each until its next
        ([[(0, 9)], []], None),  # of one nothing is known
        ([[(0, 9), (10, None), (20, 8)]], (20, Fraction(8))),
        ([[(0, 9), (50, 9)]], (50, Fraction(9))),  # what was before is not looked at
    ],
)
def test_the_first_reading_that_shows_the_load(
    loads: list[list[tuple[int, int | None]]], expected: tuple[int, Fraction] | None
) -> None:
    exact = [
        [(at_ms, None if power is None else Fraction(power)) for at_ms, power in load]
        for load in loads
    ]
    assert first_load(exact, 5, 1, 60) == expected


def test_a_day_of_astana_is_25_hours_long_once() -> None:
    day = datetime(2024, 2, 29, tzinfo=ASTANA)
    assert (day + timedelta(days=1)).timestamp() - day.timestamp() == 25 * 3600
