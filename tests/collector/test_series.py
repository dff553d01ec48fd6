"""The series keeps the billed register exact: orders rest on it."""

import struct
from fractions import Fraction
from pathlib import Path

import pytest
from checks_control import Control
from collector_world import NOW_MS, SITE, TELEMETRY, World, sample

from collector.checks import meters
from collector.ledger.followers import advance
from collector.model.energy import IMPORT
from collector.registry.profiles import load_profile
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.series.store import Point
from collector.storage import reading

NO_DOUBLE = 2**53 + 1
"""The first integer that is no double."""


def test_a_samples_register_is_kept_exact(world: World, tmp_path: Path) -> None:
    registers = load_profile("schneider-pm5560").registers
    raw = b"".join(
        struct.pack(">q", NO_DOUBLE) if entry.name == IMPORT else bytes(2 * entry.registers)
        for entry in registers
    )
    series = EmbeddedSeries(tmp_path)
    world.append([world.gateway.frame(TELEMETRY, 1, [sample(0, NOW_MS, raw)])])
    assert advance(world.engine, SeriesFollower(series, world.configurations)) == 1
    point = series.latest("feeder", 2**62)
    assert point is not None
    [scale] = [entry.scale for entry in registers if entry.name == IMPORT]
    assert point.import_wh == NO_DOUBLE * scale
    assert IMPORT not in point.values
    assert point.values["active_power"] == 0.0


@pytest.mark.parametrize("import_wh", [None, Fraction(1, 3), Fraction(NO_DOUBLE)])
def test_the_store_gives_back_what_it_was_given(tmp_path: Path, import_wh: Fraction | None) -> None:
    series = EmbeddedSeries(tmp_path)
    point = Point("a", 1, {"active_power": 1.5}, 7, import_wh)
    series.write([point])
    assert series.latest("a", 2**62) == point
    assert list(series.window("a", 0, 2)) == [point]


def test_energy_used_so_far_is_exact(control: Control) -> None:
    start = control.start_ms
    control.register(start, str(NO_DOUBLE - 1))
    control.point("feeder", start + 1000, 1e6, NO_DOUBLE)
    view = control.world.registry.view()
    metered = view.delivery_meters(SITE, start)
    with reading(control.world.engine) as connection:
        draw = meters.draw(connection, view, control.series, metered, start, start + 1000)
    assert draw is not None
    assert draw.used_wh == 1
