"""Corrupt configuration, corrupt settings: the gateway comes back, or says what is to be done."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plant.collector import BILLING
from plant.site import Plant, until

SIDE_BYTES = 20 * 4096
OPEN = 1
ADVICE = ("provision this gateway", "have one issued and installed", "enrol.py")


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """Was at work, with stage 1 open by an order; now without power."""
    plant = Plant(tmp_path)
    plant.gateway.start()
    try:
        plant.collector.wait(lambda: plant.collector.events(1))
        order = bytes(15) + b"\x01"
        plant.collector.send(plant.site.command(OPEN, order=order, stages=[1]))
        plant.collector.wait(lambda: (2, None) in plant.collector.results(order))
        plant.collector.wait(lambda: plant.collector.events(5))
        plant.gateway.kill()
        yield plant
    finally:
        plant.close()


def damage(plant: Plant, change: Callable[[bytearray], None]) -> None:
    path = plant.gateway.directory / "settings.bin"
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)


def spoil(name: bytes, *sides: int) -> Callable[[bytearray], None]:
    """Flip a bit of the setting's value on these sides."""

    def change(content: bytearray) -> None:
        for side in sides:
            newest = content.rindex(name, side * SIDE_BYTES, (side + 1) * SIDE_BYTES)
            content[newest + len(name) + 10] ^= 4

    return change


def goes_on(plant: Plant) -> None:
    """With its chains, and with stage 1 as it was."""
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)
    plant.collector.wait(lambda: plant.collector.records(BILLING)[-1][0] == 1)
    assert [key[1] for key in plant.collector.frames] == [1] * len(plant.collector.frames)
    assert not plant.gateway.output(1)
    plant.collector.check_chains()


def test_corrupt_configuration_is_taken_from_its_second_copy(plant: Plant) -> None:
    damage(plant, spoil(b"configuration.cose", 0))
    goes_on(plant)
    what = "one copy of configuration.cose was damaged or missing: made anew"
    plant.collector.wait(lambda: {0: "settings", 1: what} in plant.collector.events(9))
    assert {body[6] for body in plant.collector.bodies.values()} == {
        plant.gateway.configuration_hash
    }
    plant.gateway.kill()
    damage(plant, spoil(b"configuration.cose", 1))
    goes_on(plant)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("configuration.cose", "have one issued and installed"),
        ("root.pub", "provision this gateway"),
        ("network.json", "provision this gateway"),
        ("identity.key", "enrol.py"),
    ],
)
def test_corrupt_setting_in_both_copies_is_named_and_no_stage_moves(
    plant: Plant, name: str, advice: str
) -> None:
    damage(plant, spoil(name.encode(), 0, 1))
    plant.gateway.start()
    assert plant.gateway.process
    assert plant.gateway.process.wait(20) == 1
    said = plant.log().splitlines()
    assert f"esep: settings: both copies of {name} are damaged" in said
    assert advice in said[-1]
    assert [plant.gateway.output(number) for number in (1, 2, 3)] == [False, True, True]
    if name == "configuration.cose":
        plant.gateway.configure(plant.site.authority, 1)
        goes_on(plant)


def test_lost_file_system(plant: Plant) -> None:
    for path in plant.gateway.directory.iterdir():
        assert path.suffix not in (".cose", ".pub", ".key"), "the gateway took them over"
    goes_on(plant)


@pytest.mark.parametrize("seed", range(6))
def test_random_byte_flips(plant: Plant, seed: int) -> None:
    """Where settings lie; often so many that a setting is lost."""
    chance = random.Random(seed)

    def flip(content: bytearray) -> None:
        for _ in range(3 * 2**seed):
            content[chance.randrange(2) * SIDE_BYTES + chance.randrange(2048)] ^= (
                1 << chance.randrange(8)
            )

    damage(plant, flip)
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    process = plant.gateway.process
    assert process
    until(lambda: process.poll() is not None or len(plant.collector.events(1)) > starts)
    if process.poll() is None:
        assert [key[1] for key in plant.collector.frames] == [1] * len(plant.collector.frames)
        plant.collector.check_chains()
    else:
        assert process.wait() == 1
        assert any(advice in plant.log().splitlines()[-1] for advice in ADVICE)
    assert not plant.gateway.output(1)
    assert "Traceback" not in plant.log()
