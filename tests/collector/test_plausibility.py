"""What a reading's values say against each other is a doubt: told, and the values stay."""

import sqlite3
from fractions import Fraction
from pathlib import Path

import pytest
from collector_world import NOW_MS, TELEMETRY, World, sample
from meter_world import PROFILE, raw_of

from collector.checks import meters
from collector.ledger.followers import advance
from collector.model.energy import Quantity
from collector.model.plausibility import DoubtCode, in_doubt, judge, of_quality
from collector.model.records import Meter
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.series.store import Point

CT, VT = (500, 5), Fraction(100)
"""500/5 A carry 600 A of the instrument's 1000 A, and with 10000/100 V 14.4 MW are the most."""
GOOD = {
    "active_power": "6000000",
    "active_power_l1": "2000000",
    "active_power_l2": "2010000",
    "active_power_l3": "1990000",
    "apparent_power": "6100000",
    "power_factor": "0.98",
    "frequency": "50.02",
    "voltage_l1": "5780",
    "voltage_l2": "5790",
    "voltage_l3": "5770",
    "current_l1": "352",
    "current_l2": "355",
    "current_l3": "350",
    "active_energy_import": "48213907411",
}


def doubts(**changes: str | None) -> dict[DoubtCode, tuple[str, ...]]:
    """Of a good reading with these values in place of its own; None is left out."""
    values = {
        name: Quantity(int(Fraction(text) * 1000), Fraction(1, 1000))
        for name, text in {**GOOD, **changes}.items()
        if text is not None
    }
    return {doubt.code: doubt.quantities for doubt in judge(values, PROFILE, CT, VT)}


def test_a_good_reading_is_in_no_doubt() -> None:
    assert doubts() == {}
    assert judge({}, PROFILE, CT, VT) == ()


PHASES = ("active_power", "active_power_l1", "active_power_l2", "active_power_l3")


@pytest.mark.parametrize(
    ("changes", "code", "concerned"),
    [
        ({"active_power_l2": "1000000"}, DoubtCode.PHASES, PHASES),
        ({"apparent_power": "5800000"}, DoubtCode.OVER_APPARENT, (*PHASES[:1], "apparent_power")),
        ({"power_factor": "0.5"}, DoubtCode.POWER_FACTOR, ("power_factor",)),
        ({"power_factor": "1.02"}, DoubtCode.POWER_FACTOR, ("power_factor",)),
        (
            {"power_factor": "1.02", "apparent_power": None},
            DoubtCode.POWER_FACTOR,
            ("power_factor",),
        ),
        ({"active_power_l2": "-2010000", "active_power": "1980000"}, DoubtCode.REVERSED, PHASES),
        (
            {"active_power_l1": "-2000000", "active_power_l2": "-2010000"},
            DoubtCode.REVERSED,
            PHASES,
        ),
        ({"voltage_l3": "0", "current_l3": "0"}, DoubtCode.DEAD_PHASE, ("voltage_l3",)),
        ({"voltage_l3": "0"}, DoubtCode.DEAD_PHASE, ("voltage_l3", "active_power")),
        (
            {"voltage_l2": "0", "voltage_l3": "0", "current_l3": "0"},
            DoubtCode.DEAD_PHASE,
            ("voltage_l2", "active_power"),
        ),
        ({"frequency": "44.9"}, DoubtCode.FREQUENCY, ("frequency",)),
        ({"frequency": "55.1"}, DoubtCode.FREQUENCY, ("frequency",)),
        ({"frequency": "0"}, DoubtCode.FREQUENCY, ("frequency",)),
        ({"current_l2": "601"}, DoubtCode.CURRENT, ("current_l2",)),
        ({"voltage_l3": "57.8"}, DoubtCode.VOLTAGE, ("voltage_l3",)),
        ({"active_energy_import": "-1"}, DoubtCode.NEGATIVE, ("active_energy_import",)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_each_rule(
    changes: dict[str, str | None], code: DoubtCode, concerned: tuple[str, ...]
) -> None:
    assert doubts(**changes)[code] == concerned


@pytest.mark.parametrize(
    "changes",
    [
        {"frequency": "45"},
        {"frequency": "55"},
        {"current_l1": "600"},
        {"voltage_l1": "0", "voltage_l2": "0", "voltage_l3": "0", "frequency": "0"},
        {"power_factor": "-0.98"},
        # each instrument has a starting point of its own
        dict.fromkeys((*PHASES, "apparent_power"), "0")
        | {"active_power_l1": "14000", "active_power_l2": "-14000"},
        # connected to one phase alone
        {"voltage_l2": "0", "voltage_l3": "0", "current_l2": "0", "current_l3": "0"},
        {"active_power_l2": None},
        {"active_energy_import": "0"},
    ],
    ids=str,
)
def test_what_may_be_is_not_doubted(changes: dict[str, str | None]) -> None:
    assert doubts(**changes) == {}


def test_what_is_told_in_four_quadrants_is_compared_as_the_power_factor_it_is() -> None:
    def seen(value: float) -> Fraction:
        raw = raw_of(interval_only=False, power_factor=value)
        read = PROFILE.decode(raw, None, interval=False, ct=Fraction(1), vt=Fraction(1))
        return read["power_factor"].value

    for told, factor in (
        (0.98, "0.98"),
        (-0.98, "-0.98"),
        (1.02, "0.98"),  # leading
        (-1.02, "-0.98"),
        (2.0, "0"),
        (1.0, "1"),
        (2.5, "2.5"),  # nothing that it can be: doubted
    ):
        assert seen(told) == Fraction(factor)


def test_in_three_wires_a_phase_has_no_power_of_its_own() -> None:
    aron = {"voltage_l1": None, "voltage_l2": None, "voltage_l3": None}
    assert doubts(**aron, active_power_l2="0") == {}


def test_what_the_gateway_does_not_believe_is_counted_by_name() -> None:
    found = of_quality(("a", "b", "c", "d", "e"), bytes([1, 0, 5, 4, 5]))
    assert {doubt.code: doubt.quantities for doubt in found} == {
        DoubtCode.STALE: ("a",),
        DoubtCode.DOUBTFUL: ("c", "e"),
        DoubtCode.OUT_OF_RANGE: ("d",),
    }
    assert in_doubt(found) == {"a", "c", "d", "e"}
    assert of_quality(("a", "b"), None) == ()


def followed(world: World, directory: Path, raw: bytes, quality: bytes | None) -> Point:
    series = EmbeddedSeries(directory)
    world.append([world.gateway.frame(TELEMETRY, 1, [sample(0, NOW_MS, raw, quality)])])
    advance(world.engine, SeriesFollower(series, world.configurations))
    point = series.latest("feeder", 2**62)
    assert point is not None
    return point


def test_a_point_keeps_its_values_and_its_doubts(world: World, tmp_path: Path) -> None:
    raw = raw_of(interval_only=False, active_power=2.0, apparent_power=1.0, frequency=50.0)
    point = followed(world, tmp_path, raw, None)
    assert point.values["active_power"] == 2000.0
    assert point.doubts[DoubtCode.OVER_APPARENT] == ("active_power", "apparent_power")
    assert point.believed("active_power") is None
    assert point.believed("frequency") == 50.0


def test_a_power_in_doubt_is_not_the_present_one(world: World, tmp_path: Path) -> None:
    raw = raw_of(interval_only=False, active_power=2.0, apparent_power=1.0, frequency=50.0)
    followed(world, tmp_path, raw, None)
    view = world.registry.view()
    meter = view.all(Meter)["feeder"]
    series = EmbeddedSeries(tmp_path)
    assert meters.fresh(view, series, meter, NOW_MS) is None
    good = Point("feeder", NOW_MS + 1, {"active_power": 1.0}, 9)
    series.write([good])
    assert meters.fresh(view, series, meter, NOW_MS + 1) == good


def test_stale_values_are_no_values_but_told(world: World, tmp_path: Path) -> None:
    raw = raw_of(interval_only=False, active_power=1.0, apparent_power=1.0)
    point = followed(world, tmp_path, raw, bytes([1] * len(PROFILE.registers)))
    assert dict(point.values) == {}
    assert point.import_wh is None
    assert len(point.doubts[DoubtCode.STALE]) == len(PROFILE.registers)


def test_a_series_of_an_earlier_shape_is_begun_anew(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "series.sqlite") as old:
        old.execute("CREATE TABLE point (meter TEXT, at_ms INTEGER, position INTEGER, body TEXT)")
        old.execute("INSERT INTO point VALUES ('a', 1, 1, '{}')")
    old.close()
    series = EmbeddedSeries(tmp_path)
    assert series.points() == 0
    point = Point("a", 1, {}, 1, None, {DoubtCode.CURRENT: ("current_l1",)})
    series.write([point])
    assert series.latest("a", 2**62) == point
