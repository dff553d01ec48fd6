"""A link that fails without saying so: the gateway notices, goes elsewhere, and meters on."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from plant.broker import free_port
from plant.certificates import HOSTNAME, Party, TlsPort
from plant.collector import BILLING, TELEMETRY
from plant.links import BlackHole, FakeBroker, Listener, Proxy
from plant.site import Plant, until

KEEPALIVE_S = 2
INTERVAL_MS = 1000

Closable = Any


@pytest.fixture
def plant(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Plant]:
    plant = Plant(tmp_path, **getattr(request, "param", {}))
    yield plant
    plant.close()


@pytest.fixture
def closing(plant: Plant) -> Iterator[Callable[[Closable], Closable]]:
    """Closes what it is given, before the plant's loop ends."""
    given: list[Closable] = []

    def close_later(one: Closable) -> Closable:
        given.append(one)
        return one

    yield close_later
    for one in given:
        one.close()


def start(plant: Plant, *ports: int, **settings: Any) -> None:
    brokers = [{"host": "127.0.0.1", "port": port} for port in ports]
    path = plant.gateway.directory / "network.json"
    path.write_text(json.dumps({"brokers": brokers, "keepalive_s": KEEPALIVE_S, **settings}))
    plant.gateway.start()


def boundaries(frames: list[bytes]) -> list[int]:
    """Of the first meter's intervals in these frames."""
    found = set()
    for frame in frames:
        for record in cbor2.loads(cbor2.loads(frame).value[2])[8]:
            if record[0] == 1 and record[1] == 0:
                found.add(record[2])
    return sorted(found)


def every_interval(plant: Plant, count: int) -> None:
    """Wait for so many, and until none is missing between them."""

    def found() -> bool:
        came = boundaries(list(plant.collector.frames.values()))
        steps = [after - before for before, after in pairwise(came)]
        return len(came) >= count and set(steps) == {INTERVAL_MS}

    plant.collector.wait(found)


def goes_elsewhere(plant: Plant, port: int, **settings: Any) -> None:
    """From a port that is no use to one that is, and every interval comes."""
    start(plant, port, plant.broker.port, **settings)
    every_interval(plant, 3)
    assert f"(127.0.0.1:{port})" in plant.log()
    assert "Traceback" not in plant.log()


def test_broker_that_is_not_there(plant: Plant) -> None:
    goes_elsewhere(plant, free_port())


def test_broker_that_accepts_and_says_nothing(plant: Plant, closing: Any) -> None:
    goes_elsewhere(plant, closing(Listener(plant.loop)).port)


def test_connection_that_is_never_accepted(plant: Plant, closing: Any) -> None:
    goes_elsewhere(plant, closing(BlackHole()).port)


def test_broker_that_acknowledges_nothing(plant: Plant, closing: Any) -> None:
    deaf = closing(FakeBroker(plant.loop, acknowledges=False))
    goes_elsewhere(plant, deaf.port)
    assert "acknowledges nothing" in plant.log()
    plant.collector.wait(lambda: set(deaf.frames()) <= set(plant.collector.frames.values()))


def test_tls_handshake_that_stalls(plant: Plant, closing: Any) -> None:
    directory, ca = plant.gateway.directory, Party("ca")
    certificate, key = Party("gateway", ca).write(directory, "gateway", Encoding.DER)
    trusted, _ = ca.write(directory, "trusted", Encoding.DER)
    good = TlsPort(plant.loop, directory, ca, plant.broker.port)
    silent = closing(Listener(plant.loop))
    tls = {"ca": trusted, "cert": certificate, "key": key, "hostname": HOSTNAME}
    start(plant, silent.port, good.port, tls=tls)
    every_interval(plant, 3)
    assert silent.connections == 1


def test_link_that_is_half_open(plant: Plant, closing: Any) -> None:
    """Neither end is told that nothing passes any more; a new connection would."""
    proxy = closing(Proxy(plant.loop, plant.broker.port))
    start(plant, proxy.port)
    collector = plant.collector
    collector.wait(lambda: len(collector.records(BILLING)) >= 4)
    seen = boundaries(list(collector.frames.values()))
    proxy.freeze()
    every_interval(plant, len(seen) + 6)
    assert proxy.connections == 2
    collector.wait(lambda: not collector.gaps(BILLING, TELEMETRY))
    collector.check_chains()


def test_the_second_broker_is_kept_while_it_works_and_the_first_is_there_when_it_dies(
    plant: Plant, closing: Any
) -> None:
    plant.broker.kill()
    second = closing(FakeBroker(plant.loop))
    start(plant, plant.broker.port, second.port)
    until(lambda: len(boundaries(second.frames())) >= 2)
    plant.broker.start()
    until(lambda: len(boundaries(second.frames())) >= 5)
    assert second.connections == 1
    second.close()
    every_interval(plant, 8)  # all of them: no receipt came for what the second one took


def test_name_that_would_have_to_be_looked_up(plant: Plant) -> None:
    """To look it up stops everything for as long as the network likes: it is refused at once."""
    path = plant.gateway.directory / "network.json"
    path.write_text(json.dumps({"host": "broker.example", "port": 8883}))
    plant.gateway.start()
    assert plant.gateway.process
    assert plant.gateway.process.wait(20) == 1
    assert "names the broker broker.example: its address must stand there" in plant.log()


@pytest.mark.parametrize("plant", [{"periods_ms": (200, 100, 200)}], indirect=True)
def test_after_an_outage_the_newest_come_first_and_the_backlog_behind(
    plant: Plant, closing: Any
) -> None:
    silent = closing(Listener(plant.loop))
    start(plant, silent.port)
    until(lambda: silent.connections >= 3)
    plant.gateway.kill()
    made = handed_over(plant)
    broker = closing(FakeBroker(plant.loop))
    start(plant, broker.port, backlog_per_s=10)
    until(lambda: set(made) <= set(broker.frames()))
    sent = broker.frames()
    oldest = sent.index(made[0])
    newest = max(seq for stream, seq in map(name, made) if stream == BILLING)
    assert name(sent[0])[1] > newest - 4, "of the newest that the connection found"
    backlog = [name(frame) for frame in sent[oldest:] if frame in made]
    assert backlog == sorted(backlog)
    assert len(backlog) > 10
    live = [place for place, frame in enumerate(sent) if frame not in made]
    assert sum(place > oldest for place in live) >= 5, "live frames do not wait for its end"


def name(frame: bytes) -> tuple[int, int]:
    """Stream and seq."""
    body = cbor2.loads(cbor2.loads(frame).value[2])
    return body[3], body[4]


def handed_over(plant: Plant) -> list[bytes]:
    """What has no receipt, billing first."""
    lines = plant.gateway.hand_over().stdout.decode().splitlines()
    return [bytes.fromhex(line[6:]) for line in lines if line.startswith("frame ")]
