"""`esep collector rebuild-series` and `reconcile`, as a person runs them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from collector_world import NOW_MS, World
from influx_server import Influxd
from shipped_world import Shipped, frames
from typer.testing import CliRunner, Result

from collector.cli.collector import app
from collector.registry.keyring import create_keyring
from collector.series.influx import InfluxSeries
from collector.series.store import LAST_MS, Point
from collector.series.targets import open_influx
from collector.storage import lock


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def database_of() -> str:
    """The file in which these tests name a series names no database."""
    return "sqlite"


@pytest.fixture
def influx_world(world: World, influxd: Influxd, tmp_path: Path) -> Iterator[Shipped]:
    """A directory that names its InfluxDB, which holds a minute of three meters."""
    create_keyring(tmp_path, tmp_path / "root.pem")
    (tmp_path / "root.pub").write_bytes(world.root.public.raw)
    store_text = f"influxdb1={influxd.url}?db={influxd.database()}"
    (tmp_path / "collector.toml").write_text(f'[series]\nstore = "{store_text}"\n')
    store = open_influx(store_text, tmp_path)
    assert store is not None
    shipped = Shipped.make(world, tmp_path, store)
    shipped.receive(frames(world, 0, 60))
    shipped.shipper.drain()
    yield shipped
    shipped.shipper.close()


def everything(store: InfluxSeries) -> list[Any]:
    points: list[Any] = [list(store.window(meter, 0, LAST_MS)) for meter in store.meters()]
    rollups = [
        [table.rows for table in store.server.query(f"SELECT * FROM {name}", store.rollups)]  # noqa: S608
        for name in ("reading_1m", "reading_15m", "reading_1h")
    ]
    return [*points, *rollups]


def test_whole_it_reconciles(influx_world: Shipped, tmp_path: Path) -> None:
    done = run("reconcile", tmp_path)
    assert done.exit_code == 0, done.output
    assert "180 points by the ledger, 0 differences" in done.stdout


def test_every_difference_is_named(influx_world: Shipped, tmp_path: Path) -> None:
    store = influx_world.store
    store.withdraw("feeder", [NOW_MS + 1000])
    store.write(
        [
            Point("stage-1", NOW_MS + 2000, {"frequency": 51.0}, 2),
            Point("stage-2", NOW_MS + 2500, {"frequency": 50.0}, 3),
        ]
    )
    done = run("reconcile", tmp_path, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["points"] == 180
    assert told["frames_waiting"] == 0
    found = [(each["kind"], each["meter"], each["at"][17:23]) for each in told["differences"]]
    assert found == [
        ("missing", "feeder", "01.000"),
        ("different", "stage-1", "02.000"),
        ("extra", "stage-2", "02.500"),
    ]
    assert told["differences"][1]["fields"] == {"frequency": {"ledger": 50.01, "series": 51.0}}
    as_text = run("reconcile", tmp_path)
    assert as_text.exit_code == 1
    assert "frequency: ledger 50.01, series 51.0" in as_text.stdout


def test_a_span_is_judged_alone(influx_world: Shipped, tmp_path: Path) -> None:
    influx_world.store.withdraw("feeder", [NOW_MS + 50_000])
    assert run("reconcile", tmp_path, "--to", "2026-11-23T09:00:50").exit_code == 0
    assert run("reconcile", tmp_path, "--from", "2026-11-23T09:00:50").exit_code == 1
    assert run("reconcile", tmp_path, "--from", "2026-11-23T09:00:51").exit_code == 0


def test_frames_that_wait_are_told_and_are_no_difference(
    influx_world: Shipped, tmp_path: Path
) -> None:
    influx_world.receive(frames(influx_world.world, 60, 10))
    done = run("reconcile", tmp_path)
    assert done.exit_code == 0
    assert "3 frames are not followed yet" in done.stdout


def test_rebuilt_it_is_the_same_to_the_last_bit(influx_world: Shipped, tmp_path: Path) -> None:
    before = everything(influx_world.store)
    influx_world.store.write([Point("stage-2", NOW_MS + 2500, {"frequency": 50.0}, 3)])
    done = run("rebuild-series", tmp_path)
    assert done.exit_code == 0, done.output
    assert "180 points" in done.stdout
    assert everything(influx_world.store) == before
    assert run("reconcile", tmp_path).exit_code == 0


def test_the_embedded_series_is_held_against_the_ledger_too(
    influx_world: Shipped, tmp_path: Path
) -> None:
    (tmp_path / "collector.toml").unlink()
    assert run("reconcile", tmp_path).exit_code == 0
    influx_world.near.withdraw("feeder", [NOW_MS])
    done = run("reconcile", tmp_path)
    assert done.exit_code == 1
    assert "missing: feeder" in done.stdout
    assert run("rebuild-series", tmp_path).exit_code == 0
    assert run("reconcile", tmp_path).exit_code == 0
    assert [path.name for path in tmp_path.glob("reconcile-*")] == []


def test_a_running_collector_is_not_rebuilt_under(influx_world: Shipped, tmp_path: Path) -> None:
    held = lock.take(tmp_path)
    done = run("rebuild-series", tmp_path)
    held.close()
    assert done.exit_code == 2
    assert "stop it first" in done.output


def test_a_server_that_is_away_is_said_and_nothing_is_lost(
    influx_world: Shipped, tmp_path: Path
) -> None:
    (tmp_path / "collector.toml").write_text('[series]\nstore = "influxdb1=http://127.0.0.1:9"\n')
    for verb in ("reconcile", "rebuild-series"):
        done = run(verb, tmp_path)
        assert done.exit_code == 2, done.output
        assert "what is in the ledger is safe" in done.output
