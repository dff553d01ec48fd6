"""Register maps of the profiles, and quantities against words worked out by hand."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profile_reader import PROFILES, Entry, quantities

from simulator.encoding import DoesNotFitError, Layout
from simulator.identity import IdentityRegister, Nameplate
from simulator.instrument import (
    METERS_DIR,
    IllegalAddressError,
    IllegalCountError,
    IllegalFunctionError,
    Profile,
    Register,
    load_profile,
)
from simulator.quantity import Quantity, Transformers

DIRECT = Transformers(Fraction(1), Fraction(1))
SIZES = {"int16": 1, "uint16": 1, "int32": 2, "uint32": 2, "float32": 2, "float64": 4, "bcd32": 2}


def profile(name: str) -> Profile:
    return load_profile(METERS_DIR / f"{name}.toml")


def entry(name: str, quantity: str) -> Entry:
    return next(each for each in quantities(name) if each.name == quantity)


def read_back(name: str, quantity: str, words: list[int]) -> Fraction:
    described = entry(name, quantity)
    count = described.count(words)
    assert isinstance(count, Fraction)
    value = count * Fraction(described.field["scale"])
    if not described.is_float:
        return value
    steps = profile(name).quantity(quantity).step(value, DIRECT)
    return round(value / steps) * steps


@pytest.mark.parametrize(
    ("name", "quantity", "value", "expected"),
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
    name: str, quantity: str, value: Fraction | float, expected: list[int]
) -> None:
    assert profile(name).quantity(quantity).words(value, DIRECT) == expected


@pytest.mark.parametrize("name", PROFILES)
@settings(deadline=None, max_examples=40)
@given(tenths_of_mwh=st.integers(min_value=0, max_value=10**13))
def test_an_energy_register_lags_by_less_than_a_step(name: str, tenths_of_mwh: int) -> None:
    energy_wh = Fraction(tenths_of_mwh, 10_000)
    quantity = profile(name).quantity("active_energy_import")
    read = read_back(name, quantity.name, quantity.words(energy_wh, DIRECT))
    assert 0 <= energy_wh - read < quantity.step(energy_wh, DIRECT)


@pytest.mark.parametrize("name", PROFILES)
@settings(deadline=None, max_examples=40)
@given(watts=st.floats(min_value=0, max_value=20_000))
def test_power_keeps_its_size(name: str, watts: float) -> None:
    quantity = profile(name).quantity("active_power")
    read = read_back(name, quantity.name, quantity.words(watts, DIRECT))
    step = Fraction(entry(name, quantity.name).field["quantum"])
    assert abs(read - Fraction(watts)) <= step


def made(kind: str = "uint32", **changes: Any) -> Quantity:
    plain: dict[str, Any] = {
        "name": "active_energy_import",
        "address": 0,
        "layout": Layout(kind, SIZES[kind], True, True),
        "unit": "Wh",
        "scale": Fraction(10),
        "exponent": None,
        "primary": True,
        "quantum": Fraction(10),
        "modulus": None,
        "no_value": None,
    }
    return Quantity(**(plain | changes))


def test_a_float_register_steps_more_coarsely_as_it_grows() -> None:
    quantity = made("float32", scale=Fraction(1000), quantum=Fraction(1))
    assert quantity.step(Fraction(5_000_000), DIRECT) == 1
    assert quantity.step(Fraction(10**9), DIRECT) == Fraction("62.5")
    finer = made("float64", scale=Fraction(1000), quantum=Fraction(1))
    assert finer.step(Fraction(10**12), DIRECT) == 1


def test_a_register_with_a_modulus_starts_again_from_zero() -> None:
    quantity = made(modulus=1000)
    assert quantity.words(Fraction(9990), DIRECT) == [0, 999]
    assert quantity.words(Fraction(10_000), DIRECT) == [0, 0]
    assert quantity.words(Fraction(10_020), DIRECT) == [0, 2]
    floating = made("float64", modulus=1000)
    assert floating.words(Fraction(10_030), DIRECT) == floating.words(Fraction(30), DIRECT)
    digits = made("bcd32", modulus=10**8)
    assert digits.words(Fraction(10**9 + 120), DIRECT) == [0, 0x0012]


def test_a_register_too_small_says_so() -> None:
    with pytest.raises(DoesNotFitError, match=r"active_energy_import: 655360 Wh .* uint16"):
        made("uint16").words(Fraction(655_360), DIRECT)


def test_an_exponent_scales_what_it_belongs_to() -> None:
    power = made("int16", name="active_power", unit="W", scale=Fraction(1), exponent="exponent_1")
    assert power.words(1_234_567.0, DIRECT, 3) == [1235]
    assert power.words(12.34, DIRECT, -2) == [1234]
    energy = made(scale=Fraction(1), quantum=Fraction(1), exponent="exponent_1")
    assert energy.words(Fraction(1_234_567), DIRECT, 3) == [0, 1234]
    assert energy.step(Fraction(1_234_567), DIRECT, 3) == 1000
    assert energy.step(Fraction(1_234_567), DIRECT, -1) == 1


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("int16", "8000", [0x8000]),
        ("uint32", "7fffffff", [0x7FFF, 0xFFFF]),
        ("float32", "7fa00000", [0x7FA0, 0]),
        ("float32", None, [0x7FC0, 0]),
        ("float64", None, [0x7FF8, 0, 0, 0]),
        ("uint32", None, [0, 0]),
    ],
)
def test_what_is_no_value_answers_its_code(
    kind: str, code: str | None, expected: list[int]
) -> None:
    assert made(kind, no_value=code).words(None, DIRECT) == expected


def test_an_instrument_at_the_secondary_counts_there() -> None:
    transformers = Transformers(Fraction(300, 5), Fraction(10_000, 100))
    quantity = made(primary=False)
    assert quantity.words(Fraction(60_000_000), transformers) == [0, 1000]
    assert quantity.step(Fraction(60_000_000), transformers) == 60_000
    current = made(name="current_l1", unit="A", scale=Fraction(1, 1000), primary=False)
    assert current.words(150.0, transformers) == [0, 2500]


def ones(register: Register) -> list[int]:
    return [1] * register.layout.registers


@pytest.mark.parametrize(
    ("name", "address", "count"),
    [
        ("carlo-gavazzi-em24", 0x68, 1),  # after the table
        ("carlo-gavazzi-em24", 0x66, 4),  # out of it at the end
        ("carlo-gavazzi-em24", 0x3F, 2),  # half of one quantity, half of the next
        ("carlo-gavazzi-em24", 0x28, 1),  # half a quantity
        ("schneider-pm5560", 3052, 2),  # the register list's number, taken for the wire's
        ("schneider-pm5560", 3005, 30),  # over registers that nothing says to exist
    ],
)
def test_a_request_outside_the_instrument_is_refused(name: str, address: int, count: int) -> None:
    loaded = profile(name)
    with pytest.raises(IllegalAddressError):
        loaded.read(loaded.function, address, count, ones)


def test_a_gap_within_a_block_reads_as_nothing() -> None:
    answer = profile("carlo-gavazzi-em24").read(4, 0x3C, 6, ones)
    assert answer == [0, 0, 1, 1, 1, 1]


WITH_IDENTITY = """
schema = 2
name = "test-identity"
model = "T"
[instrument]
wiring = ["3P4W"]
[request]
function = 4
address_base = 1
max_registers = 8
turnaround_ms = 1
jitter_ms = 0
[registers]
default = { type = "uint32", word_order = "low_first", byte_order = "low_first", side = "primary" }
quantity = [
  { name = "active_energy_import", address = 11, unit = "Wh", scale = "1", quantum = "1" },
  { name = "active_power", address = 13, unit = "W", scale = "1", quantum = "1" },
  { name = "frequency", address = 21, unit = "Hz", scale = "1/100", quantum = "1/100" },
]
identity = [
  { name = "serial", address = 101, type = "uint32", function = 3 },
  { name = "ct_ratio", address = 103, type = "uint16", function = 3, scale = "1/10" },
  { name = "model", address = 201, type = "ascii", registers = 2 },
  { name = "firmware", address = 304, block = [302, 5], type = "ascii", registers = 2 },
  { name = "vt_in_use", address = 302, block = [302, 5], type = "uint16" },
]
"""


@pytest.fixture
def identified(tmp_path: Path) -> Profile:
    path = tmp_path / "test-identity.toml"
    path.write_text(WITH_IDENTITY, encoding="utf-8")
    return load_profile(path)


def test_without_blocks_only_adjoining_quantities_share_a_request(identified: Profile) -> None:
    assert identified.read(4, 10, 4, ones) == [1, 1, 1, 1]
    with pytest.raises(IllegalAddressError):
        identified.read(4, 12, 6, ones)
    with pytest.raises(IllegalCountError):
        identified.read(4, 10, 9, ones)


def test_an_identity_register_is_read_by_its_own_function(identified: Profile) -> None:
    assert identified.read(3, 100, 3, ones) == [1, 1, 1]
    assert identified.read(4, 200, 2, ones) == [1, 1]
    for function, address, count in ((4, 100, 2), (3, 10, 2), (3, 100, 1), (4, 200, 1)):
        with pytest.raises(IllegalAddressError):
            identified.read(function, address, count, ones)


def test_what_is_given_only_within_a_block_is_refused_alone(identified: Profile) -> None:
    def words(register: Register) -> list[int]:
        assert isinstance(register, IdentityRegister)
        return register.words(Nameplate("1", "M", (1, 1), (100, 1)))

    assert identified.read(4, 301, 5, words) == [0x0100, 0, 0x2E31, 0x0032, 0]  # low byte first
    for address, count in ((303, 2), (301, 4), (302, 4), (301, 6)):
        with pytest.raises(IllegalAddressError):
            identified.read(4, address, count, words)


def test_a_function_that_reads_nothing_is_illegal(identified: Profile) -> None:
    with pytest.raises(IllegalFunctionError):
        profile("carlo-gavazzi-em24").read(5, 0, 2, ones)
    assert identified.read(3, 102, 1, ones) == [1]


def test_the_orders_of_the_default_hold_for_both_kinds(identified: Profile) -> None:
    assert identified.quantity("active_power").words(0x01020304, DIRECT) == [0x0403, 0x0201]
    serial = identified.identity[0]
    assert serial.layout.number(Fraction(0x01020304)) == [0x0403, 0x0201]
