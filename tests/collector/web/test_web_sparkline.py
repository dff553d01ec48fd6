"""Sums of several meters over time."""

from collector.series.store import Point
from collector.web.sparkline import totals


def points(meter: str, *readings: tuple[int, float]) -> list[Point]:
    return [Point(meter, at_ms, {"active_power": watts}, 1) for at_ms, watts in readings]


def test_sum_needs_every_meter() -> None:
    sums = totals([points("a", (0, 10.0), (1000, 11.0)), points("b", (500, 5.0))])
    assert sums == [(0, None), (500, 15.0), (1000, 16.0)]


def test_meter_that_fell_silent_is_not_carried_on() -> None:
    sums = totals([points("a", (0, 10.0)), points("b", (0, 5.0), (30_001, 6.0))])
    assert sums == [(0, 15.0), (30_001, None)]


def test_reading_without_power_is_no_zero() -> None:
    silent = [Point("a", 1000, {}, 1)]
    assert totals([points("a", (0, 10.0)) + silent]) == [(0, 10.0), (1000, None)]
