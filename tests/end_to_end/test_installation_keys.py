"""A gateway's key is changed, its board is copied, it is retired: at a running collector.

An installation of its own: what a copied board signs spoils the evidence for good. The tests stand
in the order of what happens.
"""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation.sites import all_within
from installation.world import Installation

from collector.evidence.frame import EventCode, read_frame
from collector.model.records import Gateway
from collector.registry.store import Registry
from simulator import micropython
from simulator.demo.programs import esep

ROTATED, COPIED = "site-a", "site-4"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    world = Installation(tmp_path_factory.mktemp("keys"), all_within())
    try:
        world.open()
        yield world
    finally:
        world.close()


def run(
    world: Installation, site: str, module: str, *args: str
) -> subprocess.CompletedProcess[str]:
    """A program of the image on a site's gateway, which is stopped."""
    return subprocess.run(
        micropython.command(world.directory / "firmware.romfs", module, *args),
        env={**os.environ, "ESEP_BOARD": str(world.folders[site].board)},
        capture_output=True,
        text=True,
        check=False,
    )


def gateway_of(world: Installation, site: str) -> Gateway:
    [name] = [gateway for gateway, its in world.gateways.items() if its == site]
    return Registry(world.engine).view().one(Gateway, name)


def faults(world: Installation) -> list[str]:
    """What `verify` finds, whether or not a checkpoint covers it yet."""
    command = [sys.executable, "-m", "esep", "collector", "verify", str(world.evidence), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: list[str] = json.loads(done.stdout)["faults"]
    return found


def test_a_new_key_is_believed_without_anybodys_doing(installation: Installation) -> None:
    mark = installation.take_facts()
    installation.kill_gateway(ROTATED)
    done = run(installation, ROTATED, "rotate")
    assert done.returncode == 0, done.stderr
    kid = bytes.fromhex(json.loads(done.stdout)["key"])
    installation.boot_gateway(ROTATED)
    fact = installation.await_fact("gateway.key", after=mark)
    assert installation.gateways[fact["gateway"]] == ROTATED

    def is_signed_anew(topic: str, payload: bytes) -> bool:
        return topic.endswith("/frame") and read_frame(payload)[0].kid == kid

    installation.watcher.await_message(is_signed_anew)
    installation.await_receipts()
    assert len(gateway_of(installation, ROTATED).keys) == 2
    assert faults(installation) == []


def test_a_retired_gateway_hands_over_what_it_holds_and_its_key_is_gone(
    installation: Installation,
) -> None:
    installation.kill_gateway(ROTATED)
    done = run(installation, ROTATED, "retire", "the site closes")
    assert done.returncode == 0, done.stderr
    refused = run(installation, ROTATED, "start")
    assert refused.returncode == 1
    assert "retired (the site closes)" in refused.stderr
    last = max(installation.frames(ROTATED), key=lambda frame: (frame.epoch, frame.seq))
    assert [getattr(record, "code", None) for record in last.records] == [EventCode.RETIRED]
    assert faults(installation) == []
    esep("collector", "checkpoint", installation.evidence)
    assert "Verdict: everything holds." in installation.audit()


def test_a_copied_board_is_a_fork_that_the_collector_sees(installation: Installation) -> None:
    """The same flash and the same key, run twice."""
    board = json.loads(installation.folders[COPIED].board.read_text())
    flash, copy = Path(board["flash"]), installation.directory / "copied.flash"
    installation.kill_gateway(COPIED)
    shutil.copy(flash, copy)
    installation.boot_gateway(COPIED)
    installation.await_receipts()
    installation.kill_gateway(COPIED)
    mark = installation.take_facts()
    shutil.copy(copy, flash)
    installation.boot_gateway(COPIED)
    fact = installation.await_fact("chain.fault", after=mark, fault="fork")
    assert installation.gateways[fact["gateway"]] == COPIED
    names = Counter((frame.epoch, frame.seq) for frame in installation.frames(COPIED))
    assert names[fact["epoch"], fact["seq"]] == 2
    assert any(fault.startswith("fork: ") for fault in faults(installation))
