from pathlib import Path

import pytest
from collector_world import World
from order_night import Night


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


@pytest.fixture
def night(world: World, tmp_path: Path) -> Night:
    return Night(world, tmp_path)
