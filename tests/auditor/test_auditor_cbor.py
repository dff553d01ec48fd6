"""Encodings judged against RFC 8949 and cbor2, and bytes of every kind that must not break it."""

import json
from contextlib import suppress
from pathlib import Path

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import cbor
from auditor.refusal import Refusal

VECTORS = Path(__file__).parents[1] / "vectors"
GOOD_FRAME = bytes.fromhex(
    json.loads((VECTORS / "signatures.json").read_text("utf-8"))["vectors"][0]["message"]
)


@pytest.mark.parametrize(
    ("encoded", "item"),
    [
        ("00", 0),
        ("17", 23),
        ("1818", 24),
        ("18ff", 255),
        ("190100", 256),
        ("1a00010000", 65536),
        ("1b0000000100000000", 2**32),
        ("1bffffffffffffffff", 2**64 - 1),
        ("20", -1),
        ("3903e7", -1000),
        ("3bffffffffffffffff", -(2**64)),
        ("40", b""),
        ("4401020304", bytes([1, 2, 3, 4])),
        ("6449455446", "IETF"),
        ("62c3bc", "ü"),
        ("80", []),
        ("8301820203820405", [1, [2, 3], [4, 5]]),
        ("a201020304", {1: 2, 3: 4}),
        ("f4", False),
        ("f5", True),
        ("f6", None),
        ("d2820102", cbor.Tag(18, [1, 2])),
        ("f7", cbor.Unnamed(b"\xf7")),
    ],
)
def test_reads(encoded: str, item: cbor.Item) -> None:
    assert cbor.read(bytes.fromhex(encoded)) == item


def test_one_and_true_are_two_keys() -> None:
    read = cbor.read(bytes.fromhex("a2010af50b"))
    assert read == {1: 10, cbor.Unnamed(b"\xf5"): 11}


@pytest.mark.parametrize("encoded", ["1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "5800"])
def test_refuses_longer_than_need_be(encoded: str) -> None:
    argument = bytes.fromhex(encoded)
    with pytest.raises(Refusal, match="not_canonical"):
        cbor.read(argument)


def test_malformed_counts_before_not_canonical() -> None:
    with pytest.raises(Refusal, match="malformed"):
        cbor.read(bytes.fromhex("821800"))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Refusal):
        cbor.read(data)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD_FRAME) - 1), st.integers(1, 255))
def test_a_changed_frame_is_read_or_refused(position: int, change: int) -> None:
    changed = bytearray(GOOD_FRAME)
    changed[position] ^= change
    with suppress(Refusal):
        cbor.read(bytes(changed))


KEYS = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=20) | st.text(max_size=20)
ITEMS = st.recursive(
    KEYS | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


def depth(item: object) -> int:
    if isinstance(item, dict):
        return 1 + max(map(depth, item.values()), default=0)
    return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0


@settings(max_examples=200, deadline=None)
@given(ITEMS.filter(lambda item: depth(item) <= cbor.MAX_LEVELS))
def test_reads_what_cbor2_writes(item: object) -> None:
    assert cbor.read(cbor2.dumps(sorted_maps(item))) == item


def sorted_maps(item: object) -> object:
    if isinstance(item, list):
        return [sorted_maps(element) for element in item]
    if isinstance(item, dict):
        keys = sorted(item, key=cbor2.dumps)
        return {key: sorted_maps(item[key]) for key in keys}
    return item
