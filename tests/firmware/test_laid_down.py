"""What a technician lays down on a gateway in service: judged by a start, whole, or refused."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import cbor2
import pytest
from plant.authority import Authority
from plant.collector import BILLING
from plant.site import Plant, until

FAULT = 9


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """Was at work; now without power."""
    plant = Plant(tmp_path)
    plant.gateway.start()
    try:
        plant.collector.wait(lambda: intervals(plant))
        plant.gateway.kill()
        yield plant
    finally:
        plant.close()


def intervals(plant: Plant) -> int:
    return len([record for record in plant.collector.records(BILLING) if record[0] == 1])


def lay(plant: Plant, name: str, content: bytes) -> Path:
    path = plant.gateway.directory / name
    path.write_bytes(content)
    return path


def copies(plant: Plant) -> dict[str, bytes | None]:
    names = ("root.pub", "network.json", "configuration.cose", "identity.key")
    return {name: plant.gateway.setting(name) for name in names}


def refused(plant: Plant) -> str:
    """What the gateway says when it goes on by its copies."""
    before, starts = copies(plant), len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)
    seen = intervals(plant)
    plant.collector.wait(lambda: intervals(plant) > seen)
    assert copies(plant) == before
    assert [key[1] for key in plant.collector.frames] == [1] * len(plant.collector.frames)
    plant.collector.check_chains()
    (told,) = [event[1] for event in plant.collector.events(FAULT)]
    assert [event[0] for event in plant.collector.events(FAULT)] == ["settings"]
    assert f"esep: settings: {told}" in plant.log().splitlines()
    return str(told)


def fewer_bytes(plant: Plant, name: str) -> bytes:
    return (plant.gateway.setting(name) or b"")[:-1]


def other_bit(plant: Plant, name: str) -> bytes:
    content = bytearray(plant.gateway.setting(name) or b"")
    content[len(content) // 2] ^= 1
    return bytes(content)


def nothing(_plant: Plant, _name: str) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("network.json", nothing, "there is no network.json"),
        ("network.json", fewer_bytes, "network.json is not JSON"),
        ("root.pub", nothing, "root.pub must hold 64 bytes"),
        ("root.pub", fewer_bytes, "root.pub must hold 64 bytes"),
        ("root.pub", other_bit, "configuration.cose is refused (bad_signature)"),
        ("configuration.cose", nothing, "there is no configuration.cose"),
        ("configuration.cose", fewer_bytes, "configuration.cose is refused (malformed)"),
        ("configuration.cose", other_bit, "configuration.cose is refused"),
        ("identity.key", nothing, "there is no identity.key"),
        ("identity.key", other_bit, "ValueError identity record damaged"),
    ],
)
def test_a_bad_file_is_refused_and_the_copies_stay_in_force(
    plant: Plant, name: str, content: Callable[[Plant, str], bytes], why: str
) -> None:
    laid = lay(plant, name, content(plant, name))
    assert refused(plant).startswith(f"{name} as laid down is refused: {why}")
    assert not laid.exists()


def test_a_configuration_that_this_gateway_cannot_be_built_by_is_refused(plant: Plant) -> None:
    """It is the operator's, and names an output that the board has not."""
    changes = {9: [{0: 1, 1: 9, 2: 0, 3: 0, 4: 2000}]}
    lay(
        plant,
        "configuration.cose",
        plant.gateway.configuration(plant.site.authority, 2, changes),
    )
    assert "refused: KeyError" in refused(plant)


def test_files_that_do_not_go_together_are_refused_together(plant: Plant) -> None:
    lay(plant, "root.pub", Authority().root.public)
    network = json.loads(plant.gateway.setting("network.json") or b"")
    lay(plant, "network.json", json.dumps(network | {"keepalive_s": 5}).encode())
    said = refused(plant)
    assert said.startswith("network.json, root.pub as laid down is refused: configuration.cose")


def test_files_that_only_together_are_right_are_taken_over(plant: Plant) -> None:
    """A site that comes to another operator."""
    authority = Authority()
    lay(plant, "root.pub", authority.root.public)
    plant.gateway.configure(authority, 2)
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)
    assert plant.gateway.setting("root.pub") == authority.root.public
    assert plant.collector.events(FAULT) == []
    assert not (plant.gateway.directory / "root.pub").exists()
    assert not (plant.gateway.directory / "configuration.cose").exists()


def test_a_file_that_can_be_neither_read_nor_removed_stops_no_start(plant: Plant) -> None:
    """As on a damaged file system: here it is a directory."""
    (plant.gateway.directory / "network.json").mkdir()
    assert refused(plant).startswith("network.json as laid down is refused: OSError")
    plant.gateway.kill()
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)


def test_a_bad_file_holds_up_no_configuration_that_came_by_the_collector(plant: Plant) -> None:
    """Each is judged by itself: first what was laid down, then what came."""
    whole = plant.gateway.configuration(plant.site.authority, 2)
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)
    starts += 1
    part = cbor2.dumps([sha256(whole).digest(), len(whole), 0, whole])
    plant.collector.publish(f"esep/v1/{plant.gateway.id.hex()}/object", part)
    assert plant.gateway.ended() == 3
    lay(plant, "network.json", b"{")
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)
    until(lambda: plant.gateway.setting("configuration.cose") == whole)
    said = [event[1] for event in plant.collector.events(FAULT)]
    assert [what.partition(" ")[0] for what in said] == ["network.json"]
