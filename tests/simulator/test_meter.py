"""A meter's registers as its site has them; what wiring, swapping and wrong ratios change."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from bench import (
    AT_WIRINGS,
    STAGE,
    first_wiring,
    identity_agrees,
    meter,
    quantity_agrees,
    reads,
    run,
)
from profile_reader import PROFILES, Entry, identity, quantities

from simulator.encoding import DoesNotFitError
from simulator.meter import Meter

FEEDER_METER = "schneider-pm5560"


def words(meter: Meter, entry: Entry) -> list[int]:
    answer = meter.answer(entry.function, entry.address, entry.registers)
    assert isinstance(answer, list), (entry.name, answer)
    return answer


@pytest.mark.parametrize(("profile", "wiring"), AT_WIRINGS)
def test_every_register_says_what_the_site_has(profile: str, wiring: str) -> None:
    one = meter(profile, wiring)
    run(one, 10.0)
    values = one.values()
    for entry in quantities(profile):
        assert quantity_agrees(entry, words(one, entry), one, values), entry.name
    for entry in identity(profile):
        assert identity_agrees(entry, words(one, entry), one), entry.name


@pytest.mark.parametrize(("profile", "wiring"), AT_WIRINGS)
def test_what_is_read_is_plausible(profile: str, wiring: str) -> None:
    one = meter(profile, wiring)
    run(one, 10.0)
    seen: dict[str, float] = {}
    for entry in quantities(profile):
        value = reads(entry, words(one, entry), one)
        if isinstance(value, Fraction) and one.values()[entry.name] is not None:
            seen[entry.name] = float(value)
    power, apparent = seen["active_power"], seen.get("apparent_power")
    phases = [seen[name] for name in seen if name.startswith("active_power_l")]
    if len(phases) == 3 or (phases and wiring == "1P2W"):
        assert sum(phases) == pytest.approx(power, rel=0.01)
    if apparent is not None:
        assert abs(power) <= apparent
        assert power / apparent == pytest.approx(0.97, abs=0.01)
    if "power_factor" in seen:
        assert seen["power_factor"] == pytest.approx(0.97, abs=0.01)
    between = [seen[name] for name in ("voltage_l12", "voltage_l23", "voltage_l31") if name in seen]
    currents = [seen[name] for name in ("current_l1", "current_l2", "current_l3") if name in seen]
    if len(between) == len(currents) == 3 and apparent is not None:
        drawn = 3**0.5 * sum(between) / 3 * sum(currents) / 3
        assert drawn == pytest.approx(apparent, rel=0.03)


def says_its_ct(profile: str) -> bool:
    return any(entry.name.startswith("ct_") for entry in identity(profile))


def test_three_wires_give_no_neutral() -> None:
    one = meter(FEEDER_METER, "3P3W")
    run(one, 5.0)
    absent = {f"{name}_l{phase}" for name in ("voltage", "active_power") for phase in (1, 2, 3)}
    absent.add("current_n")
    for entry in quantities(FEEDER_METER):
        assert (entry.count(words(one, entry)) is None) == (entry.name in absent), entry.name


def test_an_answer_takes_its_time_give_or_take_the_jitter() -> None:
    one, other = meter(FEEDER_METER, "3P4W"), meter(FEEDER_METER, "3P4W")
    times = [one.turnaround_s() for _ in range(200)]
    middle, jitter = one.profile.turnaround_s, one.profile.jitter_s
    assert jitter > 0
    assert middle - jitter <= min(times) < middle < max(times) <= middle + jitter
    assert times == [other.turnaround_s() for _ in range(200)]


def test_a_swapped_meter_begins_at_its_own_base_and_the_integral_goes_on() -> None:
    one = meter(FEEDER_METER, "3P4W", register_base_wh="1000")
    run(one, 10.0)
    before = one.plant.energy_wh(STAGE)
    assert one.register_wh == 1000 + before
    one.swap("26010999", Fraction(77))
    assert one.register_wh == 77
    assert one.serial == "26010999"
    assert one.values()["reactive_energy_import"] == 0
    one.plant.advance(20.0)
    flowed = one.plant.energy_wh(STAGE) - before
    assert flowed > 0
    assert one.register_wh == 77 + flowed


def with_side(one: Meter, primary: bool) -> Meter:
    """The meter, with registers at the one side or the other."""
    sided = [replace(each, primary=primary) for each in one.profile.quantities]
    one.profile = replace(one.profile, quantities=tuple(sided))
    return one


def test_a_wrong_ratio_falsifies_primary_values_from_then_on() -> None:
    one = with_side(meter(FEEDER_METER, "3P4W", register_base_wh="1000"), primary=True)
    run(one, 10.0)
    before, right = one.register_wh, one.values()
    one.set_ratios((300, 5), None)  # in truth 100 to 5
    assert one.register_wh == before
    wrong = one.values()
    for name, factor in {
        "active_power": 3,
        "current_l1": 3,
        "voltage_l1": 1,
        "power_factor": 1,
        "frequency": 1,
    }.items():
        assert wrong[name] == pytest.approx(float(right[name] or 0) * factor), name
    flowed = one.plant.energy_wh(STAGE)
    one.plant.advance(20.0)
    flowed = one.plant.energy_wh(STAGE) - flowed
    assert one.register_wh == before + 3 * flowed
    one.set_ratios((100, 5), None)
    assert one.values()["active_power"] == one.plant.values(STAGE, 1.0)["active_power"]
    assert one.register_wh == before + 3 * flowed


def test_a_wrong_ratio_leaves_secondary_values_as_they_are() -> None:
    one = with_side(meter(FEEDER_METER, "3P4W"), primary=False)
    run(one, 10.0)
    right = one.values()
    one.set_ratios((300, 5), (20_000, 100))
    assert one.values() == right


def test_a_ratio_without_a_finite_decimal_is_counted_in_finite_steps() -> None:
    one = meter(FEEDER_METER, "3P4W", ct=(300, 5))
    run(one, 10.0)
    one.set_ratios((400, 5), None)
    one.plant.advance(20.0)
    assert (one.register_wh * 10**8).denominator == 1


@pytest.mark.parametrize("profile", [name for name in PROFILES if says_its_ct(name)])
def test_changed_ratios_show_where_the_instrument_says_them(profile: str) -> None:
    one = meter(profile, first_wiring(profile))
    named = {entry.name: entry for entry in identity(profile)}
    held = {name for name in named if name.startswith("ct_")}
    before = {name: words(one, named[name]) for name in held}
    one.set_ratios((2 * one.spec.ct[0], one.spec.ct[1]), None)
    after = {name: words(one, named[name]) for name in held}
    assert before != after


@pytest.mark.parametrize(
    ("profile", "changes", "words"),
    [
        ("schneider-pm5560", {"register_base_wh": 10**20}, ["register_base_wh", "use less"]),
        ("carlo-gavazzi-em24", {"vt": (4 * 10**8, 1)}, ["voltage", "int32", "use other ratios"]),
    ],
)
def test_what_the_instrument_cannot_hold_is_explained(
    profile: str, changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(DoesNotFitError) as caught:
        meter(profile, "3P4W", **changes)
    assert all(word in str(caught.value) for word in words), caught.value
