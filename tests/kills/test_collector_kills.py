"""SIGKILL at every named step of the collector: nothing lost, nothing doubled, nothing skipped.

In the suite each step once. The campaign, two hundred kills at named steps, two hundred at random
under load and twenty of the broker: `ESEP_KILLS=200 pytest tests/kills`. A failure says how to have
it again.
"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import fatal
import pytest
from campaign import Installation, a_kill

KILLS = int(os.environ.get("ESEP_KILLS", len(fatal.NAMES)))
ONE = os.environ.get("ESEP_SEED")
SEEDS = [int(ONE)] if ONE else list(range(KILLS))


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """Its own for each seed: a failure is had again by its seed alone."""
    world = Installation(tmp_path)
    yield world
    world.end_collectors()
    world.close()


@pytest.fixture
def moments() -> Random:
    seed = int(ONE or time.time_ns() % 1_000_000)
    print(f"again with: ESEP_SEED={seed} pytest tests/kills")
    return Random(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_a_named_step(installation: Installation, seed: int) -> None:
    step, count = a_kill(seed)
    print(f"killed at {step!r}, time {count}; again with: ESEP_SEED={seed} pytest tests/kills")
    doomed = installation.start(step, count)
    installation.work_until(lambda: not doomed.is_alive(), f"end of the collector at {step!r}")
    assert doomed.exitcode == -signal.SIGKILL
    _settle_and_prove(installation)


def test_killed_at_random_under_load(installation: Installation, moments: Random) -> None:
    for _ in range(KILLS if len(fatal.NAMES) < KILLS else 3):
        collector = installation.start()
        installation.work_for(moments.randrange(2, 120))
        collector.kill()
        collector.join()
    _settle_and_prove(installation)


def test_the_broker_is_killed_under_load(installation: Installation, moments: Random) -> None:
    collector = installation.start()
    for _ in range(max(KILLS // 10, 2)):
        installation.work_for(moments.randrange(2, 60))
        installation.broker.kill()
        installation.broker.start()
    collector.kill()
    collector.join()
    _settle_and_prove(installation)


def _settle_and_prove(installation: Installation) -> None:
    collector = installation.start()
    installation.settle()
    collector.kill()
    collector.join()
    installation.prove()
