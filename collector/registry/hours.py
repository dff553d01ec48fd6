"""The hours of a delivery day, as documents count them."""

from datetime import date, datetime, time

from collector.model.instant import ASTANA

HOURS = 24
HOUR_MS = 3_600_000


def hour_start_ms(day: date, hour: int, first_hour: str) -> int:
    """When hour 1 to 24 of a day begins, if hour 1 begins at `first_hour`, an Astana clock time.

    Hours follow one another in elapsed time: of 2024-02-29, whose last hour came twice when the
    clocks of Astana went back, the second one has no number. Raises ValueError for another hour.
    """
    if not 1 <= hour <= HOURS:
        raise ValueError(f"hour {hour}: a day has hours 1 to {HOURS}")
    begins = datetime.combine(day, time.fromisoformat(first_hour), ASTANA)
    return round(begins.timestamp()) * 1000 + (hour - 1) * HOUR_MS


def convention(first_hour: str) -> str:
    """How hours are counted, in words that are kept with what was read by them."""
    return f"hour 1 begins at {first_hour} in Astana"
