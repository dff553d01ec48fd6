"""Every meter profile is whole, and the rules that say so agree with the README beside them."""

import re
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

from collector.model.profile import Profile
from collector.model.profile_files import METERS, profile_names, profile_schema, toml_document
from collector.model.profile_rules import faults
from collector.model.quantities import OBIS, UNITS

PROFILES = sorted(METERS.glob("*.toml"))


@pytest.fixture(params=PROFILES, ids=lambda path: path.stem)
def file(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_nothing_is_wrong(file: Path) -> None:
    document = toml_document(file.read_bytes())
    assert [str(fault) for fault in faults(document, profile_schema(), file.stem)] == []


@pytest.mark.parametrize("interval", [True, False], ids=["interval", "sample"])
def test_every_quantity_is_asked_for_once_and_nothing_else_is_touched(
    file: Path, *, interval: bool
) -> None:
    profile = Profile.parse(file.read_bytes())
    asked = [range(first, first + count) for first, count in profile.requests(interval=interval)]
    wanted = [
        range(each.address, each.address + each.registers) for each in profile.of(interval=interval)
    ]
    for registers in wanted:
        assert sum(set(registers) <= set(request) for request in asked) == 1
    allowed = wanted if profile.readable is None else profile.readable
    for request in asked:
        assert len(request) <= profile.max_registers
        assert set(request) <= {register for block in allowed for register in block}


def test_identity_is_asked_for_in_requests_that_the_instrument_takes(file: Path) -> None:
    profile = Profile.parse(file.read_bytes())
    for entry in profile.identity:
        assert entry.request[1] <= min(32, profile.max_registers)


def test_it_steps_finely_enough_to_bill(file: Path) -> None:
    profile = Profile.parse(file.read_bytes())
    for register in profile.of(interval=True):
        assert register.is_exponent or Fraction(1, 100) <= register.quantum <= 1000


def test_a_source_that_nobody_can_find_again_says_so(file: Path) -> None:
    document = toml_document(file.read_bytes())
    for source in document["source"]:
        if "/search?" in source["url"]:
            assert re.search(
                "(owner|repository)( of the repository)? not recorded", source["document"]
            )


def test_the_readme_says_how_many_are_proven() -> None:
    words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    proven = sum(Profile.parse(path.read_bytes()).confirmed for path in PROFILES)
    readme = (METERS.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"instruments are described, {words[proven]} of them proven" in readme


def test_there_are_profiles_of_both_word_orders_and_all_kinds_of_energy() -> None:
    profiles = [Profile.parse(path.read_bytes()) for path in PROFILES]
    energies = {
        (register.type, register.layout.low_word_first)
        for profile in profiles
        for register in profile.of(interval=True)
    }
    assert energies >= {("int64", False), ("int32", True), ("float32", False)}
    assert profile_names() == [path.stem for path in PROFILES]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(profile_schema())


def test_names_codes_and_units_are_those_of_the_readme_and_the_schema() -> None:
    """A row of the table: `name` `_l2` `_l3` | 1-0:36.7.0 56.7.0 76.7.0 |"""
    readme = (METERS / "README.md").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for cells in re.findall(r"\| (`[^|]*) \| (1-0:[^|]*) \|", readme):
        first, *others = re.findall(r"`([a-z_0-9]+)`", cells[0])
        stem = first.removesuffix("_l1").removesuffix("_l12")
        names = [first, *(stem + other for other in others)]
        codes = [code if ":" in code else f"1-0:{code}" for code in cells[1].split()]
        found |= dict(zip(names, codes, strict=True))
    assert found == OBIS
    schema = profile_schema()["$defs"]["quantity"]["properties"]
    exponents = {f"exponent_{number}" for number in range(1, 5)}
    assert set(schema["name"]["enum"]) == set(OBIS) | exponents
    assert set(schema["unit"]["enum"]) == set(UNITS.values())
    for name in schema["name"]["enum"]:
        assert sum(name.startswith(kind) for kind in UNITS) == 1
