"""Profiles decode readings and identities: exponents, qualities, texts."""

import struct
from fractions import Fraction
from typing import Any

import pytest
from profile_world import (
    CT,
    DOUBTFUL,
    EXCEPTION,
    GOOD,
    HEAD,
    NO_ANSWER,
    ONE,
    OUT_OF_RANGE,
    STALE,
    VT,
    bits,
    only,
    profile,
    read,
    words,
)

from collector.model.energy import Quantity
from collector.model.profile import Profile, ReadingError


def scaled(kind: str = "uint16", **fields: Any) -> Profile:
    exponent = {"name": "exponent_1", "type": "int16", "unit": "1", "interval": True}
    return profile({"type": kind, "exponent": "exponent_1", **fields}, exponent)


@pytest.mark.parametrize(("power", "step"), [(3, 1000), (0, 1), (-2, Fraction(1, 100))])
def test_an_exponent_multiplies_the_scale(power: int, step: Fraction) -> None:
    raw = words(12, 1, "high_first") + words(power % 65536, 1, "high_first")
    found = scaled(scale="5", quantum="5")
    assert read(found, raw) == {"q0": Quantity(12, 5 * Fraction(step))}
    assert found.decode(raw, None, interval=True, ct=ONE, vt=ONE) == read(found, raw)


def test_an_exponent_widens_the_step_of_a_float() -> None:
    raw = words(bits(1e9), 2, "high_first") + words(3, 1, "high_first")
    assert read(scaled("float32"), raw) == {"q0": Quantity(10**9 // 64, Fraction(64_000))}


def test_an_exponent_comes_before_the_ratio() -> None:
    raw = words(12, 1, "high_first") + words(2, 1, "high_first")
    assert only(scaled(side="secondary"), raw, CT, VT) == 1200 * CT * VT


@pytest.mark.parametrize("exponent", [11, -11 % 65536, 0x8000, 0x7FFF])
def test_an_exponent_beyond_reason_is_none(exponent: int) -> None:
    assert read(scaled(), words(1, 1, "high_first") + words(exponent, 1, "high_first")) == {}


@pytest.mark.parametrize("code", [STALE, OUT_OF_RANGE, DOUBTFUL, NO_ANSWER, EXCEPTION])
def test_without_a_good_exponent_there_is_no_value(code: int) -> None:
    raw = words(12, 1, "high_first")
    if code not in (NO_ANSWER, EXCEPTION):
        raw += words(0, 1, "high_first")
    assert read(scaled(), raw, quality=bytes([GOOD, code])) == {}


def test_an_exponent_says_itself_when_it_has_no_value() -> None:
    exponent = {"name": "exponent_1", "type": "int16", "unit": "1", "no_value": ["0003"]}
    found = profile({"type": "uint16", "exponent": "exponent_1"}, exponent)
    assert read(found, words(12, 1, "high_first") + words(3, 1, "high_first")) == {}


THREE = profile({"type": "uint32"}, {"type": "uint32"}, {"type": "uint32"})


def parts(*numbers: int) -> bytes:
    return b"".join(words(number, 2, "high_first") for number in numbers)


@pytest.mark.parametrize(
    ("quality", "raw", "expected"),
    [
        (None, parts(1, 2, 3), {"q0": 1, "q1": 2, "q2": 3}),
        (bytes([GOOD, GOOD, GOOD]), parts(1, 2, 3), {"q0": 1, "q1": 2, "q2": 3}),
        (bytes([GOOD, STALE, GOOD]), parts(1, 2, 3), {"q0": 1, "q2": 3}),  # bytes, but no value
        (bytes([DOUBTFUL, GOOD, GOOD]), parts(1, 2, 3), {"q1": 2, "q2": 3}),
        (bytes([OUT_OF_RANGE, GOOD, OUT_OF_RANGE]), parts(1, 2, 3), {"q1": 2}),
        (bytes([NO_ANSWER, GOOD, GOOD]), parts(2, 3), {"q1": 2, "q2": 3}),
        (bytes([GOOD, EXCEPTION, GOOD]), parts(1, 3), {"q0": 1, "q2": 3}),
        (bytes([NO_ANSWER, EXCEPTION, NO_ANSWER]), b"", {}),
    ],
)
def test_only_good_values_are_values(
    quality: bytes | None, raw: bytes, expected: dict[str, int]
) -> None:
    values = read(THREE, raw, quality=quality)
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
        read(THREE, raw, quality=quality)


def test_addresses_are_those_on_the_wire() -> None:
    found = profile(
        {"type": "uint32"}, {"type": "uint16"}, request="readable = [[100, 110], [120, 120]]"
    )
    assert [each.address for each in found.registers] == [99, 103]
    assert found.readable == (range(99, 110), range(119, 120))


def test_defaults_are_what_an_entry_does_not_say() -> None:
    default = (
        '{ type = "int32", word_order = "low_first", byte_order = "low_first", side = "secondary" }'
    )
    serial = {"name": "serial", "address": 3, "type": "uint32"}
    found = profile({}, {"type": "uint16", "side": "primary"}, identity=(serial,), default=default)
    first, second = found.registers
    assert (first.type, first.secondary, first.layout.low_word_first) == ("int32", True, True)
    assert (second.type, second.secondary, second.layout.low_byte_first) == ("uint16", False, True)
    assert found.identity[0].layout.type == "uint32"
    assert found.identity[0].layout.low_word_first
    assert found.identity[0].layout.low_byte_first


IDENTITY = (
    {"name": "serial", "address": 1, "type": "uint32", "word_order": "low_first"},
    {"name": "model", "address": 3, "type": "ascii", "registers": 3, "function": 4},
    {"name": "ct_ratio", "address": 6, "type": "uint16", "scale": "1/10"},
)


def test_identity_is_text_and_exact_ratios() -> None:
    found = profile({"type": "uint32"}, identity=IDENTITY)
    raw = words(4_000_123_456, 2, "low_first") + b" EM24\0" + words(805, 1, "high_first")
    assert found.decode_identity(raw, None) == {
        "serial": "4000123456",
        "model": "EM24",
        "ct_ratio": Fraction(161, 2),
    }
    assert [each.function for each in found.identity] == [3, 4, 3]


def test_identity_that_was_not_read_is_missing() -> None:
    found = profile({"type": "uint32"}, identity=IDENTITY)
    raw = words(7, 2, "low_first") + b"EM24\0\0"
    assert found.decode_identity(raw, bytes([DOUBTFUL, GOOD, NO_ANSWER])) == {"model": "EM24"}
    with pytest.raises(ReadingError):
        found.decode_identity(raw, None)


@pytest.mark.parametrize(
    ("kind", "byte_order", "raw", "expected"),
    [
        ("ascii", "high_first", b"A1 B2 C3", "A1 B2 C3"),
        ("ascii", "low_first", b"1A2B3C\0D", "A1B2C3D"),
        ("ascii", "high_first", b"\0B\0A\0 7\0", "BA 7"),  # as an EM340 may give its serial
        ("ascii", "high_first", b"\0\0\0\0    ", None),
        ("ascii", "high_first", b"AB\0\x17XYZW", None),
        ("ascii", "high_first", b"\xff" * 8, None),
        ("bcd64", "high_first", bytes.fromhex("0000000012345678"), "12345678"),
        ("bcd64", "high_first", b"\xff" * 8, None),
        ("float64", "high_first", struct.pack(">d", 1.25), "1.25"),
    ],
)
def test_texts(kind: str, byte_order: str, raw: bytes, expected: str | None) -> None:
    """Text stands in the order of its registers, whatever the numbers do."""
    firmware = {"name": "firmware", "address": 1, "type": kind, "byte_order": byte_order}
    if kind == "ascii":
        firmware |= {"registers": 4, "word_order": "low_first"}
    found = profile({"type": "uint32"}, identity=(firmware,))
    assert found.decode_identity(raw, None) == ({} if expected is None else {"firmware": expected})


def test_a_profile_says_what_the_instrument_is() -> None:
    found = profile({"type": "uint32", "obis": "1-0:1.8.0", "modulus": 100})
    assert found.instrument.wiring == ("3P3W", "3P4W")
    assert found.instrument.frequency_accuracy_mhz is None
    assert found.transport.bits_per_character == 11
    assert (found.turnaround_ms, found.jitter_ms, found.readable) == (20, 5, None)
    assert (found.confirmed, found.unconfirmed) == (True, None)
    assert (found.registers[0].obis, found.registers[0].modulus) == ("1-0:1.8.0", 100)


def test_a_profile_of_another_schema_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 1"):
        Profile.parse(HEAD.replace("schema = 2", "schema = 1").encode())
