"""Samples read fast say exactly what the exact way says, of every instrument."""

import struct
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.model import samples
from collector.model.decoding import Register
from collector.model.energy import IMPORT
from collector.model.profile import Profile, ReadingError
from collector.model.profile_files import profile_names
from collector.model.samples import SampleReader
from collector.registry.profiles import load_profile

NAMES = profile_names()
RATIOS = [((1, 1), Fraction(1)), ((300, 5), Fraction(10_000, 100)), ((2500, 5), Fraction(1))]
_FLOATS = {"float32": ">f", "float64": ">d"}


@st.composite
def bytes_of(draw: st.DrawFn, register: Register) -> bytes:
    """Of a register: what a grid looks like, what is odd, and what is anything at all."""
    size = register.layout.size
    kind = draw(st.sampled_from(("likely", "likely", "likely", "any", "none", "half")))
    if kind == "none" and register.no_value:
        return register.layout.ordered(draw(st.sampled_from(sorted(register.no_value))))
    if kind in ("any", "none") or register.type.startswith("bcd"):
        return draw(st.binary(min_size=size, max_size=size))
    value = draw(st.floats(-50, 2000))
    steps = round(value / float(register.quantum)) + (Fraction(1, 2) if kind == "half" else 0)
    number = steps * register.quantum / register.scale
    if register.type in _FLOATS:
        raw = struct.pack(_FLOATS[register.type], float(number))
    else:
        low = -(1 << 8 * size - 1) if register.type.startswith("int") else 0
        whole = min(max(int(number), low), (1 << 8 * size - 1) - 1)
        raw = whole.to_bytes(size, signed=register.type.startswith("int"))
    return register.layout.ordered(raw)  # its own inverse


@st.composite
def readings(draw: st.DrawFn, profile: Profile) -> tuple[bytes, bytes | None]:
    quality = draw(
        st.none() | st.binary(min_size=len(profile.registers), max_size=len(profile.registers))
    )
    if quality is not None:
        quality = bytes(code % 6 if code > 200 else 0 for code in quality)
    codes = bytes(len(profile.registers)) if quality is None else quality
    parts = [
        b"" if code in (2, 3) else draw(bytes_of(register))
        for register, code in zip(profile.registers, codes, strict=True)
    ]
    return b"".join(parts), quality


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_both_ways_say_the_same(name: str, data: st.DataObject) -> None:
    profile = load_profile(name)
    ct, vt = data.draw(st.sampled_from(RATIOS))
    raw, quality = data.draw(readings(profile))
    reader = SampleReader(profile, ct, vt)
    fast, exact = reader.read(raw, quality), reader.read_exactly(raw, quality)
    assert fast == exact
    assert {name: repr(value) for name, value in fast.values.items()} == {
        name: repr(value) for name, value in exact.values.items()
    }


def test_what_a_grid_looks_like_is_read_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = load_profile("schneider-pm5560")
    reader = SampleReader(profile, (300, 5), Fraction(100))
    monkeypatch.setattr(reader, "read_exactly", lambda *_: pytest.fail("the exact way was taken"))
    likely = {"frequency": 50.01, "active_power": 1500.25, IMPORT: 2**53 + 1}
    likely |= {"apparent_power": 1501, "power_factor": 1.0005} | {
        f"active_power_l{phase}": 500 for phase in (1, 2, 3)
    }
    raw = b"".join(
        struct.pack(">q", int(likely.get(entry.name, 0)))
        if entry.type == "int64"
        else struct.pack(">f", likely.get(entry.name, 5800 if "voltage" in entry.name else 0))
        for entry in profile.registers
    )
    read = reader.read(raw, None)
    assert read.import_wh == 2**53 + 1
    assert read.values["active_power"] == 1_500_250.0


def test_bytes_that_do_not_fit_are_refused() -> None:
    reader = SampleReader(load_profile("schneider-pm5560"), (1, 1), Fraction(1))
    with pytest.raises(ReadingError):
        reader.read(b"\0", None)


def test_a_number_beyond_all_floats_is_no_value() -> None:
    assert samples._float(Fraction(10) ** 400) is None
