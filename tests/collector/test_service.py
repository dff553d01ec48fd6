"""The running collector, without a broker."""

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_world import POLICY, TELEMETRY, World
from sqlalchemy import update
from structlog.testing import capture_logs

from collector.cli.service import Service
from collector.intake.transport import Broker, Transport
from collector.ledger import checkpoints
from collector.ledger.followers import advance, position_of
from collector.registry.keyring import create_keyring
from collector.series.embedded import FILE_NAME, EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.storage import reading
from collector.storage.leadership import AllDuties
from collector.storage.tables import frame


def collector(world: World, directory: Path) -> Service:
    create_keyring(directory, directory / "root.pem")
    return Service(directory, world.engine, Broker("127.0.0.1", 1))


Published = queue.Queue[tuple[str, bytes, bool]]


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    """What the collector hands to its broker, which is not there."""
    sent: Published = queue.Queue()

    def publish(_self: Any, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        sent.put((topic, payload, retain))
        return True

    monkeypatch.setattr(Transport, "publish", publish)
    return sent


@pytest.fixture
def service(world: World, tmp_path: Path) -> Iterator[Service]:
    running = collector(world, tmp_path)
    yield running
    running.stop()


def test_a_running_collector_signs_and_publishes_without_being_stopped(
    world: World, service: Service, published: Published
) -> None:
    """What a killed collector left is covered at once."""
    world.append([world.gateway.chain(TELEMETRY).next()])
    service.start()
    while (message := published.get(timeout=30))[0] != "esep/v1/checkpoint":
        pass
    [(size, stored)] = checkpoints.stored(world.engine)
    assert message == ("esep/v1/checkpoint", stored, True)
    assert size == 1


def test_a_checkpoint_that_would_contradict_another_is_not_signed(
    world: World, tmp_path: Path
) -> None:
    """It is said, once a period, and all else goes on."""
    service = collector(world, tmp_path)
    service._duties = AllDuties()
    chain = world.gateway.chain(TELEMETRY)
    world.append([chain.next()])
    service._checkpoint()
    with world.engine.begin() as connection:
        connection.execute(update(frame).values(raw=b"\0"))
    world.append([chain.next()])
    with capture_logs() as logs:
        assert service._checkpoint() == float(POLICY.checkpoint_s)
    assert [line["event"] for line in logs] == ["checkpoint.refused"]
    assert [size for size, _ in checkpoints.stored(world.engine)] == [1]


def test_a_series_that_is_gone_is_filled_again_from_the_ledger(
    evidence: World, tmp_path: Path
) -> None:
    series = EmbeddedSeries(tmp_path)
    while advance(evidence.engine, SeriesFollower(series, evidence.configurations)):
        pass
    before = list(series.window("feeder", 0, 2**62))
    assert len(before) == 8
    series.close()
    (tmp_path / FILE_NAME).unlink()
    again = collector(evidence, tmp_path).series
    while advance(evidence.engine, SeriesFollower(again, evidence.configurations)):
        pass
    assert list(again.window("feeder", 0, 2**62)) == before


def test_a_series_that_is_there_is_not_filled_again(evidence: World, tmp_path: Path) -> None:
    series = EmbeddedSeries(tmp_path)
    while advance(evidence.engine, SeriesFollower(series, evidence.configurations)):
        pass
    series.close()
    collector(evidence, tmp_path)
    with reading(evidence.engine) as connection:
        assert position_of(connection, SeriesFollower.name) == 17
