"""Whether what is prescribed fits: the market's clock, policy, tolerances, hours, authorities."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import get_args

from collector.model.records import (
    KINDS,
    Authority,
    Gateway,
    Licensee,
    Market,
    MeterRequirement,
    PeakCalendar,
    PermittedHours,
    Policy,
    Source,
    Span,
    Tolerance,
    Weekday,
)
from collector.registry.references.devices import too_short
from collector.registry.references.faults import Fault, backwards, missing, overlapping, twice
from collector.registry.references.grid import auction_zone
from collector.registry.view import View


def market(_view: View, record: Market) -> Iterator[Fault]:
    if record.period_s % record.interval_s:
        yield (
            "interval_s",
            f"a period of {record.period_s} s is no multiple of {record.interval_s} s",
        )


def policy(view: View, record: Policy) -> Iterator[Fault]:
    for gateway in view.all(Gateway).values():
        yield from too_short(record, gateway)
    for kind in record.two_persons:
        if kind not in KINDS:
            yield "two_persons", f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}"
    yield from twice("licence_warning_days", "the number", record.licence_warning_days)


def authority(_view: View, record: Authority) -> Iterator[Fault]:
    yield from backwards(record)


def tolerance(view: View, record: Tolerance) -> Iterator[Fault]:
    yield from backwards(record)
    if record.zone is not None:
        yield from auction_zone(view, record.zone)
    yield from overlapping(view, record, "zone")


def meter_requirement(view: View, record: MeterRequirement) -> Iterator[Fault]:
    yield from backwards(record)
    yield from _zone(view, record.zone)
    yield from overlapping(view, record, "name")


def _zone(view: View, name: str | None) -> Iterator[Fault]:
    if name is not None and name not in view.zones:
        known = ", ".join(sorted(view.zones)) or "none"
        yield "zone", f"there is no zone {name!r}; the register has: {known}"


def permitted_hours(view: View, record: PermittedHours) -> Iterator[Fault]:
    yield from backwards(record)
    yield from _zone(view, record.zone)
    if record.licensee is not None:
        yield from missing(view, Licensee, record.licensee, "licensee")
    if record.source is not None and record.source not in get_args(Source):
        yield "source", f"there is no {record.source!r}; there are: {', '.join(get_args(Source))}"
    yield from _spans(record.spans)
    yield from overlapping(view, record, "name")


def peak_calendar(view: View, record: PeakCalendar) -> Iterator[Fault]:
    yield from backwards(record)
    yield from _zone(view, record.zone)
    yield from _spans(record.spans)
    if not any(minutes < 24 * 60 for minutes in _covered(record.spans)):
        yield "spans", "they leave no pause in a week: a peak must end"
    yield from twice("holidays", "the day", record.holidays)
    for day in record.holidays:
        try:
            date.fromisoformat(day)
        except ValueError:
            yield "holidays", f"there is no day {day}"
    yield from overlapping(view, record, "name")


def _covered(spans: Iterable[Span]) -> Iterator[int]:
    """Minutes of each day of the week, spans that overlap counted once."""
    for day in get_args(Weekday):
        covered: set[int] = set()
        for span in spans:
            if day in span.days:
                covered |= {*range(_minutes(span.start), _minutes(span.end))}
        yield len(covered)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def _spans(spans: Iterable[Span]) -> Iterator[Fault]:
    for span in spans:
        if span.start >= span.end:
            yield "spans", f"{span.start} to {span.end}: it must end later; split it at 24:00"
