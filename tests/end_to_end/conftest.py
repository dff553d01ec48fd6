"""One installation for the tests of this folder: two sites, one of them over its allocation."""

from collections.abc import Iterator

import pytest
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
