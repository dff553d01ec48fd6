"""One installation for the tests of this folder: two sites, one of them over its allocation."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "firmware"))  # releases of it

from installation.sites import one_over_its_allocation
from installation.world import Installation


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    world = Installation(tmp_path_factory.mktemp("installation"), one_over_its_allocation())
    try:
        world.open()
        yield world
    finally:
        world.close()
