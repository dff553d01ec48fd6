"""The shape of a load and its score: figures by hand, marks as data, reasons with their points."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from cli_world import run, run_json
from hypothesis import example, given
from hypothesis import strategies as st

from collector.checks.grey.profile import Quarter, shape
from collector.checks.grey.score import (
    FILE_NAME,
    Mark,
    Score,
    ThresholdsError,
    read_thresholds,
    score,
)
from simulator.feeders.town import Feeder, rows, town

QUARTER_MS = 900_000
MONDAY_MS = 1_795_374_000_000  # 2026-11-23 00:00:00 in Astana
SHIPPED = read_thresholds()


def load(power_w: list[float], factor: float | None = None) -> list[Quarter]:
    return [Quarter(MONDAY_MS + n * QUARTER_MS, w, factor) for n, w in enumerate(power_w)]


def days(count: int, hourly_w: list[float]) -> list[float]:
    return [hourly_w[n // 4 % 24] for n in range(96 * count)]


def test_a_load_that_never_changes() -> None:
    found = shape(load(days(7, [500.0] * 24), 0.98))
    assert found is not None
    assert (found.quarters, found.days, found.median_w) == (672, 7, 500)
    assert (found.load_factor, found.base, found.night_day, found.weekend) == (1, 1, 1, 1)
    assert (found.roughness, found.spread, found.jumps) == (0, 0, 0)
    assert (found.power_factor, found.factor_spread) == (0.98, 0)
    judged = score(found, SHIPPED)
    assert (judged.points, judged.is_suspicious) == (100, True)
    assert sum(reason.points for reason in judged.reasons) in range(97, 104)


def test_a_street_that_sleeps() -> None:
    """100 W from 00 to 06 and 400 W else: the night is a quarter of the day."""
    found = shape(load(days(7, [100.0] * 6 + [400.0] * 18)))
    assert found is not None
    assert found.median_w == 400
    assert found.night_day is None, "what is below 0.3 of the median is switched off"
    found = shape(load(days(7, [200.0] * 6 + [400.0] * 18)))
    assert found is not None
    assert found.night_day == 0.5
    assert found.load_factor == (200 * 6 + 400 * 18) / 24 / 400
    assert found.base == 0.5
    assert found.jumps == pytest.approx(13 / 7)  # twice a day but for the last midnight


def test_hours_in_which_it_is_switched_off_say_nothing_of_its_shape() -> None:
    hourly = [500.0] * 17 + [5.0] * 4 + [500.0] * 3
    found = shape(load(days(7, hourly)))
    assert found is not None
    assert (found.load_factor, found.base, found.roughness) == (1, 1, 0)
    assert found.jumps == 2, "that it is switched is seen"


@pytest.mark.parametrize("power_w", [[], [0.0] * 700, [-5.0] * 700])
def test_no_load_has_no_shape_and_no_score(power_w: list[float]) -> None:
    assert shape(load(power_w)) is None
    assert score(None, SHIPPED) == Score(None, False, (), 0, SHIPPED.sha256)


def test_less_than_a_week_is_too_little_to_judge() -> None:
    found = shape(load(days(5, [500.0] * 24)))
    assert score(found, SHIPPED).points is None


def test_what_is_not_known_leaves_its_weight_to_the_rest() -> None:
    found = shape(load(days(7, [500.0] * 24)))
    judged = score(found, SHIPPED)
    assert judged.points == 100
    assert judged.known_permille < 1000
    assert "steady_power_factor" not in {reason.code for reason in judged.reasons}


def test_a_mark_counts_by_its_place_and_less_again_beyond() -> None:
    mark = Mark("awake_at_night", "night_day", 15, 0.5, 0.9, 1.1, 1.5)
    degrees = [mark.degree(value) for value in (0.4, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 2)]
    assert degrees == pytest.approx([0, 0, 0.5, 1, 1, 0.5, 0, 0])
    falling = Mark("smooth", "roughness", 20, 0.03, 0.004)
    assert [falling.degree(value) for value in (0.04, 0.017, 0.001)] == pytest.approx([0, 0.5, 1])


@example([1.0, 2.2e-309, 2.2e-309])
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=300))
def test_any_load_has_finite_figures_and_points_from_0_to_100(power_w: list[float]) -> None:
    found = shape(load(power_w))
    if found is not None:
        values = [value for value in vars_of(found) if value is not None]
        assert all(math.isfinite(value) for value in values)
        judged = score(replace(found, quarters=10_000), SHIPPED)
        assert judged.points is not None
        assert 0 <= judged.points <= 100


def vars_of(found: object) -> list[float | None]:
    return [getattr(found, name) for name in found.__dataclass_fields__]  # type: ignore[attr-defined]


# --- thresholds are data


def test_an_operators_own_file_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    text = Path("collector/checks/grey/grey.toml").read_text(encoding="utf-8")
    (tmp_path / FILE_NAME).write_text(text.replace("suspicious = 60", "suspicious = 100"))
    own = read_thresholds(tmp_path)
    assert own.suspicious == 100
    assert own.sha256 != SHIPPED.sha256
    assert read_thresholds(tmp_path / "nowhere") == SHIPPED


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("weight = 15", "weight = -1"), "less than the minimum"),
        (('figure = "base"', 'figure = "colour"'), "is not one of"),
        (("full = 0.95", "full = 0.60"), "none and full must differ"),
        (("until = 1.10", ""), "is a dependency of"),
        (("suspicious = 60", "suspicious = sixty"), "not TOML"),
        (("least_days = 7", ""), "'least_days' is a required property"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    text = Path("collector/checks/grey/grey.toml").read_text(encoding="utf-8")
    (tmp_path / FILE_NAME).write_text(text.replace(*change, 1), encoding="utf-8")
    with pytest.raises(ThresholdsError, match=says):
        read_thresholds(tmp_path)


# --- on feeders of a simulated town


def of(feeder: Feeder) -> int:
    quarters = [
        Quarter(MONDAY_MS + n * QUARTER_MS, kwh * 4000, factor)
        for n, (kwh, factor) in enumerate(zip(feeder.energy_kwh, feeder.power_factor, strict=True))
    ]
    points = score(shape(quarters), SHIPPED).points
    assert points is not None
    return points


def test_nearly_nothing_but_mining_is_seen_whatever_its_kind() -> None:
    """The last four of 28 have 95 %, one of each kind."""
    mined = [feeder for feeder in town(3, 0, 28, 7) if feeder.share == 0.95]
    assert {feeder.mining for feeder in mined} == {
        "mining", "cooled_mining", "curtailed_mining", "disguised_mining",
    }  # fmt: skip
    assert all(of(feeder) >= SHIPPED.suspicious for feeder in mined)


def test_streets_shops_schools_and_works_are_not() -> None:
    alone = [feeder for feeder in town(3, 60, 0, 7) if len(feeder.kinds) == 1]
    plain = [each for each in alone if {*each.kinds} <= {"dwellings", "shops", "school", "works"}]
    assert len(plain) > 3
    assert all(of(feeder) < SHIPPED.suspicious for feeder in plain)


def test_the_same_seed_is_the_same_town() -> None:
    assert list(town(5, 2, 2, 1)) == list(town(5, 2, 2, 1))
    assert list(town(5, 2, 2, 1)) != list(town(6, 2, 2, 1))


def test_a_file_of_feeders_is_scored_with_its_reasons(tmp_path: Path) -> None:
    file = tmp_path / "town.csv"
    file.write_text("\n".join(rows(list(town(3, 1, 1, 7)))), encoding="utf-8")
    scored = run_json("feeder-score", file)
    assert set(scored["feeders"]) == {"h0000", "m0000"}
    first = scored["feeders"]["h0000"]
    assert first["reasons"][0].keys() == {"code", "value", "none", "full", "points", "of"}
    assert "of 100" in run("feeder-score", file).output
    assert json.loads(json.dumps(scored)) == scored
