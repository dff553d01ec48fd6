"""What was read of an instrument against what the register says of it."""

from fractions import Fraction
from typing import Any

import pytest
from profile_world import profile, words

from collector.model.identity import Comparison, compare
from collector.model.profile import Profile
from collector.registry.profiles import load_profile

CT, VT = Fraction(400), Fraction(100)
ONE = Fraction(1)


def instrument(*names: str, side: str = "primary") -> Profile:
    identity = tuple(
        {"name": name, "address": 900 + place, "type": "uint16"} for place, name in enumerate(names)
    )
    energy = {"name": "active_energy_import", "type": "uint32", "side": side}
    return profile(energy, identity=identity)


def is_ratio(
    read: dict[str, Any], ct: Fraction = CT, vt: Fraction = VT, side: str = "primary"
) -> bool | None:
    """By an instrument that has the registers that are given; None: it was not read."""
    found = {name: Fraction(value) for name, value in read.items() if value is not None}
    return compare(instrument(*read, side=side), found, "4711", ct, vt).is_ratio


CT_SIDES = {"ct_primary": 2000, "ct_secondary": 5}
VT_SIDES = {"vt_primary": 10_000, "vt_secondary": 100}


@pytest.mark.parametrize("side", ["primary", "secondary"])
@pytest.mark.parametrize(
    ("read", "vt", "expected"),
    [
        (CT_SIDES | VT_SIDES, VT, True),
        (CT_SIDES | {"vt_ratio": 100}, VT, True),
        (CT_SIDES | VT_SIDES | {"ct_primary": 2500}, VT, False),
        (CT_SIDES | VT_SIDES | {"vt_primary": 6000}, VT, False),
        (CT_SIDES, ONE, True),
        # of the VT that is there nothing was read
        (CT_SIDES, VT, None),
        (CT_SIDES | {"vt_secondary": 100}, VT, None),
        (CT_SIDES | {"vt_ratio": None}, ONE, None),
        (CT_SIDES | {"ct_primary": 2500}, VT, False),
        (VT_SIDES, VT, None),
        ({}, VT, None),
        ({}, ONE, None),
        # the instrument does not use what it was told of its VT
        (CT_SIDES | VT_SIDES | {"vt_in_use": 1}, VT, True),
        (CT_SIDES | VT_SIDES | {"vt_in_use": 0}, VT, False),
        (CT_SIDES | VT_SIDES | {"vt_in_use": 0}, ONE, True),
        (CT_SIDES | {"vt_in_use": 0}, ONE, True),
        (CT_SIDES | {"vt_in_use": 1}, ONE, None),
        (CT_SIDES | VT_SIDES | {"vt_in_use": 1}, ONE, False),
    ],
)
def test_ratios_agree_when_all_that_matter_were_read(
    read: dict[str, Any], vt: Fraction, side: str, *, expected: bool | None
) -> None:
    assert is_ratio(read, vt=vt, side=side) is expected


def test_an_instrument_without_registers_says_nothing() -> None:
    found = compare(instrument(), {}, "4711", ONE, ONE)
    assert found == Comparison(is_serial=None, is_ratio=None)


BLOCK = {
    "name": "serial",
    "address": 64012,
    "block": [64001, 27],
    "type": "ascii",
    "registers": 8,
}


def test_a_register_within_a_block_is_asked_for_with_the_block() -> None:
    found = profile({"type": "uint32"}, identity=(BLOCK,))
    [serial] = found.identity
    assert (serial.request, serial.address, serial.registers) == ((64000, 27), 64011, 8)
    raw = words(42, 1, "high_first") + b"7KM2112-0BA00-3AA0  " + b"LQN/130504711\0\0\0"
    raw += bytes(54 - len(raw))
    assert found.decode_identity(raw, None) == {"serial": "LQN/130504711"}


@pytest.mark.parametrize(
    ("name", "read", "expected"),
    [
        ("schneider-pm750", CT_SIDES | {"vt_secondary": 100, "vt_in_use": 1}, None),
        ("schneider-pm750", CT_SIDES | {"vt_secondary": 100, "vt_in_use": 0}, False),
        ("siemens-pac3200", CT_SIDES | VT_SIDES | {"vt_in_use": 0}, False),
        ("siemens-pac3200", CT_SIDES | VT_SIDES | {"vt_in_use": 1}, True),
        ("chint-dtsu666", {"ct_ratio": 400, "vt_ratio": 100}, True),
        ("chint-dtsu666", {"ct_ratio": 500, "vt_ratio": 100}, False),
    ],
)
def test_what_instruments_tell_of_their_transformers(
    name: str, read: dict[str, Any], *, expected: bool | None
) -> None:
    found = compare(load_profile(name), {key: Fraction(read[key]) for key in read}, "1", CT, VT)
    assert found.is_ratio is expected
    assert set(read) <= {entry.name for entry in load_profile(name).identity}
