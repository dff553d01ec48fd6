"""When the calendars of peaks have their windows, and which bind a site (Astana time)."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import get_args

from collector.model.instant import ASTANA, astana
from collector.model.records import PeakCalendar, Site, Weekday
from collector.registry.view import View

_DAYS: tuple[str, ...] = get_args(Weekday)
_DAY = timedelta(days=1)
_WEEK = 8 * _DAY
"""In which every window has its start and its end: a calendar without a pause is refused."""
Window = tuple[int, int]
"""From one moment until just before another, Unix ms."""


def calendars(view: View, site: Site) -> list[PeakCalendar]:
    """All that were ever recorded for the site's zone, and are not withdrawn."""
    zones = (site.zone, view.auction_zone(site.zone), None)
    return [
        each
        for each in view.all(PeakCalendar).values()
        if each.zone in zones and not each.withdrawn
    ]


def windows(calendar: PeakCalendar, from_ms: int, until_ms: int) -> list[Window]:
    """Those of which some part lies within, each whole; spans that touch are one.

    As far as the record holds.
    """
    found = _joined(calendar, astana(from_ms).date() - _WEEK, astana(until_ms).date() + _WEEK)
    ends_ms = calendar.valid_until
    held = [
        (max(start_ms, calendar.valid_from), end_ms if ends_ms is None else min(end_ms, ends_ms))
        for start_ms, end_ms in found
    ]
    return [
        (start, end) for start, end in held if start < end and start < until_ms and from_ms < end
    ]


def is_prescribed(view: View, site: Site, name: str, from_ms: int, until_ms: int) -> bool:
    """Whether a calendar of this name still has a window for a site over all of a time."""
    return any(
        start_ms <= from_ms and until_ms <= end_ms
        for calendar in calendars(view, site)
        if calendar.name == name
        for start_ms, end_ms in windows(calendar, from_ms, until_ms)
    )


@lru_cache(maxsize=1000)
def _joined(calendar: PeakCalendar, first: date, last: date) -> tuple[Window, ...]:
    found: list[Window] = []
    for start_ms, end_ms in sorted(_spans(calendar, first, last)):
        if found and start_ms <= found[-1][1]:
            found[-1] = (found[-1][0], max(end_ms, found[-1][1]))
        else:
            found.append((start_ms, end_ms))
    return tuple(found)


def _spans(calendar: PeakCalendar, first: date, last: date) -> Iterator[Window]:
    holidays = {*calendar.holidays}
    for day in _days(first, last):
        if day.isoformat() in holidays:
            continue
        for span in calendar.spans:
            if _DAYS[day.weekday()] in span.days:
                yield _moment_ms(day, span.start), _moment_ms(day, span.end)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + number * _DAY for number in range((last - first).days + 1))


def _moment_ms(day: date, clock: str) -> int:
    """`24:00` is the next day's first moment."""
    hours, minutes = map(int, clock.split(":"))
    days, hours = divmod(hours, 24)
    local = datetime.combine(day + days * _DAY, time(hours, minutes), ASTANA)
    return round(local.timestamp() * 1000)
