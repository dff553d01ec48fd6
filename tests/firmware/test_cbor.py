"""Deterministic CBOR in MicroPython, judged by cbor2."""

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Ask = Callable[..., Any]

FEW = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))

integers = st.integers(-(2**64), 2**64 - 1) | st.integers(-300, 300)
keys = integers | st.binary(max_size=30) | st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | integers | st.binary(max_size=300) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(keys, inner, max_size=30),
    max_leaves=30,
)


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("encoding").ask
    return asking


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def deterministic(value: Any) -> Any:
    """With the keys of maps in RFC 8949's order: cbor2's own is that of RFC 7049."""
    if isinstance(value, dict):
        return {key: deterministic(value[key]) for key in sorted(value, key=cbor2.dumps)}
    if isinstance(value, list):
        return [deterministic(item) for item in value]
    return value


@FEW
@given(value=values.filter(lambda value: depth(value) <= 8))
def test_encodes_and_decodes_as_cbor2_does(ask: Ask, value: Any) -> None:
    expected = cbor2.dumps(deterministic(value)).hex()
    assert ask("encode", ascii(value)) == expected
    assert ask("read", expected) == expected


@FEW
@given(data=st.binary(max_size=40) | values.map(cbor2.dumps))
def test_accepts_only_what_encodes_to_itself(ask: Ask, data: bytes) -> None:
    assert ask("read", data.hex()) in (data.hex(), "malformed", "not canonical")


@FEW
@given(value=values, place=st.integers(0), change=st.integers(1, 255))
def test_a_changed_byte_is_refused_or_another_value(
    ask: Ask, value: Any, place: int, change: int
) -> None:
    data = bytearray(cbor2.dumps(deterministic(value)))
    data[place % len(data)] ^= change
    assert ask("read", data.hex()) in (data.hex(), "malformed", "not canonical")


@FEW
@given(text=st.binary(max_size=6) | st.text(max_size=6).map(str.encode))
def test_text_is_what_is_utf_8(ask: Ask, text: bytes) -> None:
    data = cbor2.dumps(text)
    data = bytes([data[0] | 0x20]) + data[1:]  # the same bytes, as text
    try:
        text.decode()
    except UnicodeDecodeError:
        assert ask("well_formed", data.hex()) is None
    else:
        assert ask("well_formed", data.hex()) is True


@pytest.mark.parametrize(
    ("data", "canonical"),
    [
        ("00", True),
        ("1800", False),  # 0 in two bytes
        ("190017", False),
        ("1bffffffffffffffff", True),
        ("3bffffffffffffffff", True),  # -2^64
        ("a201020103", False),  # key 1 twice
        ("a203000100", False),  # keys out of order
        ("a2206100617a00", True),  # -1 before "z": by the bytes of the encoding
        ("9fff", False),  # indefinite lengths
        ("bf0102ff", False),
        ("5f4101420203ff", False),
        ("7f6161ff", False),
        ("f93c00", False),  # floats
        ("fb3ff8000000000000", False),
        ("f7", True),  # undefined: for the grammar to refuse
        ("c11a514b67b0", True),  # another tag, likewise
        ("a1f600", True),  # a key that no message has
        ("8181818181818180", True),  # 8 levels
        ("818181818181818180", None),
        ("d281818181818180", True),
        ("d28181818181818180", None),  # a tag is a level too
        ("", None),
        ("0000", None),  # a byte follows
        ("1c", None),  # reserved
        ("1f", None),
        ("df00", None),
        ("f81f", None),  # simple value in two bytes that has one
        ("ff", None),
        ("81ff", None),
        ("5f6161ff", None),  # text among bytes
        ("5f5f4101ffff", None),
        ("5f4101", None),
        ("a101", None),
        ("bf01ff", None),  # a key without value
        ("62c328", None),  # not UTF-8
        ("62c080", None),  # an overlong zero
        ("63eda080", None),  # a surrogate
        ("64f4908080", None),  # beyond U+10FFFF
        ("5bffffffffffffffff", None),  # longer than anything
        ("9bffffffffffffffff", None),
        ("9a00010000" + "00" * 10, None),
    ],
)
def test_well_formed_and_canonical(ask: Ask, data: str, canonical: bool | None) -> None:
    assert ask("well_formed", data) is canonical


def test_more_items_than_memory_holds_is_malformed(ask: Ask) -> None:
    assert ask("empty_arrays", 4000) == "malformed"
    assert ask("empty_arrays", 30) == "981e" + "80" * 30


@pytest.mark.parametrize("literal", ["2**64", "-2**64-1", "1.5", "{1: {2, 3}}"])
def test_nothing_else_is_encoded(ask: Ask, literal: str) -> None:
    assert ask("encode", literal) is None
