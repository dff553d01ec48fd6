import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "end_to_end"))

import statements  # noqa: F401 each engine of a test finds what others compiled
from checks_control import Control
from collector_world import DEMO, REAL, World
from evidence_world import fill
from influx_server import Influxd, Rewrite
from installation.postgresql import PostgreSQL
from order_night import Night
from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.findings import Finding
from collector.checks.placeholders import DETAILS, EVIDENCE
from collector.model.records import Market
from collector.storage import open_database
from collector.storage.settings import name_database


@pytest.fixture(autouse=True)
def details_as_declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a check keeps has the details that its code declares: else its words have gaps."""
    kept, wrong = findings.keep, list[str]()

    def keep(connection: Connection, finding: Finding) -> bool:
        is_ours = sys._getframe(1).f_globals["__name__"].startswith("collector.")
        differ = finding.details.keys() ^ DETAILS.get(finding.code, {}).keys()
        if is_ours and differ - set(EVIDENCE):
            wrong.append(f"{finding.code}: {sorted(differ)}; see placeholders.DETAILS")
        return kept(connection, finding)

    monkeypatch.setattr(findings, "keep", keep)
    yield
    assert not wrong


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    with PostgreSQL.running() as server:
        yield server


@pytest.fixture(scope="session")
def template(server: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the schema and nothing in it."""
    directory, name = tmp_path_factory.mktemp("template"), server.new()
    name_database(directory, server.url(name))
    open_database(directory, create=True).dispose()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def database_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Which engine the test's directory rests on: whatever opens it there finds that one."""
    if request.param == "sqlite":
        yield request.param
        return
    server: PostgreSQL = request.getfixturevalue("server")
    name = server.new(request.getfixturevalue("template"))
    name_database(tmp_path, server.url(name))
    yield request.param
    server.drop(name)


@pytest.fixture
def world(database_of: str, tmp_path: Path) -> World:
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
