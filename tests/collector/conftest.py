from collections.abc import Iterator
from pathlib import Path

import pytest
from checks_control import Control
from collector_world import DEMO, REAL, World
from evidence_world import fill
from influx_server import Influxd, Rewrite
from order_night import Night

from collector.model.records import Market


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


@pytest.fixture
def night(world: World, tmp_path: Path) -> Night:
    return Night(world, tmp_path)


@pytest.fixture(params=[pytest.param(DEMO, id="demo"), pytest.param(REAL, id="real")])
def control(request: pytest.FixtureRequest, tmp_path: Path) -> Control:
    market: Market = request.param
    return Control.make(tmp_path, market)


@pytest.fixture
def evidence(world: World, tmp_path: Path) -> World:
    """Nine billing and nine telemetry frames, telemetry 4 thinned; two checkpoints."""
    fill(world, tmp_path)
    return world


@pytest.fixture(scope="session")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    """An InfluxDB for all tests; each takes a database of its own."""
    server = Influxd(tmp_path_factory.mktemp("influxd"))
    server.start()
    yield server
    server.stop(kill=True)


@pytest.fixture(scope="session")
def rewrite(influxd: Influxd, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rewrite]:
    """The same InfluxDB, as the client of 2.x sees it."""
    server = Rewrite(tmp_path_factory.mktemp("nginx"), influxd)
    server.start()
    yield server
    server.stop()
