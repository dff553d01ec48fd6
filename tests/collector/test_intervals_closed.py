"""Quarters and hours are closed from registers, once, and again when registers come later."""

from fractions import Fraction
from pathlib import Path

import pytest
from interval_world import (
    BRIDGED,
    ESTIMATED,
    HOUR_MS,
    LATE_MS,
    MEASURED,
    MISSING,
    MOST_W,
    Table,
    at,
)
from meter_world import METER
from sqlalchemy import delete

from collector.intervals import due
from collector.model.energy import EXPORT, Quantity
from collector.storage.tables import snapshot


@pytest.fixture
def meter(tmp_path: Path) -> Table:
    return Table.make(tmp_path)


def test_a_quarter_is_the_difference_of_its_registers(meter: Table) -> None:
    meter.lay_down({at(0): "100.001", at(1): "350.004"})
    meter.close(at(1))
    [closed] = meter.stands().values()
    assert closed.energy == Quantity(250_003, Fraction(1, 1000))
    assert (closed.quality, closed.rules, closed.why) == (MEASURED, (), ())
    assert (closed.start_position, closed.end_position) == (at(0) // 1000, at(1) // 1000)
    assert closed.error_wh == Fraction(1, 1000)


def test_an_hour_is_closed_with_its_last_quarter_and_is_their_sum(meter: Table) -> None:
    meter.lay_down({at(number): 100 * number**2 for number in range(4)})
    meter.close(at(3))
    assert meter.stands(HOUR_MS) == {}
    meter.lay_down({at(4): 1600})
    meter.close(at(4))
    [hour] = meter.stands(HOUR_MS).values()
    assert (hour.quality, hour.energy_wh) == (MEASURED, Fraction(1600))
    assert hour.energy_wh == sum(closed.energy_wh or 0 for closed in meter.stands().values())
    assert (hour.start_position, hour.end_position) == (at(0) // 1000, at(4) // 1000)


def test_import_and_export_are_apart(meter: Table) -> None:
    meter.lay_down({at(0): 100, at(1): 350})
    meter.lay_down({at(0): 7, at(1): 9}, EXPORT)
    meter.close(at(1))
    assert [closed.energy_wh for closed in meter.stands().values()] == [250]
    assert [closed.energy_wh for closed in meter.stands(quantity=EXPORT).values()] == [2]


def test_a_register_read_off_its_boundary_is_wrong_by_what_the_wiring_can_carry(
    meter: Table,
) -> None:
    meter.lay_down({at(0): 0})
    meter.lay_down({at(1): 100}, offset_ms=-3000)
    meter.close(at(1))
    assert meter.stands()[0].error_wh == Fraction(MOST_W * 3, 3600) + Fraction(1, 1000)


def test_a_gap_is_bridged_in_time_though_other_registers_of_the_meter_come_at_each_look(
    meter: Table,
) -> None:
    """Those that are new beyond it say nothing of what may still come into it."""
    meter.lay_down({at(0): 0, at(5): 500})
    meter.close(at(5))
    assert meter.stands() == {}, "more may come into the gap"
    meter.lay_down({at(6): 600})
    meter.close(at(6))
    assert meter.energies() == dict.fromkeys(range(5), (BRIDGED, 100)) | {5: (MEASURED, 100)}


def test_a_backlog_that_comes_into_a_gap_is_waited_for(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(5): 500})
    meter.close(at(5))
    meter.lay_down({at(2): 150})
    meter.close(at(5) + 2 * LATE_MS)
    assert meter.stands() == {}
    meter.close(at(5) + 4 * LATE_MS)
    assert meter.energies()[0] == (BRIDGED, 75)


def test_what_did_not_change_is_not_written_again(meter: Table) -> None:
    meter.lay_down({at(number): 100 * number for number in range(9)})
    meter.close(at(8))
    before = meter.versions()
    with meter.world.engine.begin() as connection:
        due.mark(connection, {(METER, "active_energy_import", at(number)) for number in range(9)})
    assert meter.close(at(8)) == 9
    assert meter.versions() == before
    assert {version.number for version in before} == {1}


def test_each_quarter_is_written_once_while_registers_come_in_time(meter: Table) -> None:
    for number in range(13):
        meter.lay_down({at(number): 100 * number})
        meter.close(at(number) + 1000)
    assert [version.number for version in meter.versions()] == [1] * 12
    assert [version.number for version in meter.versions(HOUR_MS)] == [1] * 3


# --- registers that do not come, or come late


def test_a_quarter_without_a_register_waits_until_it_is_late(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.close(at(1))
    meter.close(at(2) + LATE_MS - 1)
    assert meter.energies() == {0: (MEASURED, 100)}
    meter.close(at(2) + LATE_MS)
    assert meter.energies() == {0: (MEASURED, 100), 1: (MISSING, None)}
    assert meter.stands()[1].why == ("unread",)
    assert meter.stands()[1].start_position == at(1) // 1000


def test_a_dead_meter_is_missing_from_quarter_to_quarter(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.settle(at(9))
    assert meter.energies() == {0: (MEASURED, 100)} | dict.fromkeys(range(1, 9), (MISSING, None))
    assert meter.energies(HOUR_MS) == {0: (MISSING, None), 4: (MISSING, None)}


def test_a_long_silence_is_closed_in_parts_and_whole(meter: Table) -> None:
    """Others wait for the writer's lock meanwhile."""
    meter.lay_down({at(0): 0, at(1): 100})
    meter.close(at(1))
    meter.closer.run(at(700) + LATE_MS)
    assert 1 < len(meter.energies()) < 300
    meter.settle(at(700))
    assert meter.energies() == {0: (MEASURED, 100)} | dict.fromkeys(range(1, 700), (MISSING, None))
    meter.lay_down({at(701): 70_100})
    meter.settle(at(701))
    assert {quality for quality, _ in list(meter.energies().values())[1:]} == {BRIDGED}
    assert sum(energy for _, energy in meter.energies().values()) == 70_100


def test_a_collector_that_just_began_waits_for_what_had_waited_for_it(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    again = Table(meter.world, began_ms=at(20))
    again.close(at(20))
    assert again.energies() == {0: (MEASURED, 100)}
    again.close(at(20) + LATE_MS)
    assert len(again.energies()) == 20


def test_a_gap_between_registers_is_bridged_and_its_sum_is_exact(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100, at(4): "200.001"})
    meter.close(at(4))
    assert meter.energies() == {0: (MEASURED, 100)}
    meter.close(at(4) + LATE_MS)
    parts = [Fraction("33.333"), Fraction("33.334"), Fraction("33.334")]
    assert meter.energies() == {0: (MEASURED, 100)} | {
        number: (BRIDGED, part) for number, part in enumerate(parts, 1)
    }
    assert sum(parts) == Fraction("100.001")
    assert [closed.rules for closed in meter.stands().values()] == [(), (1,), (1,), (1,)]
    places = {(closed.start_position, closed.end_position) for closed in meter.stands().values()}
    assert (at(1) // 1000, at(4) // 1000) in places
    [hour] = meter.stands(HOUR_MS).values()
    assert (hour.quality, hour.energy_wh) == (MEASURED, Fraction("200.001"))


def test_a_register_after_hours_of_silence_bridges_all_of_them(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.settle(at(9))
    assert meter.energies()[1] == (MISSING, None)
    meter.lay_down({at(10): 1000})
    meter.settle(at(10))
    assert meter.energies() == {0: (MEASURED, 100)} | dict.fromkeys(range(1, 10), (BRIDGED, 100))


def test_late_data_closes_an_interval_again_and_keeps_what_stood(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.settle(at(2))
    meter.lay_down({at(3): 300})
    meter.settle(at(3))
    meter.lay_down({at(2): 120})
    meter.settle(at(3) + 2 * LATE_MS)
    found = [
        (version.number, version.closed.quality, version.closed.energy_wh)
        for version in meter.versions()
        if version.closed.start_ms == at(1)
    ]
    assert found == [(1, MISSING, None), (2, BRIDGED, 100), (3, MEASURED, 20)]
    assert meter.energies()[2] == (MEASURED, 180)


def test_a_backlog_that_trickles_in_does_not_part_the_gap_anew_each_time(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(20): 2000})
    meter.settle(at(20))
    for number in range(1, 19):
        meter.lay_down({at(number): 100 * number + 10})
        meter.close(at(20) + LATE_MS + number * 1000)
    assert meter.energies()[18] == (BRIDGED, 100)
    meter.close(at(20) + 60_000)
    assert max(version.number for version in meter.versions()) == 2
    assert meter.energies()[18] == meter.energies()[19] == (BRIDGED, 95)


def test_a_reading_on_demand_within_a_gap_parts_it_better(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(2): 200})
    meter.lay_down({at(0) + 600_000: 30}, kind="reading")
    meter.settle(at(2))
    assert meter.energies()[0] == (BRIDGED, 30 + Fraction(170, 4))
    assert meter.energies()[1] == (BRIDGED, 170 - Fraction(170, 4))


# --- other days

FRIDAY = -3 * 96


def days_before(meter: Table, days: int, power_wh: int = 100) -> int:
    """Whole days of a steady load with one higher quarter each, up to the beginning."""
    registers, register = {}, 0
    first = -days * 96
    for number in range(first, 1):
        registers[at(number)] = register
        register += 3 * power_wh if number % 96 == 2 else power_wh
    meter.lay_down(registers)
    return registers[at(0)]


def test_a_long_gap_is_parted_as_the_days_before_were(meter: Table) -> None:
    register = days_before(meter, 7)
    meter.lay_down({at(12): register + 2801})
    meter.settle(at(12))
    found = meter.stands()
    assert {closed.rules for number, closed in found.items() if 0 <= number < 12} == {(2,)}
    assert sum(found[number].energy_wh or 0 for number in range(12)) == 2801
    assert (found[2].energy_wh or 0) > 2 * (found[1].energy_wh or 0)


def test_a_dead_meter_is_estimated_as_the_days_before_were_and_says_by_which_rule(
    meter: Table,
) -> None:
    days_before(meter, 7)
    meter.settle(at(4))
    found = {number: closed for number, closed in meter.stands().items() if number >= 0}
    assert [closed.energy_wh for closed in found.values()] == [100, 100, 300, 100]
    assert {(closed.quality, closed.rules, closed.why) for closed in found.values()} == {
        (ESTIMATED, (5,), ("unread",))
    }
    assert found[0].error_wh == MOST_W // 4 - 100 + Fraction(1, 1000)
    hour = meter.stands(HOUR_MS)[0]
    assert (hour.quality, hour.energy_wh, hour.rules) == (ESTIMATED, Fraction(600), (5,))


def test_estimates_are_made_of_measured_quarters_only_and_end_after_a_week(meter: Table) -> None:
    days_before(meter, 7)
    meter.settle(at(8 * 96))
    found = meter.stands()
    assert found[7 * 96 - 1].quality is ESTIMATED
    assert found[7 * 96].quality is MISSING


def test_an_estimate_follows_the_days_that_it_is_made_of(meter: Table) -> None:
    """A register of an earlier day comes after the estimate: of Friday, for Monday."""
    days_before(meter, 7)
    with meter.world.engine.begin() as connection:
        connection.execute(delete(snapshot).where(snapshot.c.at_ms == at(FRIDAY + 1)))
    meter.settle(at(1))
    before = meter.stands()[0]
    assert meter.stands()[FRIDAY].quality is BRIDGED
    meter.lay_down({at(FRIDAY + 1): 4 * (96 * 100 + 200) + 140})
    meter.settle(at(1) + 3 * LATE_MS)
    after = meter.stands()[0]
    assert meter.stands()[FRIDAY].quality is MEASURED
    assert before.energy_wh == 100
    assert after.energy_wh == 100 + Fraction(40, 4)


def test_frames_of_a_gateway_lead_to_the_same(meter: Table) -> None:
    meter.read({at(number): 50 * number for number in range(5)})
    meter.close(at(4))
    assert meter.energies() == dict.fromkeys(range(4), (MEASURED, 50))
    assert meter.energies(HOUR_MS) == {0: (MEASURED, 200)}
