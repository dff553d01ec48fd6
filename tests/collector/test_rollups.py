"""Down-sampled readings are what the readings in a bucket come to, whenever these came."""

import math
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, NOW_MS, World
from influx_server import Influxd
from meter_world import METER, OTHER, SERIAL, configure, identity
from shipped_world import Shipped, frames

from collector.series import schema
from collector.series.store import LAST_MS, Point
from collector.series.targets import open_influx

Buckets = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture
def shipped(world: World, influxd: Influxd, tmp_path: Path) -> Iterator[Shipped]:
    store = open_influx(f"influxdb1={influxd.url}?db={influxd.database()}", tmp_path)
    assert store is not None
    made = Shipped.make(world, tmp_path, store)
    yield made
    made.shipper.close()


def kept(shipped: Shipped, measurement: str) -> Buckets:
    """What stands in InfluxDB."""
    query = f"SELECT * FROM {measurement} GROUP BY meter"  # noqa: S608
    return {
        (table.tags["meter"], row[0]): {
            name: value
            for name, value in zip(table.columns[1:], row[1:], strict=True)
            if value is not None
        }
        for table in shipped.store.server.query(query, shipped.store.rollups)
        for row in table.rows
    }


def counted(shipped: Shipped, length_ms: int) -> Buckets:
    """The same by hand, from the points of the embedded series."""
    points: dict[tuple[str, int], list[Point]] = defaultdict(list)
    for meter in shipped.near.meters():
        for point in shipped.near.window(meter, 0, LAST_MS):
            points[meter, point.at_ms - point.at_ms % length_ms].append(point)
    return {key: _summed(of_bucket) for key, of_bucket in points.items()}


def _summed(points: list[Point]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in schema.MEASURED:
        values = [point.values[name] for point in points if name in point.values]
        if values:
            fields[f"{name}_mean"] = math.fsum(values) / len(values)
            fields[f"{name}_min"], fields[f"{name}_max"] = min(values), max(values)
            fields[f"{name}_last"], fields[f"{name}_count"] = values[-1], len(values)
    wh = points[-1].import_wh
    assert wh is not None
    numerator = wh * schema.MILLI
    return fields | {"import_numerator_last": numerator, "import_denominator_last": schema.MILLI}


def assert_rolled(shipped: Shipped) -> None:
    for measurement, length_ms in schema.ROLLUPS.items():
        found, right = kept(shipped, measurement), counted(shipped, length_ms)
        assert found.keys() == right.keys(), measurement
        for key, fields in right.items():
            assert found[key] == pytest.approx(fields, rel=1e-12, abs=1e-9), (measurement, key)


def test_each_bucket_is_what_its_readings_come_to(shipped: Shipped) -> None:
    shipped.receive(frames(shipped.world, 0, 2000, step_s=7))
    shipped.shipper.drain()
    assert_rolled(shipped)
    assert len(kept(shipped, "reading_1m")) == 3 * 34
    shipped.store.judge_types()


def test_late_data_is_in_its_bucket(shipped: Shipped) -> None:
    """In any order, with rollups made between."""
    parts = [frames(shipped.world, 300 * part, 300, step_s=13) for part in range(8)]
    random.Random(5).shuffle(parts)
    for part in parts:
        shipped.receive(part)
        shipped.shipper.drain()
    assert_rolled(shipped)


def test_made_again_they_are_the_same(shipped: Shipped) -> None:
    shipped.receive(frames(shipped.world, 0, 1000, step_s=7))
    shipped.shipper.drain()
    before = [kept(shipped, measurement) for measurement in schema.ROLLUPS]
    shipped.store.clear()
    shipped.again()
    shipped.shipper.drain()
    assert [kept(shipped, measurement) for measurement in schema.ROLLUPS] == before


def test_a_collector_killed_before_its_rollups_makes_them_after_its_start(
    shipped: Shipped,
) -> None:
    shipped.receive(frames(shipped.world, 0, 300, step_s=7))
    while shipped.shipper.step():
        pass
    assert shipped.cursor == shipped.head
    assert kept(shipped, "reading_1m") == {}
    shipped.again()
    shipped.shipper.drain()
    assert_rolled(shipped)


def test_what_is_withdrawn_leaves_its_buckets(shipped: Shipped) -> None:
    """A whole minute, and with its last reading the whole bucket."""
    world = shipped.world
    configure(world)
    late = world.gateway.chain(BILLING)
    shipped.receive(frames(world, 0, 1500, step_s=20))
    shipped.shipper.drain()
    assert_rolled(shipped)
    foreign = identity(OTHER, at_ms=NOW_MS + 70_000)
    own = identity(SERIAL, at_ms=NOW_MS + 1_210_000)
    shipped.receive([late.next(foreign)])
    shipped.shipper.drain()
    assert_rolled(shipped)
    shipped.receive([late.next(own)])
    shipped.shipper.drain()
    assert_rolled(shipped)
    of_meter = [start for meter, start in kept(shipped, "reading_1m") if meter == METER]
    assert NOW_MS + 120_000 - NOW_MS % 60_000 not in of_meter
    assert shipped.differences() == []


def test_each_bucket_is_made_of_whole_shorter_ones() -> None:
    assert all(longer % shorter == 0 for shorter, longer in pairwise(schema.ROLLUPS.values()))
