"""Every actuator is whole, says what is example data, and compiles to what a gateway takes."""

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from collector.evidence.configuration import is_stage
from collector.model.actuator import (
    ACTUATORS,
    Actuator,
    ActuatorError,
    actuator_names,
    load_actuator,
    parse_actuator,
)

FILES = sorted(ACTUATORS.glob("*.toml"))
STAGE = {0: 1, 1: 1, 2: 0, 3: 0, 4: 500}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_it_is_instantiated_and_a_gateway_takes_what_it_compiles_to(file: Path) -> None:
    actuator = load_actuator(file.stem)
    assert actuator.name == file.stem
    assert is_stage(STAGE | {5: actuator.compiled})


def test_what_it_is_not_sure_of_is_example_data(file: Path) -> None:
    document = tomllib.loads(file.read_text(encoding="utf-8"))
    example = document.get("example", [])
    assert bool(document.get("source")) == ("everything" not in example)
    for name in set(example) - {"everything"}:
        assert name in document


def test_the_readme_lists_them_and_what_is_example_data() -> None:
    readme = (ACTUATORS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \| ([^|`]*) \|$", readme, re.MULTILINE)
    found = []
    for path in FILES:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        found.append((path.stem, document["kind"], ", ".join(document["example"])))
    assert rows == found


def test_every_kind_is_there() -> None:
    kinds = {load_actuator(name).kind for name in actuator_names()}
    assert kinds == {"contactor", "undervoltage_release", "shunt_trip", "permissive"}


@pytest.mark.parametrize(
    ("kind", "pulse_ms", "compiled"),
    [
        ("contactor", 0, [0, 0, 0, 0]),
        ("permissive", 0, [0, 0, 0, 0]),
        ("undervoltage_release", 0, [0, 1, 0, 0]),
        ("shunt_trip", 200, [1, 1, 200, 12]),
    ],
)
def test_who_closes_and_what_pulses(kind: str, pulse_ms: int, compiled: list[int]) -> None:
    assert Actuator("x", kind, pulse_ms, 12, 250).compiled == compiled


@pytest.mark.parametrize(
    ("was", "given", "said"),
    [
        ("pulse_ms = 200", "", "'pulse_ms' is a required property"),
        ("pulse_ms = 200", "pulse_ms = 10", "pulse_ms: at least the 20 it needs"),
        ('fail_state = "stays"', 'fail_state = "opens"', "fail_state: 'stays' was expected"),
        ('kind = "shunt_trip"', 'kind = "fuse"', "kind: 'fuse' is not one of"),
        ("operations_per_hour = 12", "operations_per_hour = 0", "operations_per_hour: 0 is less"),
        ("schema = 1", "schema = ", "not TOML"),
        ('"schneider-nsf-mx"', '"another"', "name: it must be that of the file"),
    ],
)
def test_what_is_wrong_is_said(was: str, given: str, said: str) -> None:
    text = (ACTUATORS / "schneider-nsf-mx.toml").read_text(encoding="utf-8")
    assert was in text
    with pytest.raises(ActuatorError, match=re.escape(said)):
        parse_actuator(text.replace(was, given, 1), "schneider-nsf-mx")


def test_a_name_that_is_none_is_answered_with_those_there_are() -> None:
    with pytest.raises(ActuatorError, match="known are: abb-af205, "):
        load_actuator("../meters/abb-b23")


def test_the_schema_is_one() -> None:
    schema = json.loads((ACTUATORS / "actuator.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
