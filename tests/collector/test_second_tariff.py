"""An energy that is counted in two registers, one at a time, and starts again from zero."""

import struct
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from profile_world import GOOD, NO_ANSWER

from collector.model.continuity import Limits, RegisterReading, Verdict, judge
from collector.model.energy import IMPORT, Quantity
from collector.registry.profiles import load_profile

PAC = load_profile("siemens-pac3200")
ONE = Fraction(1)
HOUR = 3_600_000
LAP_WH = 10**12
whole_wh = st.integers(0, LAP_WH - 1)


def read(first_wh: float, second_wh: float, unread: str = "") -> dict[str, Quantity]:
    """An interval of a PAC3200 with these registers of the import."""
    given = {IMPORT: first_wh, f"{IMPORT}_t2": second_wh}
    names = [entry.name for entry in PAC.of(interval=True)]
    quality = bytes(NO_ANSWER if name == unread else GOOD for name in names)
    raw = b"".join(struct.pack(">d", given.get(name, 0)) for name in names if name != unread)
    return PAC.decode(raw, quality, interval=True, ct=ONE, vt=ONE)


@given(whole_wh, whole_wh)
def test_the_energy_is_the_sum_of_both_tariffs(first_wh: int, second_wh: int) -> None:
    values = read(first_wh, second_wh)
    assert values[IMPORT] == Quantity(first_wh + second_wh, ONE)
    assert set(values) == {name for name in values if not name.endswith("_t2")}


def test_without_one_of_the_registers_there_is_no_energy() -> None:
    for unread in (IMPORT, f"{IMPORT}_t2"):
        values = read(5, 7, unread)
        assert IMPORT not in values
        assert values["active_energy_export"].value == 0


def test_both_registers_are_asked_for_at_once() -> None:
    assert PAC.requests(interval=True) == [(801, 40)]


def test_a_rollover_of_one_of_them_is_measured() -> None:
    """10 MW, from 4 MWh before the end of the first register."""
    [modulus] = {entry.modulus for entry in PAC.registers if entry.name == IMPORT}
    limits = Limits(modulus, Fraction(10_000_000))
    before = read(LAP_WH - 4_000_000, 0)[IMPORT]
    after = read(1_000_000, 0)[IMPORT]
    step = judge(RegisterReading(before, 0), RegisterReading(after, HOUR), limits)
    assert (step.verdict, step.energy) == (Verdict.ROLLOVER, Fraction(5_000_000))


def test_a_register_that_was_cleared_is_no_rollover() -> None:
    [modulus] = {entry.modulus for entry in PAC.registers if entry.name == IMPORT}
    limits = Limits(modulus, Fraction(10_000_000))
    before, after = read(5 * 10**9, 10)[IMPORT], read(0, 0)[IMPORT]
    step = judge(RegisterReading(before, 0), RegisterReading(after, HOUR), limits)
    assert step.verdict is Verdict.RESET
