"""One installation for the tests of this folder, which maltreat it and then see what it lost."""

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "end_to_end"))

from installation.moments import random_moments
from installation.sites import all_within
from installation.world import Installation


@pytest.fixture
def moments() -> Random:
    """Of the moments at which programs are killed."""
    return random_moments()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    world = Installation(tmp_path_factory.mktemp("faults"), all_within())
    try:
        world.open()
        yield world
    finally:
        world.close()


@pytest.fixture
def installation(running: Installation) -> Installation:
    """With every program at work."""
    if not running.is_open:
        running.reopen()
    return running


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Installation]:
    """One of the test's own, whose chains are not whole any more afterwards."""
    world = Installation(tmp_path, all_within())
    try:
        world.open()
        yield world
    finally:
        world.close()
