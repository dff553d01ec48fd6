"""Rollover, reset, swap, other ratio, exchange: by signed events and stated rules."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from interval_world import (
    BRIDGED,
    DAY_MS,
    ESTIMATED,
    HOUR_MS,
    LATE_MS,
    MEASURED,
    MISSING,
    MOST_W,
    QUARTER_MS,
    Table,
    at,
)
from meter_world import METER, OTHER, SERIAL, energy, identity, raw_of, went_back

from collector.model.records import Meter

NEW = "04712"
LAP_WH = 1_000_000


@pytest.fixture
def meter(tmp_path: Path) -> Table:
    return Table.make(tmp_path)


def on_demand(at_ms: int, energy_wh: int) -> list[Any]:
    return [4, 0, at_ms, None, raw_of(active_energy_import=energy_wh)]


def frames(meter: Table, *records: Any) -> None:
    chain = meter.world.gateway.chain()
    meter.take([chain.next(record) for record in records], at(100))


def test_a_rollover_by_the_registers_modulus_is_measured(meter: Table) -> None:
    registers = {at(0): LAP_WH - 100, at(1): 50, at(2): 80, at(3): 90, at(4): 100}
    meter.lay_down(registers, modulus=str(1000 * LAP_WH))
    meter.settle(at(4))
    assert meter.energies()[0] == (MEASURED, 150)
    assert meter.energies(HOUR_MS) == {0: (MEASURED, 200)}


def test_a_rollover_within_a_gap_is_bridged_exactly(meter: Table) -> None:
    meter.lay_down({at(0): LAP_WH - 100, at(2): 100}, modulus=str(1000 * LAP_WH))
    meter.settle(at(2))
    assert meter.energies() == {0: (BRIDGED, 100), 1: (BRIDGED, 100)}


def test_a_fall_that_nothing_explains_is_missing_and_says_why(meter: Table) -> None:
    meter.lay_down({at(0): 500, at(1): 600, at(2): 40, at(3): 140})
    meter.settle(at(3))
    assert meter.energies() == {0: (MEASURED, 100), 1: (MISSING, None), 2: (MEASURED, 100)}
    assert meter.stands()[1].why == ("reset",)


def test_a_rise_beyond_the_wiring_is_missing_and_says_why(meter: Table) -> None:
    meter.lay_down({at(0): 500, at(1): 600, at(2): 9_999, at(3): 10_000})
    meter.settle(at(3))
    assert meter.energies()[1] == (MISSING, None)
    assert meter.stands()[1].why == ("jump",)


def test_a_reset_that_the_gateway_saw_is_told_by_both_sides_of_it(meter: Table) -> None:
    frames(
        meter,
        energy(at(0), 5000),
        went_back(5070, 0, at(0) + 300_000),
        energy(at(1), 30),
        energy(at(2), 60),
    )
    meter.settle(at(100))
    first = meter.stands()[0]
    assert (first.quality, first.energy_wh) == (ESTIMATED, Fraction(70 + 30))
    assert (first.rules, first.why) == ((4,), ("reset",))
    assert first.error_wh == 1
    assert meter.energies()[1] == (MEASURED, 30)


def test_between_another_instruments_answers_nothing_is_told(meter: Table) -> None:
    frames(
        meter,
        identity(SERIAL),
        energy(at(0), 5000),
        identity(OTHER),
        energy(at(1), 5100),
        identity(SERIAL),
        energy(at(2), 5200),
        energy(at(3), 5300),
    )
    meter.settle(at(100))
    assert [meter.energies()[number] for number in range(3)] == [
        (MISSING, None),
        (MISSING, None),
        (MEASURED, 100),
    ]
    assert meter.stands()[1].why == ("swap",)


def test_while_another_instrument_answers_nothing_is_told_by_other_days(meter: Table) -> None:
    """Also before the meter is back, and with days enough to estimate by."""
    days = 4 * DAY_MS // QUARTER_MS
    meter.read({at(number): 100 * number for number in range(days + 1)})
    meter.settle(at(days))
    chain = meter.world.gateway.chain(epoch=2)
    meter.take([chain.next(identity(OTHER, at_ms=at(days) + 1000))], at(days) + 1000)
    meter.take([chain.next(energy(at(days + 1), 7000))], at(days + 1))
    meter.settle(at(days + 1))
    stands = meter.stands()[days]
    assert (stands.quality, stands.energy_wh, stands.why) == (MISSING, None, ("swap",))


def test_an_identity_that_comes_late_takes_back_what_was_measured(meter: Table) -> None:
    chain = meter.world.gateway.chain()
    told = [chain.next(energy(at(0), 5000)), chain.next(identity(OTHER))]
    told += [chain.next(energy(at(number), 5000 + 100 * number)) for number in (1, 2)]
    meter.take([told[0], told[2], told[3]], at(2))
    meter.settle(at(2))
    assert meter.energies() == {0: (MEASURED, 100), 1: (MEASURED, 100)}
    meter.take([told[1]], at(2) + 60_000)
    meter.settle(at(2) + 60_000)
    assert meter.energies() == {0: (MISSING, None), 1: (MISSING, None)}
    assert [version.number for version in meter.versions()] == [1, 2, 1, 2]


def test_across_another_ratio_nothing_is_told(meter: Table) -> None:
    meter.lay_down({at(0): 500, at(1): 600}, ratio="80")
    meter.lay_down({at(2): 700, at(3): 800}, ratio="100")
    meter.settle(at(3))
    assert meter.energies() == {0: (MEASURED, 100), 1: (MISSING, None), 2: (MEASURED, 100)}
    assert meter.stands()[1].why == ("ratio_changed",)


def test_boundaries_of_a_clock_that_was_wrong_are_taken_back(meter: Table) -> None:
    """It was two hours ahead until a receipt set it."""
    chain = meter.world.gateway.chain()
    told = [chain.next(energy(at(0), 0))]
    told += [chain.next(energy(at(8 + number), 100 * number), letter="I") for number in (1, 2)]
    meter.take(told, at(10))
    meter.settle(at(10))
    assert meter.energies()[9] == (MEASURED, 100)
    moved = [3, at(2), 2, {0: 2 * HOUR_MS, 1: 0, 2: "receipt"}]
    meter.take([chain.next(moved), chain.next(energy(at(3), 300))], at(11))
    meter.settle(at(11))
    found = meter.energies()
    assert {found[number] for number in range(3)} == {(BRIDGED, 100)}
    assert {quality for number, (quality, _) in found.items() if number >= 3} == {MISSING}
    assert sorted(found) == list(range(11))


# --- an exchange that the register knows


def exchange(meter: Table, at_ms: int) -> None:
    old = meter.world.registry.view().all(Meter)[METER]
    records = [
        old.model_copy(update={"valid_until": at_ms}),
        old.model_copy(update={"serial": NEW, "valid_from": at_ms}),
    ]
    meter.world.registry.record(records, bytes(32), at_ms)
    meter.world.gateway.configuration = meter.world.configure(meter.world.gateway, at_ms)


def exchanged(meter: Table, at_ms: int, before: list[Any], after: list[Any]) -> None:
    chain = meter.world.gateway.chain()
    meter.take([chain.next(record) for record in before], at_ms)
    exchange(meter, at_ms)
    meter.take([chain.next(record) for record in after], at(6))
    meter.settle(at(6))


def test_both_meters_of_an_exchange_tell_their_part_of_the_hour(meter: Table) -> None:
    at_ms = at(1) + 600_000
    exchanged(
        meter,
        at_ms,
        [energy(at(0), 5000), energy(at(1), 5100), on_demand(at_ms - 60_000, 5160)],
        [
            identity(OTHER),
            on_demand(at_ms + 60_000, 10),
            energy(at(2), 40),
            energy(at(3), 140),
            energy(at(4), 240),
        ],
    )
    old, new = meter.stands(), meter.stands(meter=NEW)
    assert (sorted(old), sorted(new)) == ([0, 1], [1, 2, 3, 4, 5])
    assert (old[1].quality, old[1].energy_wh, old[1].why) == (
        ESTIMATED,
        Fraction(60),
        ("exchanged",),
    )
    assert (new[1].quality, new[1].energy_wh, new[1].rules) == (ESTIMATED, Fraction(30), (4,))
    unread_wh = Fraction(MOST_W * 60, 3600)
    assert (old[1].error_wh, new[1].error_wh) == (unread_wh + 1, unread_wh + 1)
    hours = meter.stands(HOUR_MS), meter.stands(HOUR_MS, NEW)
    assert [hour[0].energy_wh for hour in hours] == [160, 230]


def test_an_exchange_on_a_boundary_that_was_read_is_measured(meter: Table) -> None:
    exchanged(
        meter,
        at(2),
        [energy(at(0), 5000), energy(at(1), 5100), energy(at(2), 5200)],
        [identity(OTHER), energy(at(3), 100), energy(at(4), 200)],
    )
    assert meter.energies() == {0: (MEASURED, 100), 1: (MEASURED, 100)}
    assert meter.stands(meter=NEW)[2].quality is MISSING
    assert meter.stands(meter=NEW)[3].energy_wh == 100


def test_an_unknown_final_register_is_missing_and_never_guessed(meter: Table) -> None:
    at_ms = at(2) + 600_000
    exchanged(
        meter,
        at_ms,
        [energy(at(0), 5000), energy(at(1), 5100)],
        [identity(OTHER), energy(at(3), 0)],
    )
    assert meter.energies() == {0: (MEASURED, 100), 1: (MISSING, None), 2: (MISSING, None)}
    assert meter.stands()[2].why == ("exchanged",)
    assert meter.stands(meter=NEW)[2].error_wh == Fraction(MOST_W * 300, 3600) + 1


def test_an_exchange_that_is_entered_later_takes_back_what_is_beyond_it(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.settle(at(6))
    assert sorted(meter.stands()) == list(range(6))
    exchange(meter, at(1) + QUARTER_MS // 2)
    meter.settle(at(6) + 3 * LATE_MS)
    found = meter.stands()
    assert [found[number].why for number in range(6)] == [
        (),
        ("exchanged",),
        *[("not_there",)] * 4,
    ]
    assert meter.energies(HOUR_MS)[0][0] is MISSING
