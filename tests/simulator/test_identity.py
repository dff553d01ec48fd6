"""What an instrument says of itself, and which serials and ratios it can hold."""

from fractions import Fraction

import pytest

from simulator.encoding import DoesNotFitError, Layout
from simulator.identity import IdentityRegister, Nameplate

PLATE = Nameplate("26010001", "PM5560 with a name that is long", (2500, 5), (10_000, 100))
SIZES = {"uint16": 1, "uint32": 2, "float32": 2, "bcd64": 4, "ascii": 6}


def register(name: str, kind: str, scale: str = "1") -> IdentityRegister:
    return IdentityRegister(name, 0, Layout(kind, SIZES[kind], True, True), 3, Fraction(scale))


@pytest.mark.parametrize(
    ("name", "kind", "scale", "expected"),
    [
        # 26 010 001 = 0x018CE191
        ("serial", "uint32", "1", [0x018C, 0xE191]),
        ("serial", "bcd64", "1", [0, 0, 0x2601, 0x0001]),
        ("serial", "ascii", "1", [0x3236, 0x3031, 0x3030, 0x3031, 0, 0]),
        # "PM5560 with " is what fits
        ("model", "ascii", "1", [0x504D, 0x3535, 0x3630, 0x2077, 0x6974, 0x6820]),
        ("ct_primary", "uint16", "1", [2500]),
        ("ct_secondary", "uint16", "1", [5]),
        ("ct_ratio", "uint16", "1/10", [5000]),
        ("ct_ratio", "float32", "1", [0x43FA, 0x0000]),
        ("vt_primary", "uint32", "10", [0, 1000]),
        ("vt_secondary", "uint16", "1/10", [1000]),
        ("vt_ratio", "uint16", "1", [100]),
        ("vt_in_use", "uint32", "1", [0, 1]),
    ],
)
def test_words_worked_out_by_hand(name: str, kind: str, scale: str, expected: list[int]) -> None:
    assert register(name, kind, scale).words(PLATE) == expected


def test_without_a_voltage_transformer_none_is_in_use() -> None:
    plate = Nameplate("1", "M", (1, 1), (400, 400))
    assert register("vt_in_use", "uint16").words(plate) == [0]


def test_model_and_firmware_are_there_in_every_type() -> None:
    for name in ("model", "firmware"):
        for kind in SIZES:
            assert any(register(name, kind).words(PLATE))


@pytest.mark.parametrize(
    ("kind", "serial", "words"),
    [
        ("uint32", "A-0", ["'A-0'", "whole number from 1 to 4294967295"]),
        ("uint32", "4294967296", ["4294967296", "whole number from 1 to 4294967295"]),
        ("uint32", "0012", ["'0012'", "without leading zeros"]),
        ("bcd64", "٤٢", ["whole number from 1 to 9999999999999999"]),
        ("float32", "26010001", ["whole number from 1 to 16777216"]),
        ("ascii", "SN-0123456789", ["at most 12 ASCII characters", "'SN-0123456789'"]),
    ],
)
def test_a_serial_that_the_instrument_cannot_hold_is_explained(
    kind: str, serial: str, words: list[str]
) -> None:
    with pytest.raises(DoesNotFitError) as caught:
        register("serial", kind).words(Nameplate(serial, "M", (1, 1), (1, 1)))
    assert all(word in str(caught.value) for word in ["serial", *words]), caught.value


def test_a_ratio_that_the_instrument_cannot_be_set_to_is_explained() -> None:
    plate = Nameplate("1", "M", (100, 3), (1, 1))
    with pytest.raises(DoesNotFitError, match=r"ct_ratio.*100/3.*uint16"):
        register("ct_ratio", "uint16").words(plate)
