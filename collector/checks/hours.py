"""When a site may draw power to mine, by the hours that documents permit (Astana time)."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import get_args

from collector.checks.allowance import Known
from collector.model.instant import ASTANA, astana
from collector.model.records import PermittedHours, Site, Span, Weekday

_DAYS: tuple[str, ...] = get_args(Weekday)
_DAY_MS = 86_400_000
_MINUTES = 60
Load = Sequence[tuple[int, Fraction | None]]
"""A meter's power readings, oldest first: when, and W; None where nothing is believed."""


def applying(
    rulings: Iterable[Known[PermittedHours]],
    site: Site,
    auction_zone: str,
    sources: Iterable[str],
    at_ms: int,
) -> list[Known[PermittedHours]]:
    """The rulings that bind a site at a moment.

    One of a `source` binds whoever has bought nothing but energy of that source for the period:
    whose kWh are drawn when he has others too, no meter can tell.
    """
    only = set(sources)
    return [
        ruling
        for ruling in rulings
        if ruling.record.holds_at(at_ms)
        and ruling.record.zone in (site.zone, auction_zone, None)
        and ruling.record.licensee in (site.licensee, None)
        and (ruling.record.source is None or only == {ruling.record.source})
    ]


def is_permitted(rulings: Iterable[Known[PermittedHours]], at_ms: int) -> bool:
    """Whether every ruling permits the moment. One without spans permits none."""
    local = astana(at_ms)
    minute = local.hour * _MINUTES + local.minute
    day = _DAYS[local.weekday()]
    return all(
        any(_covers(span, day, minute) for span in ruling.record.spans) for ruling in rulings
    )


def forbidden(
    rulings: Sequence[Known[PermittedHours]], start_ms: int, end_ms: int
) -> list[tuple[int, int]]:
    """The parts of a time, from one moment until just before another, that are not permitted."""
    if not rulings:
        return []
    cuts = sorted({start_ms, end_ms, *_changes(rulings, start_ms, end_ms)})
    found: list[tuple[int, int]] = []
    for one, other in itertools.pairwise(cuts):
        if is_permitted(rulings, one):
            continue
        if found and found[-1][1] == one:
            found[-1] = (found[-1][0], other)
        else:
            found.append((one, other))
    return found


class ForbiddenOnce:
    """The same, worked out once for all sites that the same versions of rulings bind."""

    def __init__(self) -> None:
        self._known: dict[tuple[tuple[int, ...], int, int], list[tuple[int, int]]] = {}

    def within(
        self, rulings: Sequence[Known[PermittedHours]], start_ms: int, end_ms: int
    ) -> Sequence[tuple[int, int]]:
        if not rulings:
            return []
        key = (tuple(ruling.version for ruling in rulings), start_ms, end_ms)
        if key not in self._known:
            self._known[key] = forbidden(rulings, start_ms, end_ms)
        return self._known[key]


def first_load(
    readings: Sequence[Load], above_w: int, from_ms: int, until_ms: int
) -> tuple[int, Fraction] | None:
    """When the sum of meters' power was first above, and how much it was; None: it never was.

    A meter's reading holds until its next one; while one of them is unknown there is no sum.
    """
    marks = sorted(
        (at_ms, number, power_w) for number, load in enumerate(readings) for at_ms, power_w in load
    )
    now: dict[int, Fraction | None] = {}
    for place, (at_ms, number, power_w) in enumerate(marks):
        now[number] = power_w
        if place + 1 < len(marks) and marks[place + 1][0] == at_ms:
            continue
        if not from_ms <= at_ms < until_ms or len(now) < len(readings):
            continue
        known = [each for each in now.values() if each is not None]
        total_w = sum(known, Fraction(0))
        if len(known) == len(readings) and total_w > above_w:
            return at_ms, total_w
    return None


def _covers(span: Span, day: str, minute: int) -> bool:
    return day in span.days and _minutes(span.start) <= minute < _minutes(span.end)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * _MINUTES + int(minutes)


def _changes(rulings: Iterable[Known[PermittedHours]], start_ms: int, end_ms: int) -> Iterable[int]:
    """Every moment within at which a clock in Astana shows the start or the end of a span.

    A wall clock that is set back shows a time twice: both are.
    """
    clocks = {0} | {
        _minutes(clock) % (24 * _MINUTES)
        for ruling in rulings
        for span in ruling.record.spans
        for clock in (span.start, span.end)
    }
    first = astana(start_ms - _DAY_MS).date()
    days = (end_ms - start_ms) // _DAY_MS + 3
    for number in range(days + 1):
        date = first + timedelta(days=number)
        for minute in clocks:
            wall = time(minute // _MINUTES, minute % _MINUTES)
            for fold in (0, 1):
                at = datetime.combine(date, wall, ASTANA).replace(fold=fold)
                at_ms = round(at.timestamp() * 1000)
                if start_ms < at_ms < end_ms:
                    yield at_ms
    yield from _offset_changes(start_ms, end_ms)


def _offset_changes(start_ms: int, end_ms: int) -> Iterable[int]:
    """Where the offset of Astana changes within a time: there the clock jumps."""
    step_ms = 3_600_000
    at_ms = start_ms - start_ms % step_ms + step_ms
    while at_ms < end_ms:
        if astana(at_ms - 1).utcoffset() != astana(at_ms).utcoffset():
            yield at_ms
        at_ms += step_ms
