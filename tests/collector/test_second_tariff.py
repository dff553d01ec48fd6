"""An energy that is counted in two registers, one at a time, and starts again from zero."""

import struct
from fractions import Fraction

from collector_world import BILLING, NOW_MS, World, event, interval
from hypothesis import given
from hypothesis import strategies as st
from profile_world import GOOD, NO_ANSWER

from collector.intervals.energy import energy_between, meter_between
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.model.continuity import Limits, RegisterReading, Verdict, judge
from collector.model.energy import IMPORT, Quantity
from collector.model.records import Meter
from collector.registry.profiles import load_profile
from collector.storage import reading

PAC = load_profile("siemens-pac3200")
ONE = Fraction(1)
HOUR = 3_600_000
LAP_WH = 10**12
whole_wh = st.integers(0, LAP_WH - 1)


def read(first_wh: float, second_wh: float, unread: str = "") -> dict[str, Quantity]:
    names = [entry.name for entry in PAC.of(interval=True)]
    quality = bytes(NO_ANSWER if name == unread else GOOD for name in names)
    raw = registers(first_wh, second_wh, unread)
    return PAC.decode(raw, quality, interval=True, ct=ONE, vt=ONE)


def registers(first_wh: float, second_wh: float, unread: str = "") -> bytes:
    """An interval of a PAC3200 with these registers of the import."""
    given = {IMPORT: first_wh, f"{IMPORT}_t2": second_wh}
    names = [entry.name for entry in PAC.of(interval=True)]
    return b"".join(struct.pack(">d", given.get(name, 0)) for name in names if name != unread)


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


def test_a_register_of_one_tariff_that_was_cleared_leaves_its_period_unmeasured(
    world: World,
) -> None:
    """1000 Wh of tariff 2 are cleared from the bus, and 3000 Wh drawn: the sum only rose."""
    known = world.registry.view().all(Meter)["feeder"]
    ratios = {"profile": PAC.name, "ct": (2000, 5), "vt": (1, 1)}
    world.registry.record([known.model_copy(update=ratios)], bytes(32), NOW_MS)
    world.gateway.configuration = world.configure(world.gateway)
    names = [entry.name for entry in PAC.registers]
    cleared = {0: 0, 1: names.index(f"{IMPORT}_t2"), 2: struct.pack(">d", 1000), 3: bytes(8)}
    chain = world.gateway.chain(BILLING)
    records = [
        interval(0, NOW_MS, registers(50_000, 1000)),
        event(11, cleared, NOW_MS + 2000),
        interval(0, NOW_MS + 5000, registers(53_000, 0)),
        interval(0, NOW_MS + 10_000, registers(53_000, 10)),
    ]
    world.append([chain.next(record) for record in records], NOW_MS + 10**6)
    advance(world.engine, IntervalFollower(world.configurations))
    with reading(world.engine) as connection:
        across = meter_between(connection, "feeder", NOW_MS, NOW_MS + 5000)
        after = energy_between(connection, "feeder", NOW_MS + 5000, NOW_MS + 10_000)
    assert (across.energy, [turn.verdict for turn in across.breaks]) == (None, [Verdict.RESET])
    assert after is not None
    assert after.energy_wh == 10
