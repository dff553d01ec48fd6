"""Delivery hours as the market names them: by Astana's day, which once had 25."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from collector.model.instant import ASTANA, astana

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class DeliveryHour:
    """`number` counts from 1 over the hours that the day really has."""

    day: date
    number: int
    start_ms: int

    @property
    def end_ms(self) -> int:
        return self.start_ms + _HOUR_MS

    @property
    def label(self) -> str:
        return span_text(self.start_ms, self.end_ms)


def day_start_ms(day: date) -> int:
    return round(datetime.combine(day, time(), ASTANA).timestamp()) * 1000


def delivery_hours(day: date) -> list[DeliveryHour]:
    """Every hour of a local day: 24, and 25 where the clocks were put back."""
    start_ms, end_ms = day_start_ms(day), day_start_ms(day + timedelta(days=1))
    starts = range(start_ms, end_ms, _HOUR_MS)
    return [DeliveryHour(day, number, at_ms) for number, at_ms in enumerate(starts, 1)]


def delivery_hour(instant_ms: int) -> DeliveryHour:
    """The one that a moment lies in."""
    day = astana(instant_ms).date()
    start_ms = day_start_ms(day)
    number = (instant_ms - start_ms) // _HOUR_MS
    return DeliveryHour(day, number + 1, start_ms + number * _HOUR_MS)


def moment_text(instant_ms: int) -> str:
    """Local time with its offset: two hours of one night bear the same figures without it."""
    return astana(instant_ms).isoformat(timespec="seconds")


def span_text(start_ms: int, end_ms: int) -> str:
    """Times of day with their offsets, as in 23:45+06:00 to 23:00+05:00."""
    start, end = astana(start_ms), astana(end_ms)
    return f"{start:%H:%M}{_offset(start)} to {end:%H:%M}{_offset(end)}"


def _offset(moment: datetime) -> str:
    return moment.isoformat()[-6:]
