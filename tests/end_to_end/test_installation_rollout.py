"""A release is rolled out by the running collector: to a real gateway, through a real broker.

An installation of its own. The tests stand in the order of what happens.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installation import hasty
from installation.sites import WITHIN, all_within
from installation.world import PATIENCE_S, Installation
from plant import releases

from collector.evidence.bundle import Bundle, bundle_file
from collector.evidence.downlink import Signer
from collector.evidence.frame import Event, EventCode
from collector.evidence.keys import PrivateKey
from simulator.demo.programs import Program, esep

SLOT_BLOCKS = 48
GOOD, ROLLED_BACK = 3, 4
ROLLOUT_S = 2 * PATIENCE_S
SOON = {"gateway/trial.py": ("LIMITS_S = (120, ", "LIMITS_S = (1, ")}
NEWER = {releases.VERSION: ('VERSION = "', 'VERSION = "9.')}


class Updatable(Installation):
    """Its gateways have two slots, and nobody waits for a slow line."""

    def start_gateways(self) -> None:
        for folder in self.folders.values():
            board = json.loads(folder.board.read_text())
            board |= {"slots": str(folder.path / "slots.bin"), "slot_blocks": SLOT_BLOCKS}
            folder.board.write_text(json.dumps(board))
        super().start_gateways()

    def _start(
        self, name: str, command: list[str], environment: dict[str, str] | None = None
    ) -> Program:
        usual = [sys.executable, "-m", "esep", "collector"]
        if command[:4] == usual:
            command = [sys.executable, hasty.__file__, *command[4:]]
        return super()._start(name, command, environment)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Updatable]:
    sites = [site for site in all_within() if site.name == WITHIN]
    world = Updatable(tmp_path_factory.mktemp("rollout"), sites)
    try:
        world.open()
        yield world
    finally:
        world.close()


@pytest.fixture(scope="module")
def signer(installation: Updatable) -> Signer:
    folder = installation.directory
    key, certificate = folder / "release.pem", folder / "release.certificate"
    esep("device", "release-key", folder / "root.pem", key, certificate)
    return Signer(PrivateKey.load(key), certificate.read_bytes())


def bundle(folder: Path, signer: Signer, number: int, changes: releases.Changes) -> Path:
    image = releases.image(changes)
    release = Bundle.of(image, number, f"9.{number}", time.time_ns() // 1_000_000, bytes(32))
    file = folder / f"release-{number}.bundle"
    file.write_bytes(bundle_file(release.message(signer), image))
    return file


def roll_out(world: Updatable, file: Path, number: int, state: str) -> dict[str, Any]:
    """Until it has come to this end; what `rollout status` says of its one gateway, and why."""
    mark = world.take_facts()
    esep("collector", "release", "add", world.evidence, file)
    esep("collector", "rollout", "start", world.evidence, str(number), "--soak-s", "0")
    until = time.monotonic() + ROLLOUT_S
    while True:
        world.check_running()  # which starts a gateway again
        world.next_fact(0.1)
        told = [fact for fact in world.facts[mark:] if fact["event"] == "rollout.now"]
        if told and told[-1]["state"] != "running":
            assert told[-1]["state"] == state, told[-1]
            break
        assert time.monotonic() < until, f"see {world.logs}"
    command = [sys.executable, "-m", "esep", "collector", "rollout", "status", "--json"]
    done = subprocess.run([*command, world.evidence], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if state == "done" else 1)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def news(world: Updatable) -> list[tuple[Any, ...]]:
    """What the gateway signed of releases: (what, number, why)."""
    bodies = [
        record.detail
        for frame in world.frames(WITHIN)
        for record in frame.records
        if isinstance(record, Event) and record.code is EventCode.FIRMWARE
    ]
    return [tuple(body[key] for key in (0, 1, 3) if key in body) for body in bodies]


def test_a_good_release_runs_and_the_collector_says_so(
    installation: Updatable, signer: Signer, tmp_path: Path
) -> None:
    said = roll_out(installation, bundle(tmp_path, signer, 7, {**NEWER, **SOON}), 7, "done")
    (row,) = said["due"]
    assert (row["release"], row["told"]) == (7, "good")
    assert row["firmware"].startswith("9.")
    assert news(installation)[-1] == (GOOD, 7)


def test_one_that_crashes_is_rolled_back_and_the_roll_out_stops_itself(
    installation: Updatable, signer: Signer, tmp_path: Path
) -> None:
    file = bundle(tmp_path, signer, 8, {**NEWER, **releases.CRASHES})
    said = roll_out(installation, file, 8, "stopped")
    (row,) = said["due"]
    assert "rolled back: ValueError: planned" in said["why"]
    assert row["told"] == "rolled back"
    assert row["firmware"].startswith("9.")  # release 7
    assert news(installation)[-1] == (ROLLED_BACK, 8, "ValueError: planned")
    installation.await_frame(WITHIN)  # it meters on


def test_what_was_changed_after_it_was_signed_is_not_taken_in(
    installation: Updatable, signer: Signer, tmp_path: Path
) -> None:
    file = bundle(tmp_path, signer, 9, {**NEWER, **SOON})
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    command = [sys.executable, "-m", "esep", "collector", "release", "add"]
    done = subprocess.run(
        [*command, installation.evidence, file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "wrong_image" in done.stderr
