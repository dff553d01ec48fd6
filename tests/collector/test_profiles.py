"""Profiles decode what an instrument sends, by an encoder that shares nothing with them."""

import math
import struct
from fractions import Fraction

import pytest

from collector.model.profile import Profile, ReadingError

ONE, CT, VT = Fraction(1), Fraction(400, 5), Fraction(6000, 100)

INT16 = {"int16": (-2, b"\xff\xfe"), "uint16": (65534, b"\xff\xfe")}
WIDE = {
    "int32": (-123_456_789, 4),
    "uint32": (4_000_000_001, 4),
    "int64": (-9_000_000_000_000_000_001, 8),
    "uint64": (18_000_000_000_000_000_001, 8),
}


def profile(
    *types: tuple[str, str],
    scale: str = "1",
    side: str = "primary",
    unit: str = "Wh",
    quantum: str = "1",
) -> Profile:
    """A profile of one quantity for each (type, word order)."""
    head = """
schema = 1
name = "test"
vendor = "v"
model = "m"
status = "confirmed"
[request]
function = 3
address_base = 1
max_registers = 125
timeout_ms = 300
gap_ms = 10
"""
    quantities = [
        f"""
[[quantity]]
name = "q{number}"
address = {100 + 4 * number}
type = "{kind}"
word_order = "{order}"
unit = "{unit}"
scale = "{scale}"
side = "{side}"
interval = {"true" if number % 2 == 0 else "false"}
quantum = "{quantum}"
"""
        for number, (kind, order) in enumerate(types)
    ]
    return Profile.parse((head + "".join(quantities)).encode())


def words(number: int, size: int, order: str) -> bytes:
    """Registers by shifting, high byte first within each."""
    high_first = [(number >> 16 * place) & 0xFFFF for place in reversed(range(size // 2))]
    ordered = high_first if order == "high_first" else high_first[::-1]
    return b"".join(bytes([word >> 8, word & 0xFF]) for word in ordered)


def only(found: Profile, raw: bytes, ct: Fraction = ONE, vt: Fraction = ONE) -> Fraction | None:
    values = found.decode(raw, None, interval=False, ct=ct, vt=vt)
    return values["q0"].value if values else None


@pytest.mark.parametrize("kind", WIDE)
@pytest.mark.parametrize("order", ["high_first", "low_first"])
def test_integers_in_either_word_order(kind: str, order: str) -> None:
    number, size = WIDE[kind]
    raw = words(number % 2 ** (8 * size), size, order)
    assert only(profile((kind, order)), raw) == number


@pytest.mark.parametrize("kind", INT16)
def test_a_single_register(kind: str) -> None:
    number, raw = INT16[kind]
    assert only(profile((kind, "high_first")), raw) == number
    assert only(profile((kind, "low_first")), raw) == number


@pytest.mark.parametrize("scale", ["1", "100", "1/10", "1/3"])
def test_the_scale_is_exact(scale: str) -> None:
    found = profile(("uint32", "high_first"), scale=scale)
    assert only(found, words(7, 4, "high_first")) == 7 * Fraction(scale)


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
def test_ratios_are_applied_once_and_only_to_secondary_values(unit: str, factor: Fraction) -> None:
    raw = words(10, 4, "high_first")
    primary = profile(("uint32", "high_first"), unit=unit)
    secondary = profile(("uint32", "high_first"), unit=unit, side="secondary")
    assert only(primary, raw, CT, VT) == 10
    assert only(secondary, raw, CT, VT) == 10 * factor


@pytest.mark.parametrize(
    ("value", "step"),
    [
        (1000.0, Fraction(1)),  # finer than the quantum: the quantum is the step
        (16_384_000.0, Fraction(1)),
        (33_554_432.0, Fraction(4)),  # 2^25: floats are 4 apart
        (1e9, Fraction(64)),
    ],
)
@pytest.mark.parametrize("order", ["high_first", "low_first"])
def test_a_float_steps_by_no_less_than_its_spacing(
    value: float, step: Fraction, order: str
) -> None:
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    raw = words(bits, 4, order)
    quantity = profile(("float32", order)).decode(raw, None, interval=False, ct=ONE, vt=ONE)["q0"]
    assert (quantity.quantum, quantity.value) == (step, Fraction(value))
    assert quantity.count * step == Fraction(value)


def test_a_float_in_kilowatt_hours() -> None:
    """62.5 Wh apart at 1 GWh, as hardware/meters/README.md says."""
    (bits,) = struct.unpack("<I", struct.pack("<f", 1_000_000.0))
    found = profile(("float32", "high_first"), scale="1000", quantum="1")
    quantity = found.decode(words(bits, 4, "high_first"), None, interval=False, ct=ONE, vt=ONE)
    assert quantity["q0"].quantum == Fraction("62.5")
    assert quantity["q0"].value == 10**9


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_float_that_is_no_number_is_no_value(value: float) -> None:
    (bits,) = struct.unpack("<I", struct.pack("<f", value))
    assert only(profile(("float32", "high_first")), words(bits, 4, "high_first")) is None


THREE = profile(("uint32", "high_first"), ("uint32", "high_first"), ("uint32", "high_first"))


def parts(*numbers: int) -> bytes:
    return b"".join(words(number, 4, "high_first") for number in numbers)


@pytest.mark.parametrize(
    ("quality", "raw", "expected"),
    [
        (None, parts(1, 2, 3), {"q0": 1, "q1": 2, "q2": 3}),
        (bytes([0, 0, 0]), parts(1, 2, 3), {"q0": 1, "q1": 2, "q2": 3}),
        (bytes([0, 1, 0]), parts(1, 2, 3), {"q0": 1, "q2": 3}),  # stale: bytes but no value
        (bytes([4, 0, 4]), parts(1, 2, 3), {"q1": 2}),
        (bytes([2, 0, 0]), parts(2, 3), {"q1": 2, "q2": 3}),  # no answer: no bytes
        (bytes([0, 3, 0]), parts(1, 3), {"q0": 1, "q2": 3}),
        (bytes([2, 3, 2]), b"", {}),
    ],
)
def test_only_good_values_are_values(
    quality: bytes | None, raw: bytes, expected: dict[str, int]
) -> None:
    values = THREE.decode(raw, quality, interval=False, ct=ONE, vt=ONE)
    assert {name: quantity.value for name, quantity in values.items()} == expected


def test_an_interval_holds_only_its_own_quantities() -> None:
    values = THREE.decode(parts(7, 9), None, interval=True, ct=ONE, vt=ONE)
    assert {name: quantity.value for name, quantity in values.items()} == {"q0": 7, "q2": 9}


@pytest.mark.parametrize(
    ("quality", "raw"),
    [
        (None, parts(1, 2)),
        (None, parts(1, 2, 3, 4)),
        (None, parts(1, 2, 3)[:-1]),
        (bytes(2), parts(1, 2)),
        (bytes(4), parts(1, 2, 3, 4)),
        (bytes([2, 0, 0]), parts(1, 2, 3)),
        (b"", parts(1, 2, 3)[:0]),
    ],
)
def test_bytes_that_do_not_fit_are_no_reading(quality: bytes | None, raw: bytes) -> None:
    with pytest.raises(ReadingError):
        THREE.decode(raw, quality, interval=False, ct=ONE, vt=ONE)


def test_addresses_are_those_on_the_wire() -> None:
    assert [entry.address for entry in THREE.registers] == [99, 103, 107]
