"""A release comes over MQTT, is tried, and found good or given up: the old one is there anyway."""

import struct
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from plant import releases
from plant.authority import encode
from plant.collector import PATIENCE_S, now_ms
from plant.site import Plant, until

from collector.cli import carrying
from collector.cli.carrying import Carrier
from collector.registry.releases import Release
from simulator.micropython import RESTART

RECEIVED, TRIAL, GOOD, ROLLED_BACK, REFUSED = 1, 2, 3, 4, 5
OPEN, RELEASE = 1, 2
APPLIED, RESTORED = (2, None), (5, None)
ORDER = b"\x11" * 16
SLOT_BLOCKS, BLOCK_BYTES = 48, 4096
GOOD_STATE = 4
LIMITS = {"at": "gateway.trial.LIMITS_S", "do": "set", "with": [1, 6, 12]}
NEWER = {releases.VERSION: ('VERSION = "', 'VERSION = "9.')}


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path, slot_blocks=SLOT_BLOCKS)
    plant.gateway.plan([LIMITS])
    plant.gateway.start()
    try:
        plant.collector.wait(lambda: plant.collector.events(1))
        plant.collector.wait(lambda: plant.collector.statuses)
        yield plant
    finally:
        plant.close()


def publish(plant: Plant, *messages: bytes) -> None:
    for message in messages:
        plant.collector.publish(f"esep/v1/{plant.gateway.id.hex()}/object", message)


def news(plant: Plant) -> list[tuple[Any, ...]]:
    """What is told of updates: (what, number, why). Killed at once a gateway tells it again."""
    told = [
        tuple(event[key] for key in (0, 1, 3) if key in event)
        for event in plant.collector.events(19)
    ]
    return list(dict.fromkeys(told))


def started(plant: Plant) -> None:
    """The gateway is started again."""
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)


def runs(plant: Plant) -> str:
    version: str = plant.collector.events(1)[-1][2]
    return version


def send(plant: Plant, number: int, content: bytes) -> bytes:
    """As the collector does, but for its pauses, until the gateway restarts for it."""
    signed = releases.message(plant.site.authority, number, content)
    release = Release(number, "", 0, 0, sha256(signed).digest(), bytes(32))
    carrier, name, seen = Carrier(), plant.gateway.id.hex(), 0
    heard: dict[str, Any] = {}
    process = plant.gateway.process
    assert process
    deadline = time.monotonic() + PATIENCE_S
    with mock.patch.object(carrying, "PART_MS", 0):
        while process.poll() is None:
            assert time.monotonic() < deadline
            statuses = plant.collector.statuses
            if len(statuses) > seen:
                seen, heard = len(statuses), {**statuses[-1], "received_ms": now_ms()}
            due = carrier.parts(release, (signed, content), [name], {name: heard}, now_ms())
            publish(plant, *[part for _, part in due])
            time.sleep(0.005)
    assert process.returncode == RESTART
    return signed


def test_a_release_is_tried_and_found_good(plant: Plant) -> None:
    """An order that comes while it is on trial holds its stage over whatever follows."""
    before = runs(plant)
    signed = send(plant, 7, releases.image(NEWER))
    started(plant)
    assert runs(plant) == "9." + before
    plant.collector.send(plant.site.command(OPEN, stages=[2], order=ORDER))
    plant.collector.wait(lambda: APPLIED in plant.collector.results(ORDER))
    plant.collector.wait(lambda: len(news(plant)) == 3)
    assert news(plant) == [(RECEIVED, 7), (TRIAL, 7), (GOOD, 7)]
    assert plant.collector.events(19)[0][2] == sha256(signed).digest()[:8]
    plant.gateway.kill()
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) == 3)
    assert runs(plant) == "9." + before
    assert not plant.gateway.output(2)

    content = releases.image()  # an order holds a stage: nothing begins
    publish(plant, *releases.parts(releases.message(plant.site.authority, 8, content), content))
    plant.collector.wait(lambda: plant.collector.statuses[-1].get("update", [0, 0])[1] is None)
    plant.collector.send(plant.site.command(RELEASE, stages=[2], order=ORDER, ramp=[0, 0]))
    plant.collector.wait(lambda: RESTORED in plant.collector.results(ORDER))
    assert len(news(plant)) == 3
    plant.collector.check_chains()


def newest_entry(plant: Plant) -> tuple[Any, ...]:
    """Of the record: magic, seq, state, slot that runs, starts of the trial."""
    flash = (plant.gateway.directory / "slots.bin").read_bytes()
    entries = [
        struct.unpack_from("<2sIBBB", flash, at)
        for at in range((SLOT_BLOCKS - 1) * BLOCK_BYTES, SLOT_BLOCKS * BLOCK_BYTES, 64)
    ]
    return max(entry for entry in entries if entry[0] == b"EU")


@pytest.mark.parametrize(
    ("changes", "starts", "why"),
    [
        (releases.CRASHES, 3, "ValueError: planned"),
        (releases.FAILS, 3, "KeyError: planned"),
        (releases.HANGS, 3, "ended by watchdog"),
        (releases.DEAF, 1, "no broker was reached"),
        (releases.BLIND, 1, "a bus is silent that was not"),
    ],
    ids=["crashes", "fails", "hangs", "never connects", "reads nothing"],
)
def test_a_bad_release_ends_with_the_old_one(
    plant: Plant, changes: releases.Changes, starts: int, why: str
) -> None:
    gateway = plant.gateway
    assert gateway.process
    old = runs(plant)
    plant.collector.wait(lambda: plant.collector.records(1))  # samples: both buses work
    send(plant, 7, releases.image(changes))
    for start in range(1, starts + 1):
        gateway.start()
        if "watchdog" in why:  # whoever started the process watches it
            until(lambda: newest_entry(plant)[4] == start)  # noqa: B023
            gateway.kill()
            (gateway.directory / "reset").write_text("watchdog")
        else:
            assert gateway.process.wait(60) == RESTART
    boots = len(plant.collector.events(1))
    gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > boots)
    assert runs(plant) == old
    # What the release on trial signed without a broker comes after what is newer.
    plant.collector.wait(
        lambda: (
            news(plant) == [(RECEIVED, 7), (TRIAL, 7), (ROLLED_BACK, 7, why)]
            and not plant.collector.gaps(0, 1)
        )
    )
    assert not plant.collector.statuses[-1].get("safe")
    plant.collector.check_chains()


def test_by_cable_a_release_is_good_without_a_broker(plant: Plant, tmp_path: Path) -> None:
    """After half an hour that is healthy, here six seconds."""
    gateway = plant.gateway
    gateway.ask_to_stop()
    assert gateway.ended() == 0
    content = releases.image(NEWER)
    file = tmp_path / "release"
    file.write_bytes(encode([releases.message(plant.site.authority, 7, content), content]))
    installed = gateway.run("install", str(file))
    assert installed.returncode == 0, installed.stderr
    plant.broker.kill()
    gateway.start()
    until(lambda: slot_state(plant) == GOOD_STATE)


def test_by_cable_what_is_refused_is_told_and_leaves_the_old_one(
    plant: Plant, tmp_path: Path
) -> None:
    gateway, old = plant.gateway, runs(plant)
    gateway.ask_to_stop()
    assert gateway.ended() == 0
    content = releases.image(NEWER)
    mine = plant.site.authority
    right = releases.message(mine, 7, content)
    flipped = content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]
    file = tmp_path / "release"
    for spoilt, why in (
        (encode([releases.message(mine, 9, content, role="orders"), content]), "bad_signature"),
        (encode([releases.message(mine, 0, content), content]), "wrong_shape"),
        (encode([right, content])[:-1], "cut short"),
        (encode([right, flipped]), "wrong_image"),
    ):
        file.write_bytes(spoilt)
        refused = gateway.run("install", str(file))
        assert refused.returncode == 1
        assert f"refused: {why}" in refused.stderr
    file.write_bytes(b"no bundle at all")
    assert gateway.run("install", str(file)).returncode == 1
    started(plant)
    assert runs(plant) == old
    plant.collector.wait(lambda: len(news(plant)) == 4)
    assert news(plant) == [
        (REFUSED, 0, "bad_signature"),
        (REFUSED, 0, "wrong_shape"),
        (REFUSED, 0, "cut short"),
        (REFUSED, 7, "wrong_image"),
    ]
    plant.collector.check_chains()


def slot_state(plant: Plant) -> int:
    return int(newest_entry(plant)[2])
