"""Samples of a foreign meter are not the configured one's, whichever came first."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, NOW_MS, TELEMETRY, TestGateway, World, gateway_record
from meter_world import METER, OTHER, SERIAL, at, configure, identity, power

from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower


@pytest.fixture
def site(world: World) -> World:
    configure(world)
    return world


@pytest.fixture
def series(tmp_path: Path) -> EmbeddedSeries:
    return EmbeddedSeries(tmp_path)


def follow(world: World, series: EmbeddedSeries, *messages: bytes) -> None:
    world.append(messages, NOW_MS + 10**6)
    advance(world.engine, SeriesFollower(series, world.configurations))


def moments(series: EmbeddedSeries) -> list[int]:
    return [(point.at_ms - NOW_MS) // 1000 for point in series.window(METER, 0, 2**62)]


def samples(world: World) -> list[bytes]:
    """One a second, for ten seconds."""
    chain = world.gateway.chain(TELEMETRY)
    return [chain.next(power(NOW_MS + 1000 * second, 1)) for second in range(10)]


def said(world: World, *records: Any) -> list[bytes]:
    chain = world.gateway.chain(BILLING)
    return [chain.next(record) for record in records]


def swapped(world: World) -> list[bytes]:
    """From 3 s to 7 s another meter answers; at 5 s its serial cannot be read."""
    unread = identity(OTHER, unread=("serial",), at_ms=NOW_MS + 5000)
    foreign = identity(OTHER, at_ms=NOW_MS + 3000)
    return said(world, foreign, unread, identity(SERIAL, at_ms=NOW_MS + 7000))


OWN = [0, 1, 2, 7, 8, 9]


def test_samples_of_another_meter_are_not_written(site: World, series: EmbeddedSeries) -> None:
    follow(site, series, *swapped(site), *samples(site))
    assert moments(series) == OWN


def test_samples_that_came_before_the_identity_are_withdrawn(
    site: World, series: EmbeddedSeries
) -> None:
    follow(site, series, *samples(site))
    assert len(moments(series)) == 10
    who = swapped(site)
    for message in (who[2], who[1], who[0]):
        follow(site, series, message)
    assert moments(series) == OWN


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_whatever_order_they_came_it_is_the_same(
    site: World, series: EmbeddedSeries, order: tuple[int, ...]
) -> None:
    parts = [[message] for message in swapped(site)] + [samples(site)]
    for place in order:
        follow(site, series, *parts[place])
    assert moments(series) == OWN


def test_in_one_batch_it_is_the_same(site: World, series: EmbeddedSeries) -> None:
    follow(site, series, *samples(site), *swapped(site))
    assert moments(series) == OWN


def test_a_series_filled_again_is_the_same(
    site: World, series: EmbeddedSeries, tmp_path: Path
) -> None:
    who = swapped(site)
    follow(site, series, who[0], *samples(site), *who[1:])
    advance(site.engine, IntervalFollower(site.configurations))
    (tmp_path / "again").mkdir()
    again = EmbeddedSeries(tmp_path / "again")
    other_cursor = type("Again", (SeriesFollower,), {"name": "again"})
    advance(site.engine, other_cursor(again, site.configurations))
    assert moments(again) == OWN


def test_samples_through_another_gateway_stay(site: World, series: EmbeddedSeries) -> None:
    """The meter moved there; what the first one reads is not it."""
    first, second = site.gateway, TestGateway()
    site.registry.record([gateway_record(second)], bytes(32), NOW_MS)
    site.gateway = second
    configure(site)
    follow(site, series, *samples(site))
    site.gateway = first
    follow(site, series, *said(site, identity(OTHER, at_ms=at(0))))
    assert len(moments(series)) == 10


def test_an_identity_of_an_unknown_clock_holds_from_when_it_came(
    site: World, series: EmbeddedSeries
) -> None:
    """After a start with the power gone the gateway does not know the time."""
    blind = site.gateway.frame(BILLING, 1, [identity(OTHER, at_ms=0)], letter="U")
    site.append([blind], NOW_MS + 4000)
    follow(site, series, *samples(site))
    assert moments(series) == [0, 1, 2, 3]
