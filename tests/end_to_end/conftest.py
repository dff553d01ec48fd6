"""One installation for the tests of this folder: two sites, one of them over its allocation."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from installation.world import Installation

from simulator.demo import plan

WITHIN, OVER = "site-a", "site-b"
_BOUGHT_W = 2_700_000


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    within, over = plan.plan_sites(2)
    over = replace(over, allowed_w=(_BOUGHT_W,))  # in every period: what is opened stays open
    world = Installation(tmp_path_factory.mktemp("installation"), [within, over])
    try:
        world.open()
        yield world
    finally:
        world.close()
