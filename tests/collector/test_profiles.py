"""Profiles decode numbers as an instrument sends them: exactly, in any order, or not at all."""

import math
import struct
from fractions import Fraction

import pytest
from profile_world import CT, ONE, ORDERS, REGISTERS, VT, bits, only, profile, read, words

from collector.model.energy import Quantity


def test_the_encoder_here_agrees_with_others() -> None:
    for value in (1.0, -0.1, 16_777_216.0, 3.0e-5):
        single = struct.unpack("<f", struct.pack("<f", value))[0]
        assert bits(single) == struct.unpack("<I", struct.pack("<f", value))[0]
        assert bits(value, "float64") == struct.unpack("<Q", struct.pack("<d", value))[0]


NUMBERS = {
    "int16": [-2, 32767, -32768],
    "uint16": [65534, 0],
    "int32": [-123_456_789, 2**31 - 1],
    "uint32": [4_000_000_001],
    "int64": [-9_000_000_000_000_000_001, 2**63 - 1],
    "uint64": [18_000_000_000_000_000_001],
}


@pytest.mark.parametrize("byte_order", ORDERS)
@pytest.mark.parametrize("word_order", ORDERS)
@pytest.mark.parametrize(
    ("kind", "number"), [(kind, number) for kind, all_ in NUMBERS.items() for number in all_]
)
def test_integers_in_every_order(kind: str, number: int, word_order: str, byte_order: str) -> None:
    registers = REGISTERS[kind[-2:]]
    found = profile({"type": kind, "word_order": word_order, "byte_order": byte_order})
    raw = words(number % (1 << 16 * registers), registers, word_order, byte_order)
    assert read(found, raw) == {"q0": Quantity(number, ONE)}


@pytest.mark.parametrize("byte_order", ORDERS)
@pytest.mark.parametrize("word_order", ORDERS)
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_floats_in_every_order(kind: str, word_order: str, byte_order: str) -> None:
    found = profile({"type": kind, "word_order": word_order, "byte_order": byte_order})
    raw = words(bits(-1_234_567.0, kind), REGISTERS[kind[-2:]], word_order, byte_order)
    assert only(found, raw) == -1_234_567


@pytest.mark.parametrize("byte_order", ORDERS)
@pytest.mark.parametrize("word_order", ORDERS)
@pytest.mark.parametrize(
    ("kind", "digits"),
    [("bcd16", "9870"), ("bcd32", "12345678"), ("bcd64", "0099123456780001")],
)
def test_bcd_in_every_order(kind: str, digits: str, word_order: str, byte_order: str) -> None:
    found = profile({"type": kind, "word_order": word_order, "byte_order": byte_order})
    raw = words(int(digits, 16), REGISTERS[kind[-2:]], word_order, byte_order)
    assert read(found, raw) == {"q0": Quantity(int(digits), ONE)}


@pytest.mark.parametrize("digits", ["123a", "f000", "0c00", "ffff"])
def test_what_is_no_decimal_digit_is_no_value(digits: str) -> None:
    assert only(profile({"type": "bcd16"}), bytes.fromhex(digits)) is None


@pytest.mark.parametrize("scale", ["1", "100", "1/10", "1/3"])
def test_the_scale_is_exact(scale: str) -> None:
    found = profile({"type": "uint32", "scale": scale})
    assert only(found, words(7, 2, "high_first")) == 7 * Fraction(scale)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("Wh", CT * VT),
        ("varh", CT * VT),
        ("W", CT * VT),
        ("VA", CT * VT),
        ("A", CT),
        ("V", VT),
        ("Hz", ONE),
        ("1", ONE),
    ],
)
@pytest.mark.parametrize("kind", ["uint32", "float32", "bcd32"])
def test_ratios_are_applied_once_and_only_to_secondary_values(
    kind: str, unit: str, factor: Fraction
) -> None:
    raw = words({"uint32": 10, "bcd32": 0x10}.get(kind, bits(10.0)), 2, "high_first")
    primary = profile({"type": kind, "unit": unit})
    secondary = profile({"type": kind, "unit": unit, "side": "secondary"})
    assert only(primary, raw, CT, VT) == 10
    assert only(secondary, raw, CT, VT) == 10 * factor


def test_a_secondary_count_at_medium_voltage_is_a_coarse_primary_step() -> None:
    """0.01 kWh behind 2000/5 A and 10 000/100 V: a count is 400 kWh."""
    found = profile({"type": "uint32", "scale": "10", "quantum": "10", "side": "secondary"})
    ct, vt = Fraction(2000, 5), Fraction(10_000, 100)
    values = read(found, words(3, 2, "high_first"), ct, vt)
    assert values == {"q0": Quantity(3, Fraction(400_000))}


def test_an_instrument_that_applies_the_ratios_keeps_its_own_step_there() -> None:
    found = profile({"type": "uint32", "scale": "10", "quantum": "10"})
    values = read(found, words(3, 2, "high_first"), Fraction(400), Fraction(100))
    assert values == {"q0": Quantity(3, Fraction(10))}


@pytest.mark.parametrize(
    ("value", "step"),
    [
        (1000.0, Fraction(1)),  # finer than the quantum: the quantum is the step
        (16_384_000.0, Fraction(1)),
        (33_554_432.0, Fraction(4)),  # 2^25: floats are 4 apart
        (1e9, Fraction(64)),
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_a_float_steps_by_no_less_than_its_spacing(
    value: float, step: Fraction, order: str
) -> None:
    found = profile({"type": "float32", "word_order": order})
    quantity = read(found, words(bits(value), 2, order))["q0"]
    assert (quantity.quantum, quantity.value) == (step, Fraction(value))
    assert quantity.count * step == Fraction(value)


@pytest.mark.parametrize(
    ("energy_kwh", "step_wh"),
    [
        (16_000.0, Fraction(1)),
        (1_000_000.0, Fraction("62.5")),
        (8_388_607.0, Fraction(500)),
        (8_388_608.0, Fraction(1000)),  # 8.4 GWh
        (9_000_001.0, Fraction(1000)),
    ],
)
def test_a_float_of_kilowatt_hours_steps_as_the_readme_says(
    energy_kwh: float, step_wh: Fraction
) -> None:
    found = profile({"type": "float32", "scale": "1000"})
    quantity = read(found, words(bits(energy_kwh), 2, "high_first"))["q0"]
    assert quantity == Quantity(int(energy_kwh * 1000 / step_wh), step_wh)


def test_a_secondary_float_steps_at_the_primary() -> None:
    found = profile({"type": "float32", "scale": "1000", "side": "secondary"})
    quantity = read(found, words(bits(1_000_000.0), 2, "high_first"), Fraction(400), Fraction(100))
    assert quantity["q0"] == Quantity(16_000_000, Fraction(2_500_000))


def test_a_double_has_steps_of_its_own() -> None:
    found = profile({"type": "float64"})
    fine = read(found, words(bits(1e12 + 0.4, "float64"), 4, "high_first"))["q0"]
    coarse = read(found, words(bits(2.0**54, "float64"), 4, "high_first"))["q0"]
    assert fine == Quantity(10**12, ONE)
    assert coarse == Quantity(2**52, Fraction(4))


def test_a_denormal_float_is_nearly_nothing() -> None:
    assert only(profile({"type": "float32"}), words(1, 2, "high_first")) == 0
    assert only(profile({"type": "float32"}), words(1 << 31, 2, "high_first")) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_a_float_that_is_no_number_is_no_value(kind: str, value: float) -> None:
    raw = words(bits(value, kind), REGISTERS[kind[-2:]], "high_first")
    assert only(profile({"type": kind}), raw) is None


@pytest.mark.parametrize("order", ORDERS)
def test_a_count_that_means_no_value_is_none_in_any_order(order: str) -> None:
    found = profile(
        {"type": "int32", "word_order": order, "byte_order": order, "no_value": ["7fff0001"]}
    )
    assert only(found, words(0x7FFF0001, 2, order, order)) is None
    assert only(found, words(0x7FFF0002, 2, order, order)) == 0x7FFF0002
