"""Registers of every type and order against words worked out by hand."""

from fractions import Fraction

import pytest

from simulator.encoding import DoesNotFitError, Layout

REGISTERS = {"16": 1, "32": 2, "64": 4}


def layout(kind: str, *, high_word_first: bool = True, high_byte_first: bool = True) -> Layout:
    return Layout(kind, REGISTERS[kind[-2:]], high_word_first, high_byte_first)


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        ("int16", "-2", [0xFFFE]),
        ("uint16", "65534", [0xFFFE]),
        # -250 000 = 0xFFFC2F70
        ("int32", "-250000", [0xFFFC, 0x2F70]),
        ("uint32", "3000000000", [0xB2D0, 0x5E00]),
        # -1 fills every bit
        ("int64", "-1", [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF]),
        ("uint64", "81985529216486895", [0x0123, 0x4567, 0x89AB, 0xCDEF]),
        # 230.5 = 1.80078125 × 2^7
        ("float32", "230.5", [0x4366, 0x8000]),
        ("float32", "-1500", [0xC4BB, 0x8000]),
        # 0.1 is nearest to 0x3DCCCCCD
        ("float32", "0.1", [0x3DCC, 0xCCCD]),
        # 5000 = 1.220703125 × 2^12
        ("float64", "5000", [0x40B3, 0x8800, 0, 0]),
        ("bcd16", "970", [0x0970]),
        ("bcd32", "12345678", [0x1234, 0x5678]),
        ("bcd64", "26010001", [0, 0, 0x2601, 0x0001]),
    ],
)
def test_a_count_in_each_type(kind: str, count: str, expected: list[int]) -> None:
    assert layout(kind).number(Fraction(count)) == expected


@pytest.mark.parametrize(
    ("high_word_first", "high_byte_first", "expected"),
    [
        (True, True, [0x0123, 0x4567, 0x89AB, 0xCDEF]),
        (False, True, [0xCDEF, 0x89AB, 0x4567, 0x0123]),
        (True, False, [0x2301, 0x6745, 0xAB89, 0xEFCD]),
        (False, False, [0xEFCD, 0xAB89, 0x6745, 0x2301]),
    ],
)
def test_words_and_bytes_in_each_order(
    high_word_first: bool, high_byte_first: bool, expected: list[int]
) -> None:
    ordered = layout("uint64", high_word_first=high_word_first, high_byte_first=high_byte_first)
    assert ordered.number(Fraction(0x0123456789ABCDEF)) == expected
    assert ordered.code("0123456789abcdef") == expected


def test_a_text_reads_in_order_of_address_whatever_the_words() -> None:
    # "SN-42" = 53 4E 2D 34 32, then zero bytes
    expected = [0x534E, 0x2D34, 0x3200, 0x0000]
    for high_word_first in (True, False):
        assert Layout("ascii", 4, high_word_first, True).text("SN-42") == expected
    swapped = [0x4E53, 0x342D, 0x0032, 0x0000]
    assert Layout("ascii", 4, True, False).text("SN-42") == swapped


@pytest.mark.parametrize(
    ("kind", "least", "greatest"),
    [
        ("int16", -32_768, 32_767),
        ("uint16", 0, 65_535),
        ("int32", -(2**31), 2**31 - 1),
        ("uint32", 0, 2**32 - 1),
        ("int64", -(2**63), 2**63 - 1),
        ("uint64", 0, 2**64 - 1),
        ("bcd16", 0, 9_999),
        ("bcd32", 0, 99_999_999),
        ("bcd64", 0, 10**16 - 1),
    ],
)
def test_a_count_beyond_its_type_is_refused(kind: str, least: int, greatest: int) -> None:
    layout(kind).number(Fraction(least))
    layout(kind).number(Fraction(greatest))
    assert layout(kind).greatest == greatest
    for count in (least - 1, greatest + 1):
        with pytest.raises(DoesNotFitError, match=str(greatest)):
            layout(kind).number(Fraction(count))


def test_only_a_float_holds_a_part() -> None:
    with pytest.raises(DoesNotFitError, match="whole"):
        layout("uint32").number(Fraction(1, 2))


@pytest.mark.parametrize("text", ["SN-123456", "№ 42"])
def test_a_text_that_is_too_long_or_no_ascii_is_refused(text: str) -> None:
    with pytest.raises(DoesNotFitError, match="8 characters of ASCII"):
        Layout("ascii", 4, True, True).text(text)


def test_a_float_spaces_itself_by_its_size() -> None:
    assert layout("float32").spacing(Fraction(10**6)) == Fraction(1, 16)
    assert layout("float64").spacing(Fraction(10**6)) == Fraction(1, 2**33)
