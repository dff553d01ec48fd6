"""A collector burns down and goes on from a backup: what gateways still hold comes again, and what
they have forgotten is named, frame by frame.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation.sites import all_within
from installation.world import PATIENCE_S, Installation, Name

from collector.cli.verify import verify_directory
from collector.registry.keyring import Keyring
from collector.storage import open_database
from simulator.demo.programs import esep


@pytest.fixture
def burning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation of its own: its chains are not whole any more afterwards."""
    world = Installation(tmp_path_factory.mktemp("restored"), all_within()[:1])
    try:
        world.open()
        yield world
    finally:
        world.close()


def held(world: Installation) -> dict[Name, set[int]]:
    """The seqs of each chain in the ledger."""
    chains: dict[Name, set[int]] = {}
    for entry in world.entries():
        frame = entry.frame
        name = frame.gateway.hex(), frame.epoch, frame.stream
        chains.setdefault(name, set()).add(frame.seq)
    return chains


def missing(chains: dict[Name, set[int]]) -> dict[Name, set[int]]:
    return {name: set(range(1, max(seqs))) - seqs for name, seqs in chains.items()}


def restart_from(world: Installation, copy: Path) -> None:
    restored = world.directory / "restored"
    esep("collector", "restore", copy, restored)
    world.evidence = restored
    world.engine.dispose()
    world._engine = open_database(restored)
    mark = world.take_facts()
    world.start_collector(None)
    world.await_fact("broker.connected", after=mark)


def test_a_collector_goes_on_from_a_backup(burning: Installation) -> None:
    copy = burning.directory / "copy"
    esep("collector", "backup", burning.evidence, copy)
    mark = len(burning.watcher.messages)
    for _ in range(3):  # taken in, and forgotten by the gateways
        burning.await_frame(after=mark)
        burning.await_receipts()
        mark = len(burning.watcher.messages)
    burning.kill(burning.collector)
    before = held(burning)
    restart_from(burning, copy)

    until = time.monotonic() + PATIENCE_S
    while True:
        after = held(burning)
        is_on = all(max(after[name]) > max(before[name]) for name in before if name in after)
        lost = {name: before[name] - after.get(name, set()) for name in before}
        if is_on and len(after) == len(before) and missing(after) == lost:
            break
        assert time.monotonic() < until, (missing(after), lost)
        time.sleep(0.2)
    assert any(lost.values()), "nothing was forgotten: this test shows nothing"

    burning.stop_collector()
    verdict = verify_directory(burning.engine, Keyring(burning.evidence).root)
    assert (verdict.faults, verdict.gaps) == ([], sum(map(len, lost.values())))
