from pathlib import Path

import pytest
from control_room import NOW_MS, ControlRoom, busy
from fastapi import FastAPI

from collector.web.app import create_app


@pytest.fixture
def room(tmp_path: Path) -> ControlRoom:
    return busy(tmp_path)


@pytest.fixture
def app(room: ControlRoom) -> FastAPI:
    return create_app(room.engine, room.registry, room.series, room.statuses, lambda: NOW_MS)
