"""Every meter profile is whole: its schema, its names, its registers, its evidence."""

import itertools
import json
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest

METERS = Path(__file__).resolve().parents[2] / "hardware" / "meters"
PROFILES = sorted(METERS.glob("*.toml"))
REGISTERS = {
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "float32": 2,
    "int64": 4,
    "uint64": 4,
}
UNITS = {
    "active_energy": "Wh",
    "reactive_energy": "varh",
    "active_power": "W",
    "reactive_power": "var",
    "apparent_power": "VA",
    "power_factor": "1",
    "frequency": "Hz",
    "voltage": "V",
    "current": "A",
}


@pytest.fixture(scope="module")
def judge() -> jsonschema.Draft202012Validator:
    schema = json.loads((METERS / "profile.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture(params=PROFILES, ids=lambda path: path.stem)
def profile(request: pytest.FixtureRequest) -> dict[str, Any]:
    document: dict[str, Any] = tomllib.loads(request.param.read_text(encoding="utf-8"))
    assert document["name"] == request.param.stem
    return document


def spans(profile: dict[str, Any]) -> list[tuple[int, int]]:
    return sorted(
        (each["address"], each["address"] + REGISTERS[each["type"]]) for each in profile["quantity"]
    )


def test_there_are_profiles_of_both_word_orders_and_all_kinds_of_energy() -> None:
    energies = {
        (quantity["type"], quantity["word_order"])
        for path in PROFILES
        for quantity in tomllib.loads(path.read_text(encoding="utf-8"))["quantity"]
        if quantity["interval"]
    }
    assert energies >= {("int64", "high_first"), ("int32", "low_first"), ("float32", "high_first")}


def test_keeps_to_the_schema(
    profile: dict[str, Any], judge: jsonschema.Draft202012Validator
) -> None:
    errors = [f"{list(error.path)}: {error.message}" for error in judge.iter_errors(profile)]
    assert errors == []


def test_names_are_unique(profile: dict[str, Any]) -> None:
    names = [quantity["name"] for quantity in profile["quantity"]]
    assert len(names) == len(set(names))


def test_no_register_belongs_to_two_quantities(profile: dict[str, Any]) -> None:
    for (_, end), (start, _) in itertools.pairwise(spans(profile)):
        assert end <= start


def test_every_address_fits_the_wire(profile: dict[str, Any]) -> None:
    base = profile["request"]["address_base"]
    assert all(base <= start and end <= base + 65536 for start, end in spans(profile))


def test_intervals_are_energies_and_import_is_one_of_them(profile: dict[str, Any]) -> None:
    flagged = {quantity["name"] for quantity in profile["quantity"] if quantity["interval"]}
    assert "active_energy_import" in flagged
    assert all("_energy_" in name for name in flagged)


def test_units_are_those_of_the_names(profile: dict[str, Any]) -> None:
    for quantity in profile["quantity"]:
        kind = next(kind for kind in UNITS if quantity["name"].startswith(kind))
        assert quantity["unit"] == UNITS[kind], quantity["name"]


def test_an_integer_holds_whole_quanta(profile: dict[str, Any]) -> None:
    for quantity in profile["quantity"]:
        if quantity["type"] != "float32":
            counts = Fraction(quantity["quantum"]) / Fraction(quantity["scale"])
            assert counts.denominator == 1, quantity["name"]


def test_readable_blocks_hold_every_quantity_whole(profile: dict[str, Any]) -> None:
    blocks = profile["request"].get("readable")
    if blocks is None:
        return
    assert all(before[1] < after[0] for before, after in itertools.pairwise(blocks))
    for start, end in spans(profile):
        assert any(first <= start and end - 1 <= last for first, last in blocks), start


def test_one_request_can_hold_each_quantity(profile: dict[str, Any]) -> None:
    widest = max(REGISTERS[quantity["type"]] for quantity in profile["quantity"])
    assert widest <= profile["request"]["max_registers"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"status": "unconfirmed"}, "unconfirmed"),
        ({"source": []}, "[]"),
        ({"colour": "grey"}, "colour"),
    ],
    ids=["unconfirmed without reason", "no source", "unknown field"],
)
def test_the_schema_refuses(
    judge: jsonschema.Draft202012Validator, change: dict[str, Any], what: str
) -> None:
    good = tomllib.loads((METERS / "carlo-gavazzi-em24.toml").read_text(encoding="utf-8"))
    assert judge.is_valid(good)
    errors = [error.message for error in judge.iter_errors(good | change)]
    assert errors
    assert any(what in message for message in errors)


@pytest.mark.parametrize(
    "change",
    [
        {"scale": "0.1"},
        {"scale": "0"},
        {"type": "int24"},
        {"word_order": "little"},
        {"interval": True, "unit": "W"},
        {"modulus": 1000, "type": "float32"},
    ],
    ids=str,
)
def test_the_schema_refuses_a_quantity(
    judge: jsonschema.Draft202012Validator, change: dict[str, Any]
) -> None:
    good = tomllib.loads((METERS / "carlo-gavazzi-em24.toml").read_text(encoding="utf-8"))
    good["quantity"][0] |= change
    assert not judge.is_valid(good)
