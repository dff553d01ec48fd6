"""A configuration comes over MQTT: in parts, whole or not at all, and a bad one changes nothing."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from plant.authority import Authority, encode
from plant.gateway import KIND, meter
from plant.site import ENERGY, QUANTITIES, TCP_UNIT, Plant

from simulator.micropython import RESTART

PART = 3072
BILLING = 0


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path)
    plant.gateway.start()
    try:
        plant.collector.wait(lambda: plant.collector.events(3))
        yield plant
    finally:
        plant.close()


def parts(message: bytes, size: int = PART) -> list[bytes]:
    whole = sha256(message).digest()
    return [
        encode([whole, len(message), at, message[at : at + size]])
        for at in range(0, len(message), size)
    ]


def publish(plant: Plant, *messages: bytes) -> None:
    for message in messages:
        plant.collector.publish(f"esep/v1/{plant.gateway.id.hex()}/object", message)


def publish_until_taken(plant: Plant, *messages: bytes) -> None:
    """Again and again, as the collector does: a gateway that is not there yet misses them."""
    process = plant.gateway.process
    assert process
    for _ in range(30):
        if in_force(plant)[1] == 2:
            return
        publish(plant, *messages)
        with suppress(subprocess.TimeoutExpired):
            assert process.wait(1) == RESTART
            return
    raise AssertionError("it took nothing")


def restart(plant: Plant) -> None:
    """The gateway ends so that whoever started it starts it again."""
    assert plant.gateway.process
    assert plant.gateway.process.wait(30) == RESTART
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)


def in_force(plant: Plant) -> dict[int, Any]:
    event: dict[int, Any] = plant.collector.events(3)[-1]
    return event


def refusals(plant: Plant) -> list[str]:
    return [event[1] for event in plant.collector.events(9) if event[0] == "configuration"]


def refused(plant: Plant, message: bytes, reason: str, count: int = 1) -> None:
    """It is said why, in a signed event, and the old one stays in force."""
    plant.collector.wait(lambda: len(refusals(plant)) >= count)
    name = sha256(message).digest()[:8].hex()
    assert refusals(plant)[-1].startswith(f"{name} refused: ")
    assert reason in refusals(plant)[-1]
    assert in_force(plant) == {0: plant.gateway.configuration_hash, 1: 1}


def newer(
    plant: Plant, version: int = 2, role: str = KIND, head: dict[int, Any] | None = None
) -> bytes:
    """A configuration of several parts: meters that do not answer are added."""
    more = [meter(0, 0, 1, QUANTITIES), meter(1, 1, TCP_UNIT, QUANTITIES)]
    more += [meter(slot, 1, 100 + slot, QUANTITIES) for slot in range(2, 8)]
    changes = {8: more} | (head or {})
    return plant.gateway.configuration(plant.site.authority, version, changes, role)


def test_a_configuration_in_parts_comes_into_force(plant: Plant) -> None:
    message = plant.gateway.configuration(plant.site.authority, 2, {6: [2000, 1000, 1000]})
    publish(plant, *parts(message, 200))
    restart(plant)
    plant.collector.wait(lambda: in_force(plant) == {0: sha256(message).digest(), 1: 2})
    plant.collector.wait(
        lambda: plant.collector.statuses[-1]["configuration"] == sha256(message).hexdigest()
    )
    seen = max(key[2] for key in plant.collector.frames if key[0] == BILLING)
    plant.collector.wait(lambda: (BILLING, 1, seen + 3) in plant.collector.bodies)
    named = [plant.collector.bodies[BILLING, 1, seq][6] for seq in range(1, seen + 4)]
    change = named.index(sha256(message).digest())
    assert set(named[:change]) == {plant.gateway.configuration_hash}
    assert set(named[change:]) == {sha256(message).digest()}
    assert refusals(plant) == []
    plant.collector.check_chains()

    plant.gateway.kill()
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) == 3)
    assert in_force(plant)[1] == 2
    assert len(plant.collector.events(3)) == 2


def test_parts_out_of_order_repeated_and_interleaved(plant: Plant) -> None:
    first, second = parts(newer(plant), 500), parts(newer(plant, 3), 500)
    assert len(first) >= 3
    publish(plant, first[1], first[0], first[2], second[1], second[0], first[0], second[0])
    publish(plant, *second[1:3], *second)
    restart(plant)
    plant.collector.wait(lambda: in_force(plant)[1] == 3)
    assert refusals(plant) == []


def test_garbage_is_bounded_and_changes_nothing(plant: Plant) -> None:
    message = newer(plant)
    whole = sha256(message).digest()
    publish(
        plant,
        b"",
        b"\x00" * 4000,
        encode([whole, len(message), 0]),
        encode([whole, 70_000, 0, b"x"]),
        encode([whole, 65_536, 65_530, bytes(7)]),
        encode([whole, len(message), -1, b"x"]),
        encode([whole, len(message), 0, b""]),
        encode([whole, len(message), 0, bytes(3073)]),
        encode([whole, len(message), 0, "text"]),
        encode({0: whole}),
    )
    publish(plant, *parts(message))
    restart(plant)
    plant.collector.wait(lambda: in_force(plant)[1] == 2)
    assert "Traceback" not in plant.log()
    assert plant.collector.events(9) == []


def test_who_publishes_beginnings_wears_nothing_out(plant: Plant) -> None:
    for number in range(20):
        publish(plant, encode([bytes([number]) * 32, 1, 0, b"x"]))
    publish(plant, *parts(newer(plant)))
    plant.collector.wait(lambda: len(refusals(plant)) >= 4)
    order = bytes(16)
    plant.collector.send(plant.site.command(3, order=order))
    plant.collector.wait(lambda: (2, None) in plant.collector.results(order))
    assert len(refusals(plant)) == 4
    assert plant.gateway.process
    assert plant.gateway.process.poll() is None


def test_other_bytes_than_their_hash_says(plant: Plant) -> None:
    message = newer(plant)
    spoilt = message[:700] + bytes([message[700] ^ 1]) + message[701:]
    whole = sha256(message).digest()
    publish(plant, encode([whole, len(message), 0, spoilt]))
    refused(plant, message, "wrong_hash")
    publish(plant, *parts(message))
    restart(plant)
    plant.collector.wait(lambda: in_force(plant)[1] == 2)


def test_what_the_operator_did_not_sign_restarts_nothing(plant: Plant) -> None:
    stranger = plant.gateway.configuration(Authority(), 2)
    wrong_role = newer(plant, role="orders")
    truncated = newer(plant)[:-1]
    elsewhere = newer(plant, head={1: bytes(8)})
    process = plant.gateway.process
    for count, (message, reason) in enumerate(
        [
            (stranger, "bad_signature"),
            (wrong_role, "bad_signature"),
            (truncated, "malformed"),
            (elsewhere, "not_for_me"),
        ],
        1,
    ):
        publish(plant, *parts(message))
        refused(plant, message, reason, count)
    assert process
    assert process.poll() is None


def test_an_older_configuration_restarts_nothing(plant: Plant) -> None:
    for count, version in enumerate((1, 0), 1):
        message = newer(plant, version)
        publish(plant, *parts(message))
        refused(plant, message, f"version {version}, and 1 is in force", count)


MANY = [[2 * i, 2, 1, 1000] for i in range(60)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({8: [meter(slot, 1, 1, MANY) for slot in range(64)]}, "MemoryError"),
        ({9: "none"}, "wrong_shape"),
        ({7: [[0, 9600, 0, 1]] * 8, 8: [meter(0, 7, 1, QUANTITIES)]}, "KeyError"),
        ({8: [{**meter(0, 0, 1, QUANTITIES), 11: [[ENERGY, 1]]}]}, "no request reads"),
    ],
)
def test_signed_but_of_no_use_it_is_refused_by_the_start(
    plant: Plant, changes: dict[int, Any], reason: str
) -> None:
    message = plant.gateway.configuration(plant.site.authority, 2, changes)
    publish(plant, *parts(message))
    assert plant.gateway.process
    assert plant.gateway.process.wait(30) == RESTART
    plant.gateway.start()  # which judges it, and starts anew with the old one
    restart(plant)
    refused(plant, message, reason)

    publish(plant, *parts(message))  # as the collector does
    usable = plant.gateway.configuration(plant.site.authority, 3)
    publish(plant, *parts(usable))
    restart(plant)
    plant.collector.wait(lambda: in_force(plant) == {0: sha256(usable).digest(), 1: 3})
    assert len(refusals(plant)) == 1, "told once, and not taken again"


def test_killed_at_any_moment_it_has_the_one_or_the_other(plant: Plant) -> None:
    message = newer(plant)
    gateway = plant.gateway
    collector = plant.collector
    for patience_s in (0.0, 0.05, 0.1, 0.2, 0.3, 0.4):
        starts = len(collector.events(1))
        publish(plant, *parts(message, 300))
        assert gateway.process
        with suppress(subprocess.TimeoutExpired):
            gateway.process.wait(patience_s)
        gateway.kill()
        gateway.start()
        with suppress(subprocess.TimeoutExpired):
            gateway.process.wait(patience_s)
        gateway.kill()
        gateway.start()
        collector.wait(lambda: len(collector.events(1)) > starts)  # noqa: B023
        assert in_force(plant)[1] in (1, 2)
    publish_until_taken(plant, *parts(message, 300))
    assert refusals(plant) == []
    collector.check_chains()
