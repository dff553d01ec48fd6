"""A scenario that cannot be used says what is wrong, where, and what would be right."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from simulator.scenario import ScenarioError, load_scenario

GOOD: dict[str, Any] = {
    "seed": 7,
    "sites": [
        {
            "name": "A",
            "bus": {"kind": "rtu", "baud": 9600},
            "auxiliary_w": 40_000,
            "meters": [
                {
                    "slot": 0,
                    "serial": "26010001",
                    "profile": "carlo-gavazzi-em24",
                    "unit": 1,
                    "point": 1,
                    "ct": [2500, 5],
                    "register_base_wh": "123456700.5",
                }
            ],
            "stages": [
                {"id": 1, "rated_w": 1_200_000, "ramp_s": 8, "output": "o1", "contact": "c1"},
                {"id": 2, "rated_w": 1_200_000, "ramp_s": 8, "output": "o2", "contact": "c2"},
            ],
            "schedule": [{"at_s": 30, "stage": 2, "power_w": 1_300_000}],
        }
    ],
}


def refusal(document: object, folder: Path) -> str:
    path = folder / "scenario.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    message = str(caught.value)
    assert str(path) in message
    return message


def test_a_good_scenario_keeps_every_digit(tmp_path: Path) -> None:
    path = tmp_path / "scenario.json"
    path.write_text(json.dumps(GOOD))
    site = load_scenario(path).sites[0]
    assert str(site.meters[0].register_base_wh) == "123456700.5"
    assert site.meters[0].ct == (2500, 5)
    assert site.stages[1].rated_w == 1_200_000


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("sites.0.meters.0.unit", 300, ["sites[0].meters[0].unit", "247", "300"]),
        (
            "sites.0.meters.0.profile",
            "em24",
            ["sites[0].meters[0].profile", "carlo-gavazzi-em24", '"em24"'],
        ),
        ("sites.0.meters.0.point", 9, ["sites[0]", "no stage 9", "1, 2"]),
        ("sites.0.meters.0.ct", [0, 5], ["sites[0].meters[0].ct[0]", "greater than 0"]),
        ("sites.0.meters.0.wiring", "4P5W", ["sites[0].meters[0].wiring", "1P2W", "3P3W", "3P4W"]),
        ("sites.0.meters.0.exponents", {"exponent_5": 1}, ["exponents", "exponent_5"]),
        ("sites.0.meters.0.exponents", {"exponent_1": 10}, ["exponents.exponent_1", "9"]),
        ("sites.0.schedule.0.power_w", 9_000_000, ["sites[0]", "stage 2", "0 to 1800000"]),
        ("sites.0.stages.1.id", 1, ["sites[0]", "stage id", "twice"]),
        ("sites.0.stages.1.output", "o1", ["output", "o1", "twice"]),
        ("sites.0.colour", "grey", ["sites[0].colour", "not permitted"]),
        ("sites.0.bus.kind", "can", ["sites[0].bus", "tcp", "rtu"]),
        ("sites", [], ["sites", "at least 1"]),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_what_would_be_right(
    tmp_path: Path, place: str, value: object, words: list[str]
) -> None:
    document = copy.deepcopy(GOOD)
    *way, last = [int(part) if part.isdigit() else part for part in place.split(".")]
    target: Any = document
    for part in way:
        target = target[part]
    target[last] = value
    message = refusal(document, tmp_path)
    assert all(word in message for word in words), message


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    document = copy.deepcopy(GOOD)
    document["sites"][0]["meters"][0] |= {"unit": 0, "slot": 64}
    assert len(refusal(document, tmp_path).splitlines()) == 2


def test_a_file_that_is_no_json_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in refusal('{"seed": 1,\n oops}', tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nowhere\.json: cannot be read"):
        load_scenario(tmp_path / "nowhere.json")
