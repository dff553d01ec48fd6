"""A follower takes every entry in order and once, whatever fails on the way."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from collector_world import TELEMETRY, World
from sqlalchemy import Connection

from collector.evidence.frame import Stream
from collector.ledger.followers import Stride, advance, begin_again, position_of, stride
from collector.ledger.ledger import Entry, Ledger
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading


class Listener:
    name = "listener"

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.fails = False

    def follow(self, connection: Connection, entries: Sequence[Entry]) -> None:  # noqa: ARG002
        if self.fails:
            raise OSError("the view cannot be written")
        self.taken += [entry.position for entry in entries]


def fill(world: World, count: int) -> None:
    chain = world.gateway.chain(TELEMETRY)
    world.append([chain.next() for _ in range(count)])


def test_entries_come_in_order_and_once(world: World) -> None:
    fill(world, 7)
    listener = Listener()
    assert [advance(world.engine, listener, 3) for _ in range(4)] == [3, 3, 1, 0]
    assert listener.taken == list(range(1, 8))


def test_after_a_failure_the_same_entries_come_again(world: World) -> None:
    fill(world, 4)
    listener = Listener()
    advance(world.engine, listener, 2)
    listener.fails = True
    with pytest.raises(OSError, match="cannot be written"):
        advance(world.engine, listener)
    with reading(world.engine) as connection:
        assert position_of(connection, "listener") == 2
    listener.fails = False
    advance(world.engine, listener)
    assert listener.taken == [1, 2, 3, 4]


class OfBilling(Listener):
    name = "of billing"
    stream = Stream.BILLING


def test_a_follower_of_one_stream_gets_no_other_and_passes_over_it(world: World) -> None:
    telemetry, billing = world.gateway.chain(TELEMETRY), world.gateway.chain()
    world.append([telemetry.next(), billing.next(), telemetry.next(), billing.next()])
    world.append([telemetry.next()])
    listener = OfBilling()
    assert [advance(world.engine, listener, 1) for _ in range(4)] == [2, 2, 1, 0]
    assert listener.taken == [2, 4]


def test_over_what_is_none_of_its_own_a_cursor_moves_once_a_second(world: World) -> None:
    now = [100.0]
    paced, listener = Stride(lambda: now[0]), OfBilling()
    telemetry, billing = world.gateway.chain(TELEMETRY), world.gateway.chain()
    world.append([telemetry.next()])
    assert stride(world.engine, listener, paced) == 1
    world.append([telemetry.next()])
    now[0] += 0.5
    assert stride(world.engine, listener, paced) == 0
    now[0] += 0.6
    assert stride(world.engine, listener, paced) == 1
    world.append([telemetry.next(), billing.next()])
    assert stride(world.engine, listener, paced) == 2  # its own is not waited with
    assert listener.taken == [4]


def test_a_new_follower_begins_at_the_beginning(world: World) -> None:
    fill(world, 3)
    first, second = Listener(), Listener()
    second.name = "another"
    advance(world.engine, first)
    assert advance(world.engine, second) == 3


def test_a_follower_whose_view_is_gone_begins_again(world: World) -> None:
    fill(world, 3)
    listener, other = Listener(), Listener()
    other.name = "another"
    for follower in (listener, other):
        advance(world.engine, follower)
    begin_again(world.engine, listener.name)
    assert advance(world.engine, listener) == 3
    assert advance(world.engine, other) == 0


def test_the_ledger_is_read_in_chunks_without_a_seam(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.ledger.ledger._READ_CHUNK", 2)
    fill(world, 4)
    ledger = Ledger(world.engine)
    assert [entry.position for entry in ledger.entries()] == [1, 2, 3, 4]
    assert [entry.position for entry in ledger.entries(after=1, upto=3)] == [2, 3]


def test_the_series_store_goes_on_after_a_failed_write(tmp_path: Path) -> None:
    series = EmbeddedSeries(tmp_path)
    with pytest.raises(OverflowError):
        series.write([Point("a", 1, {}, 1), Point("a", 2**64, {}, 1)])
    assert series.points() == 0
    series.write([Point("a", 1, {"active_power": 1.5}, 1)])
    series.write([Point("a", 1, {"active_power": 1.5}, 1)])
    assert series.points() == 1


def test_a_window_has_its_start_and_not_its_end(tmp_path: Path) -> None:
    series = EmbeddedSeries(tmp_path)
    series.write([Point("a", at_ms, {}, 1) for at_ms in (30, 10, 20)])
    series.write([Point("b", 15, {}, 1)])
    assert [point.at_ms for point in series.window("a", 10, 30)] == [10, 20]
    latest = series.latest("a", 2**62)
    assert latest is not None
    assert latest.at_ms == 30
    assert series.latest("c", 2**62) is None
