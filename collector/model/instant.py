"""Moments: Unix milliseconds inside, Astana time outside."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field


def _zone(area: str, city: str) -> ZoneInfo:
    """By the pinned tz database: a computer's own may be older than the last change."""
    with resources.files(f"tzdata.zoneinfo.{area}").joinpath(city).open("rb") as file:
        return ZoneInfo.from_file(file, f"{area}/{city}")


ASTANA = _zone("Asia", "Almaty")  # UTC+6, since 2024-03-01 UTC+5; Astana has no zone of its own


def _to_ms(value: Any) -> Any:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time needs its offset, for example 2026-11-23T14:00:00+05:00")
        return round(value.timestamp() * 1000)
    return value


Instant = Annotated[int, BeforeValidator(_to_ms), Field(ge=0, lt=253_402_300_800_000)]
"""Unix milliseconds, before the year 10000; files may write it as a date-time with offset."""


def astana(instant_ms: int) -> datetime:
    return datetime.fromtimestamp(instant_ms / 1000, UTC).astimezone(ASTANA)


def months_after(instant_ms: int, months: int) -> int:
    """The same day and time of day in Astana so many months later, or that month's last day."""
    moment = astana(instant_ms)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return round(moment.replace(year=year, month=month + 1, day=day).timestamp() * 1000)


def clock_text(instant_ms: int) -> str:
    """Time of day in Astana, to the second."""
    return astana(instant_ms).strftime("%H:%M:%S")


def day_end_ms(day: date) -> int:
    """When what is valid through a day ends: 00:00 of the next, Astana time."""
    return _astana_ms(datetime.combine(day + timedelta(days=1), time()))


def days_before(instant_ms: int, days: int) -> int:
    """The same time of day in Astana so many calendar days earlier."""
    return _astana_ms(astana(instant_ms).replace(tzinfo=None) - timedelta(days=days))


def _astana_ms(local: datetime) -> int:
    return round(local.replace(tzinfo=ASTANA).timestamp() * 1000)
