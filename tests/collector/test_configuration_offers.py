"""A configuration that was issued goes to its gateway until that says it is in force."""

import queue
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import cbor2
import pytest
from collector_world import NOW_MS, World, boot_event, event
from hypothesis import given
from hypothesis import strategies as st

from collector.cli import report
from collector.cli.service import Service, now_ms
from collector.intake.transport import Broker, Transport
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.registry.keyring import create_keyring
from collector.registry.offers import STATUS_OLD_MS, Offers, newest_issued, parts
from collector.storage import reading

MINUTE_MS, HOUR_MS = 60_000, 3_600_000


def status(configuration: bytes, at_ms: int = NOW_MS, *, online: bool = True) -> dict[str, Any]:
    return {"online": online, "configuration": configuration.hex(), "received_ms": at_ms}


@pytest.fixture
def newer(world: World) -> bytes:
    """Hash of a second configuration, issued after the one in force."""
    return world.configure(world.gateway, NOW_MS - 1)


def due(world: World, offers: Offers, now_ms: int = NOW_MS, **said: Any) -> list[bytes]:
    """Hashes of what is to be published for a gateway that says `said`."""
    named = said.pop("configuration", world.gateway.configuration)
    statuses = {world.gateway.id.hex(): status(named, now_ms, **said)}
    found = offers.due(statuses, now_ms)
    for version, message in found:
        assert sha256(message).digest() == version.hash
        offers.published(version, now_ms)
    return [version.hash for version, _ in found]


def test_the_newest_is_offered_to_a_gateway_that_is_online(world: World, newer: bytes) -> None:
    assert due(world, Offers(world.engine)) == [newer]
    assert due(world, Offers(world.engine), configuration=newer) == []
    assert due(world, Offers(world.engine), online=False) == []


def test_of_a_gateway_that_was_not_heard_nothing_is_known(world: World, newer: bytes) -> None:
    offers = Offers(world.engine)
    assert offers.due({}, NOW_MS) == []
    silent = {world.gateway.id.hex(): status(bytes(32), NOW_MS - STATUS_OLD_MS - 1)}
    assert offers.due(silent, NOW_MS) == []
    for garbage in ({"online": True}, {"online": "true"}, {"online": True, "configuration": 7}):
        assert (
            offers.due({world.gateway.id.hex(): {**garbage, "received_ms": NOW_MS}}, NOW_MS) == []
        )


def test_it_is_repeated_ever_more_rarely(world: World, newer: bytes) -> None:
    offers = Offers(world.engine)
    sent_ms = [
        at for at in range(NOW_MS, NOW_MS + 6 * HOUR_MS, MINUTE_MS) if due(world, offers, at)
    ]
    pauses = [(b - a) // MINUTE_MS for a, b in pairwise(sent_ms)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_another_one_is_offered_at_once(world: World, newer: bytes) -> None:
    offers = Offers(world.engine)
    assert due(world, offers) == [newer]
    assert due(world, offers) == []
    newest = world.configure(world.gateway, NOW_MS)
    assert due(world, offers) == [newest]


def test_an_older_one_issued_later_is_not_the_newest(world: World, newer: bytes) -> None:
    world.configure(world.gateway, NOW_MS - 10)
    with reading(world.engine) as connection:
        assert newest_issued(connection)[world.gateway.id.hex()].hash == newer


@given(st.binary(min_size=1, max_size=65536))
def test_parts_make_the_whole(message: bytes) -> None:
    made = b""
    for part in parts(message):
        assert len(part) <= 4096
        whole, size, offset, data = cbor2.loads(part)
        assert (whole, size, offset) == (sha256(message).digest(), len(message), len(made))
        made += data
    assert made == message


def follow(world: World, *events: list[Any]) -> dict[str, Any]:
    """What the report says of the gateway's configuration after these events of its."""
    chain = world.gateway.chain()
    world.append([chain.next(event) for event in events])
    while advance(world.engine, IntervalFollower(world.configurations)):
        pass
    [row] = report.status(world.engine)["configurations"]
    assert row.pop("gateway") == world.gateway.id.hex()
    found: dict[str, Any] = row
    return found


def in_force(world: World, version: int) -> list[Any]:
    return event(3, {0: world.gateway.configuration, 1: version})


def test_what_is_issued_and_what_is_in_force_are_reported(world: World, newer: bytes) -> None:
    first = NOW_MS - 10**9
    refusal = event(9, {0: "configuration", 1: "abcd refused: wrong_shape"})
    other = event(9, {0: "uplink", 1: "ended"})
    assert follow(world, boot_event(), in_force(world, first), refusal, other) == {
        "issued_version": NOW_MS - 1,
        "in_force_version": first,
        "refused": "abcd refused: wrong_shape",
    }


def test_a_refusal_is_over_when_a_configuration_comes_into_force(
    world: World, newer: bytes
) -> None:
    refusal = event(9, {0: "configuration", 1: "abcd refused: wrong_shape"})
    assert follow(world, refusal, in_force(world, NOW_MS - 1)) == {
        "issued_version": NOW_MS - 1,
        "in_force_version": NOW_MS - 1,
        "refused": None,
    }


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> "queue.Queue[tuple[str, bytes]]":
    """What the collector hands to its broker, which is not there."""
    sent: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def publish(_self: Any, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        sent.put((topic, payload))
        return True

    monkeypatch.setattr(Transport, "publish", publish)
    return sent


@pytest.fixture
def service(
    world: World,
    tmp_path: Path,
    published: "queue.Queue[tuple[str, bytes]]",
) -> Iterator[Service]:
    create_keyring(tmp_path, tmp_path / "root.pem")
    running = Service(tmp_path, world.engine, Broker("127.0.0.1", 1))
    yield running
    running.stop()


def test_a_running_collector_publishes_what_was_issued_beside_it(
    world: World, service: Service, published: "queue.Queue[tuple[str, bytes]]"
) -> None:
    gateway = world.gateway.id.hex()
    service.statuses[gateway] = status(world.gateway.configuration, now_ms())
    service.start()
    newer = world.configure(world.gateway, NOW_MS)
    made = b""
    while sha256(made).digest() != newer:
        topic, payload = published.get(timeout=30)
        if topic == f"esep/v1/{gateway}/object":
            made += cbor2.loads(payload)[3]
