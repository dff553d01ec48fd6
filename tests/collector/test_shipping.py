"""An InfluxDB holds what the ledger holds, whatever stops on the way."""

import contextlib
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from collector_world import NOW_MS, TELEMETRY, World, sample
from influx_server import Influxd
from meter_world import raw_of
from shipped_world import Shipped, frames
from sqlalchemy import text

from collector.intervals.follower import IntervalFollower
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import Follower, advance
from collector.series.influx import InfluxSeries
from collector.series.shipping import Shipper, Shipping
from collector.series.store import SeriesAwayError, SeriesRefusedError
from collector.series.targets import open_influx

HOUR_S = 3600


def opened(server: Influxd, directory: Path) -> InfluxSeries:
    store = open_influx(f"influxdb1={server.url}?db={server.database()}", directory)
    assert store is not None
    return store


@pytest.fixture
def shipped(world: World, influxd: Influxd, tmp_path: Path) -> Iterator[Shipped]:
    made = Shipped.make(world, tmp_path, opened(influxd, tmp_path))
    yield made
    made.shipper.close()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Influxd]:
    """A server that this test may stop."""
    (tmp_path / "influxd").mkdir()
    server = Influxd(tmp_path / "influxd")
    server.start()
    yield server
    server.stop(kill=True)


def count(shipped: Shipped) -> int:
    return shipped.store.points()


def test_every_point_of_the_ledger_is_there(shipped: Shipped) -> None:
    shipped.receive(frames(shipped.world, 0, 60))
    shipped.shipper.drain()
    assert shipped.cursor == shipped.head == 18
    assert count(shipped) == 180
    assert shipped.differences() == []
    assert shipped.shipper.lag(NOW_MS).frames == 0


def test_nothing_is_shipped_before_its_identities_are_known(shipped: Shipped) -> None:
    """They are kept by the follower of the embedded series."""
    shipped.world.append(frames(shipped.world, 0, 60))
    assert shipped.shipper.step() == 0
    shipped.follow()
    assert shipped.shipper.step() == 18


def test_shipped_twice_it_is_the_same(shipped: Shipped) -> None:
    shipped.receive(frames(shipped.world, 0, 60))
    shipped.shipper.drain()
    with shipped.world.engine.begin() as connection:
        connection.execute(text("UPDATE follower SET position = 3 WHERE name LIKE 'influxdb%'"))
    shipped.again()
    shipped.shipper.drain()
    assert count(shipped) == 180
    assert shipped.differences() == []


def test_an_hour_without_the_server_loses_no_point(
    world: World, own: Influxd, tmp_path: Path
) -> None:
    shipped = Shipped.make(world, tmp_path, opened(own, tmp_path))
    shipped.receive(frames(world, 0, 60))
    shipped.shipper.drain()
    shipped.receive(frames(world, 60, 60), NOW_MS + 60_000)
    shipped.shipper.step()  # begun and not settled
    own.stop(kill=True)
    others: list[Follower] = [ChainFollower(), IntervalFollower(world.configurations)]
    for minute in range(2, 62):
        shipped.receive(frames(world, 60 * minute, 60), NOW_MS + 60_000 * minute)
        for follower in others:
            assert advance(world.engine, follower) > 0  # held up by nothing
    tracemalloc.start()
    for _ in range(3):
        with pytest.raises(SeriesAwayError):
            shipped.shipper.drain()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30_000_000  # two batches, however much waits
    lag = shipped.shipper.lag(NOW_MS + 61 * 60_000)
    assert lag.frames == shipped.head - shipped.cursor >= 60 * 18
    assert lag.seconds >= HOUR_S - 60  # what was begun may have come to its end
    own.start()
    shipped.shipper.drain()
    assert shipped.shipper.lag(NOW_MS).frames == 0
    assert count(shipped) == 180 * 62
    assert shipped.differences() == []
    shipped.shipper.close()


def test_a_server_killed_in_a_write_loses_no_point(
    world: World, own: Influxd, tmp_path: Path
) -> None:
    """At each of several moments; what it may have taken of the write comes again."""
    shipped = Shipped.make(world, tmp_path, opened(own, tmp_path))
    for round_number in range(5):
        shipped.receive(frames(world, 600 * round_number, 600))
        killer = threading.Timer(0.01 * round_number, lambda: own.stop(kill=True))
        killer.start()
        with contextlib.suppress(SeriesAwayError):
            shipped.shipper.drain()
        killer.join()
        own.start()
    shipped.shipper.drain()
    assert count(shipped) == 5 * 1800
    assert shipped.differences() == []
    shipped.shipper.close()


def test_a_refusal_stops_the_cursor_and_is_told_until_it_is_mended(
    shipped: Shipped, influxd: Influxd
) -> None:
    shipped.store.make()
    influxd.write(shipped.store.database, f"reading,meter=feeder frequency=50i {NOW_MS}")
    shipped.receive(frames(shipped.world, 0, 60))
    shipping = Shipping(shipped.shipper, lambda: NOW_MS)
    with structlog.testing.capture_logs() as logs:
        assert shipping.try_step() is None
        assert shipping.try_step() is None
        assert shipped.cursor == 0
        shipped.store.server.query("DROP MEASUREMENT reading", shipped.store.database)
        assert shipping.try_step() == 18
    assert [entry["event"] for entry in logs] == ["series.failed", "series.back"]
    assert "frequency is integer there, and must be float" in logs[0]["error"]
    assert logs[0]["lag_positions"] == 18
    shipped.shipper.drain()
    assert shipped.differences() == []


def test_a_refusal_in_the_midst_stops_the_cursor_too(shipped: Shipped, influxd: Influxd) -> None:
    """A stranger's field, written after the collector has looked at the types."""
    shipped.receive(frames(shipped.world, 0, 10))
    shipped.shipper.step()
    shipped.shipper.step()
    assert shipped.cursor == 3
    influxd.write(shipped.store.database, f"reading,meter=feeder doubts=1 {NOW_MS}")
    no_grid = raw_of(interval_only=False, frequency=70)
    chain = shipped.world.gateway.chain(TELEMETRY, epoch=99)
    shipped.receive([chain.next(sample(0, NOW_MS + 20_000, no_grid))])
    shipped.shipper.step()
    with pytest.raises(SeriesRefusedError, match=r"doubts.*is type string"):
        shipped.shipper.step()
    assert shipped.cursor == 3
    assert shipped.shipper.lag(NOW_MS).frames == 1


def test_a_server_that_lost_everything_is_filled_again(shipped: Shipped) -> None:
    shipped.receive(frames(shipped.world, 0, 60))
    shipped.shipper.drain()
    shipped.store.clear()
    shipped.again()
    shipped.shipper.drain()
    assert count(shipped) == 180
    assert shipped.differences() == []


def test_another_server_has_a_cursor_of_its_own(shipped: Shipped, influxd: Influxd) -> None:
    shipped.receive(frames(shipped.world, 0, 60))
    shipped.shipper.drain()
    other = open_influx(f"influxdb1={influxd.url}?db={influxd.database()}", Path())
    assert other is not None
    shipper = Shipper(shipped.world.engine, shipped.world.configurations, other)
    assert shipper.lag(NOW_MS).frames == 18
    shipper.drain()
    assert other.points() == 180
    shipper.close()


def test_being_behind_is_an_alarm_until_it_is_drained(shipped: Shipped) -> None:
    shipped.receive(frames(shipped.world, 0, 60), NOW_MS)
    shipping = Shipping(shipped.shipper, lambda: NOW_MS + 61_000)
    with structlog.testing.capture_logs() as logs:
        shipping._judge_lag()
        shipped.shipper.drain()
        shipping._judged_s = float("-inf")
        shipping._judge_lag()
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("series.behind", "error"),
        ("series.caught_up", "info"),
    ]
    assert (logs[0]["lag_positions"], logs[0]["lag_s"]) == (18, 61.0)


def test_the_thread_ends_at_once_when_the_server_is_away(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_influx("influxdb1=http://127.0.0.1:9", tmp_path)
    assert store is not None
    shipped = Shipped.make(world, tmp_path, store)
    shipped.receive(frames(world, 0, 10))
    stopping, failed = threading.Event(), threading.Event()
    shipping = Shipping(shipped.shipper, lambda: NOW_MS)
    step = shipped.shipper.step

    def failing() -> int:
        failed.set()
        return step()

    monkeypatch.setattr(shipped.shipper, "step", failing)
    thread = threading.Thread(target=shipping.run, args=[stopping])
    thread.start()
    assert failed.wait(30)
    stopping.set()
    thread.join(30)
    assert not thread.is_alive()
    shipped.shipper.close()
