"""The running collector, without a broker."""

import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_world import NOW_MS, POLICY, TELEMETRY, World
from sqlalchemy import update
from structlog.testing import capture_logs

from collector.cli.service import Service
from collector.cli.signing import Signing
from collector.evidence.downlink import Role
from collector.intake.transport import Broker, Transport
from collector.ledger import checkpoints
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.followers import advance, position_of
from collector.registry.keyring import Keyring, create_keyring
from collector.registry.store import Registry
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
def service(world: World, tmp_path: Path, published: Published) -> Iterator[Service]:
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
    create_keyring(tmp_path, tmp_path / "root.pem")
    signer = Keyring(tmp_path).signer(Role.CHECKPOINTS)
    sent: list[bytes] = []

    def publish(topic: str, payload: bytes, *, retain: bool = False) -> bool:
        assert (topic, retain) == ("esep/v1/checkpoint", True)
        sent.append(payload)
        return True

    of_world = Checkpoints(world.engine, signer, tmp_path)
    signing = Signing(of_world, Registry(world.engine), AllDuties(), publish, lambda: NOW_MS)
    chain = world.gateway.chain(TELEMETRY)
    world.append([chain.next()])
    signing.sign()
    with world.engine.begin() as connection:
        connection.execute(update(frame).values(raw=b"\0"))
    world.append([chain.next()])
    with capture_logs() as logs:
        assert signing.sign() == float(POLICY.checkpoint_s)
    assert [line["event"] for line in logs] == ["checkpoint.refused"]
    signing.publish()
    assert [(1, message) for message in sent] == list(checkpoints.stored(world.engine))


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
