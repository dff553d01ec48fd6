"""Registers against words worked out by hand, and against a decoder that knows only the profile."""

import math
import struct
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.instrument import (
    METERS_DIR,
    IllegalAddressError,
    Profile,
    Quantity,
    Transformers,
    load_profile,
)

DIRECT = Transformers(Fraction(1), Fraction(1))
PROFILES = sorted(METERS_DIR.glob("*.toml"))
FORMATS = {
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "uint32": ">I",
    "int64": ">q",
    "uint64": ">Q",
    "float32": ">f",
}


def decode(entry: dict[str, Any], words: list[int]) -> Fraction:
    """What a reader makes of a quantity's registers; written from the README, not from the code."""
    ordered = words if entry["word_order"] == "high_first" else list(reversed(words))
    raw = b"".join(word.to_bytes(2, "big") for word in ordered)
    (number,) = struct.unpack(FORMATS[entry["type"]], raw)
    value = Fraction(number) * Fraction(entry["scale"])
    if entry["type"] != "float32":
        return value
    _, exponent = math.frexp(number)
    spacing = Fraction(2) ** (max(exponent - 1, -126) - 23) * Fraction(entry["scale"])
    step = max(Fraction(entry["quantum"]), spacing)
    return round(value / step) * step


def entries(path: Path) -> dict[str, dict[str, Any]]:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in document["quantity"]}


def words(profile: str, name: str, value: Fraction | float) -> list[int]:
    quantity = load_profile(METERS_DIR / f"{profile}.toml").quantity(name)
    return quantity.words(value, DIRECT)


@pytest.mark.parametrize(
    ("profile", "name", "value", "expected"),
    [
        # 987 654 321 Wh = 0x3ADE68B1, four registers, high word first
        (
            "schneider-pm5560",
            "active_energy_import",
            Fraction("987654321.9"),
            [0, 0, 0x3ADE, 0x68B1],
        ),
        # 1500 kW as float32: 1500 = 1.46484375 × 2^10 -> 0x44BB8000
        ("schneider-pm5560", "active_power", 1_500_000.0, [0x44BB, 0x8000]),
        # 123 456.7 kWh = 1 234 567 counts of 0.1 kWh = 0x0012D687, low word first
        ("carlo-gavazzi-em24", "active_energy_import", Fraction(123456799), [0xD687, 0x0012]),
        # -250 kW = -2 500 000 counts of 0.1 W = 0xFFD9DA60
        ("carlo-gavazzi-em24", "active_power", -250_000.0, [0xDA60, 0xFFD9]),
        ("carlo-gavazzi-em24", "power_factor", 0.97, [970]),
        ("carlo-gavazzi-em24", "frequency", 49.96, [500]),
        # 5000 kWh as float32 = 1.220703125 × 2^12 -> 0x459C4000; 0.9 Wh more is not yet a step
        ("eastron-sdm630", "active_energy_import", Fraction("5000000.9"), [0x459C, 0x4000]),
        # 230.5 V -> 0x43668000
        ("eastron-sdm630", "voltage_l1", 230.5, [0x4366, 0x8000]),
    ],
)
def test_words_worked_out_by_hand(
    profile: str, name: str, value: Fraction | float, expected: list[int]
) -> None:
    assert words(profile, name, value) == expected


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
@settings(deadline=None)
@given(tenths_of_mwh=st.integers(min_value=0, max_value=10**14))
def test_an_energy_register_lags_by_less_than_a_step(path: Path, tenths_of_mwh: int) -> None:
    energy_wh = Fraction(tenths_of_mwh, 10_000)
    quantity = load_profile(path).quantity("active_energy_import")
    read = decode(entries(path)["active_energy_import"], quantity.words(energy_wh, DIRECT))
    assert 0 <= energy_wh - read < quantity.step(energy_wh, DIRECT)


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
@settings(deadline=None)
@given(watts=st.floats(min_value=-5e6, max_value=5e6))
def test_power_keeps_its_sign_and_size(path: Path, watts: float) -> None:
    read = decode(
        entries(path)["active_power"],
        load_profile(path).quantity("active_power").words(watts, DIRECT),
    )
    assert abs(read - Fraction(watts)) <= 1


def test_a_float_register_steps_more_coarsely_as_it_grows() -> None:
    quantity = load_profile(METERS_DIR / "eastron-sdm630.toml").quantity("active_energy_import")
    assert quantity.step(Fraction(5_000_000), DIRECT) == 1
    assert quantity.step(Fraction(10**9), DIRECT) == Fraction("62.5")


def made(**changes: Any) -> Quantity:
    plain: dict[str, Any] = {
        "name": "active_energy_import",
        "address": 0,
        "kind": "uint32",
        "high_first": True,
        "unit": "Wh",
        "scale": Fraction(10),
        "primary": True,
        "quantum": Fraction(10),
        "modulus": None,
    }
    return Quantity(**(plain | changes))


def test_a_register_with_a_modulus_starts_again_from_zero() -> None:
    quantity = made(modulus=1000)
    assert quantity.words(Fraction(9990), DIRECT) == [0, 999]
    assert quantity.words(Fraction(10_000), DIRECT) == [0, 0]
    assert quantity.words(Fraction(10_020), DIRECT) == [0, 2]


def test_a_register_too_small_says_so() -> None:
    with pytest.raises(OverflowError, match="active_energy_import"):
        made(kind="uint16").words(Fraction(655_360), DIRECT)


def test_an_instrument_at_the_secondary_counts_there() -> None:
    transformers = Transformers(Fraction(300, 5), Fraction(10_000, 100))
    quantity = made(primary=False)
    assert quantity.words(Fraction(60_000_000), transformers) == [0, 1000]
    assert quantity.step(Fraction(60_000_000), transformers) == 60_000
    current = made(name="current_l1", unit="A", scale=Fraction(1, 1000), primary=False)
    assert current.words(150.0, transformers) == [0, 2500]


def values(profile: Profile) -> dict[str, Fraction | float]:
    return {quantity.name: Fraction(1000) for quantity in profile.quantities}


@pytest.mark.parametrize(
    ("profile", "address", "count"),
    [
        ("carlo-gavazzi-em24", 0x68, 1),  # after the table
        ("carlo-gavazzi-em24", 0x66, 4),  # out of it at the end
        ("carlo-gavazzi-em24", 0x3F, 2),  # half of one quantity, half of the next
        ("carlo-gavazzi-em24", 0x28, 1),  # half a quantity
        ("schneider-pm5560", 3052, 2),  # the register list's number, taken for the wire's
        ("schneider-pm5560", 3005, 30),  # over registers that nothing says to exist
    ],
)
def test_a_request_outside_the_instrument_is_refused(
    profile: str, address: int, count: int
) -> None:
    loaded = load_profile(METERS_DIR / f"{profile}.toml")
    with pytest.raises(IllegalAddressError):
        loaded.read(address, count, values(loaded), DIRECT)


def test_a_gap_within_a_block_reads_as_nothing() -> None:
    profile = load_profile(METERS_DIR / "carlo-gavazzi-em24.toml")
    answer = profile.read(0x04, 10, values(profile), DIRECT)
    voltage, current = [10_000, 0], [0x4240, 0x000F]
    assert answer == [*voltage, 0, 0, 0, 0, 0, 0, *current]


def test_without_blocks_only_adjoining_quantities_share_a_request(tmp_path: Path) -> None:
    text = (METERS_DIR / "carlo-gavazzi-em24.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("readable")]
    path = tmp_path / "carlo-gavazzi-em24.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    profile = load_profile(path)
    assert len(profile.read(0x0C, 12, values(profile), DIRECT)) == 12
    with pytest.raises(IllegalAddressError):
        profile.read(0x04, 10, values(profile), DIRECT)
