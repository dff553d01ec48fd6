"""Is a meter read rightly? The checks on what simulated instruments hold in their registers."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from bench_meter import CT, VT, Bench, Values, Wires, meter, reading

from collector.model.profile_files import profile_names
from technician.checks import display, profile_fit, quantum, ratios, wiring, word_order
from technician.checks.outcome import Outcome
from technician.checks.phase_angles import explanations
from technician.meter_reading import MeterReading, turned_layout

ANGLE = math.acos(0.97)


def ordered_otherwise(name: str, *, words: bool, octets: bool) -> MeterReading:
    """A meter that sends another order than its profile says."""
    read = reading(meter(name))
    other = tuple(
        replace(each, layout=turned_layout(each.layout, words=words, octets=octets))
        for each in read.profile.registers
    )
    return replace(read, profile=replace(read.profile, registers=other))


@pytest.mark.parametrize("name", [each for each in profile_names() if each != "schneider-pm750"])
def test_the_order_of_words_is_the_profiles(name: str) -> None:
    played = meter(name)
    outcome = word_order.judged(reading(played), Fraction(*played.spec.ct), VT)
    assert outcome.passed, outcome
    assert outcome.facts["fitting_orders"] == outcome.facts["profile_order"]


@pytest.mark.parametrize(
    ("words", "octets", "expects"),
    [(True, False, "CDAB"), (False, True, "BADC"), (True, True, "DCBA")],
)
def test_another_order_of_words_is_named(words: bool, octets: bool, expects: str) -> None:
    read = ordered_otherwise("eastron-sdm630", words=words, octets=octets)
    outcome = word_order.judged(read, CT, VT)
    assert outcome.passed is False
    assert (outcome.facts["profile_order"], outcome.facts["fitting_orders"]) == (expects, "ABCD")
    assert "the meter sends ABCD" in outcome.why and "230" in outcome.why


def test_volts_of_one_register_do_not_tell_the_order_of_words() -> None:
    outcome = word_order.judged(reading(meter("schneider-pm750")), CT, VT)
    assert outcome.passed is None
    assert "do not tell them apart" in outcome.why and "display" in (outcome.cure or "")


def test_without_voltage_nothing_is_said_of_the_order() -> None:
    played = meter("eastron-sdm630", Bench(0, dead("l1", "l2", "l3", "l12", "l23", "l31")))
    assert word_order.judged(reading(played), CT, VT).passed is None


def test_no_order_gives_volts_where_the_registers_are_others() -> None:
    moved = reading(meter("eastron-sdm630"))
    shuffled = replace(moved, raw=bytes(byte ^ 0x5A for byte in moved.raw))
    outcome = word_order.judged(shuffled, CT, VT)
    assert outcome.passed is False
    assert "identify" in (outcome.cure or "")


TWINS = {"siemens-pac3200": {"siemens-pac4200"}, "siemens-pac4200": {"siemens-pac3200"}}
"""Of one maker, with the same registers: only the plate tells them apart."""


@pytest.fixture(scope="module")
def tried() -> dict[str, list[profile_fit.Fit]]:
    """Each instrument, tried by every profile."""
    played = {name: meter(name) for name in profile_names()}
    return {
        name: [profile_fit.fit(reading(each, by)) for by in profile_names()]
        for name, each in played.items()
    }


@pytest.mark.parametrize("name", profile_names())
def test_a_device_is_known_by_what_it_says(
    tried: dict[str, list[profile_fit.Fit]], name: str
) -> None:
    outcome = profile_fit.judged(tried[name], None)
    if outcome.passed:
        assert outcome.why.startswith(f"{name}: ")
    else:
        assert outcome.passed is None, outcome
        assert name in outcome.why
    assert profile_fit.judged(tried[name], name).passed, outcome


def test_another_meter_than_the_ordered_one_is_refused(
    tried: dict[str, list[profile_fit.Fit]],
) -> None:
    outcome = profile_fit.judged(tried["eastron-sdm630"], "schneider-pm5560")
    assert outcome.passed is False
    assert "schneider-pm5560 was ordered" in outcome.why


def test_where_no_profile_fits_it_is_said_what_was_read(
    tried: dict[str, list[profile_fit.Fit]],
) -> None:
    fits = [each for each in tried["eastron-sdm630"] if not each.profile.startswith("eastron")]
    outcome = profile_fit.judged(fits, None)
    assert outcome.passed is False
    assert "no profile fits" in outcome.why
    assert "near no nominal voltage" in outcome.why or "gives no number" in outcome.why


def test_the_step_is_held_against_a_quarter_of_an_hour() -> None:
    read = reading(meter("schneider-pm5560"))
    outcome = quantum.judged(read, CT, VT, Fraction(1_000_000))
    assert outcome.passed
    assert (outcome.facts["quantum_wh"], outcome.facts["period_wh"]) == ("1", "250000")
    # 1 Wh is exactly half a per cent of 200 Wh, which 800 W take in a quarter of an hour
    assert quantum.judged(read, CT, VT, Fraction(800)).passed
    assert quantum.judged(read, CT, VT, Fraction("799.999")).passed is False


def test_a_step_behind_transformers_is_as_large_as_their_ratios_make_it() -> None:
    read = reading(meter("chint-dtsu666"))
    secondary = next(
        r for r in read.profile.registers if r.name == "active_energy_import"
    ).secondary
    assert secondary
    outcomes = {ct: quantum.judged(read, Fraction(ct), VT, Fraction(100_000)) for ct in (1, 200)}
    steps = {ct: Fraction(str(each.facts["quantum_wh"])) for ct, each in outcomes.items()}
    assert steps[200] == 200 * steps[1]
    assert (outcomes[1].passed, outcomes[200].passed) == (True, False)
    assert outcomes[200].facts["side"] == "secondary"


def test_a_float_that_has_counted_far_is_too_coarse() -> None:
    far = reading(meter("eastron-sdm630", register_base_wh="2000000000000"))
    outcome = quantum.judged(far, CT, VT, Fraction(1_000_000))
    assert outcome.passed is False
    assert Fraction(str(outcome.facts["quantum_wh"])) == 128_000  # 2^31 kWh: 2^7 kWh apart


def test_ratios_are_held_against_the_plates() -> None:
    read = reading(meter("eastron-sdm630"))
    assert ratios.judged(read, CT, VT).passed
    wrong = ratios.judged(read, Fraction(2000, 5), VT)
    assert wrong.passed is False
    assert wrong.facts["ct_read"] == "200" and wrong.facts["ct"] == "400"
    assert ratios.judged(reading(meter("schneider-iem3155")), Fraction(1), VT).passed
    untold = reading(meter("schneider-pm750", ct=(100, 5), vt=(10000, 100)))
    assert ratios.judged(untold, Fraction(100, 5), Fraction(100)).passed is None


def shown(text: str, unit: str = "kWh") -> Outcome:
    before = reading(meter("schneider-pm5560"))
    after = reading(meter("schneider-pm5560", register_base_wh="5123900"))
    return display.judged(text, unit, before, after, CT, VT)


@pytest.mark.parametrize(
    ("text", "unit", "passed"),
    [
        ("5123,3", "kWh", True),
        ("5 123.5", "kWh", True),
        ("5124", "kWh", True),  # its last digit is a whole kWh
        ("5.124", "MWh", True),
        ("5124.1", "kWh", False),
        ("5122.8", "kWh", False),
        ("5123.3", "MWh", False),
    ],
)
def test_the_display_is_between_what_is_read_before_and_after(
    text: str, unit: str, passed: bool
) -> None:
    outcome = shown(text, unit)
    assert outcome.passed is passed, outcome
    assert outcome.facts["display"] == text.replace(",", ".").replace(" ", "")


def test_a_display_that_differs_says_what_would_explain_it() -> None:
    assert "the unit and the decimal point" in (shown("5123.3", "MWh").cure or "")
    assert "secondary side" in (shown("25.6", "kWh").cure or "")
    assert "serial number" in (shown("7777.7", "kWh").cure or "")


@pytest.mark.parametrize("text", ["", "-5", "1e3", "five", "1.2.3", "inf", "5,1,2"])
def test_what_no_display_shows_is_refused(text: str) -> None:
    with pytest.raises(display.NotADisplayError):
        display.typed(text)


def dead(*phases: str) -> Wires:
    return lambda values: dict(values) | dict.fromkeys((f"voltage_{each}" for each in phases), 0.0)


def turned(*phases: str) -> Wires:
    """CTs turned round."""
    return lambda values: (
        dict(values)
        | {f"active_power_{each}": -float(values[f"active_power_{each}"]) for each in phases}
    )


def moved(*order: int) -> Wires:
    """At each phase's terminals the current of the phase that stands there."""

    def wires(values: Values) -> Values:
        found = dict(values)
        for place, own in enumerate(order, 1):
            current_a, voltage_v = (
                float(values[f"current_l{own}"]),
                float(values[f"voltage_l{place}"]),
            )
            found[f"current_l{place}"] = current_a
            angle = ANGLE + math.radians(120 * (own - place))
            found[f"active_power_l{place}"] = voltage_v * current_a * math.cos(angle)
        found["active_power"] = sum(float(found[f"active_power_l{place}"]) for place in (1, 2, 3))
        return found

    return wires


def judged(wires: Wires = dict, load_w: int = 400_000) -> dict[str, Outcome]:
    read = reading(meter("eastron-sdm630", Bench(load_w, wires)))
    return {each.check: each for each in wiring.judged(read, (1000, 5), VT)}


def test_a_meter_that_is_wired_rightly_passes_all() -> None:
    outcomes = judged()
    assert list(outcomes) == ["phase-voltages", "load", "phase-order", "power-factor", "plausible"]
    assert all(each.passed for each in outcomes.values()), outcomes


def test_a_ct_that_is_turned_round_is_named() -> None:
    outcome = judged(turned("l2"))["phase-order"]
    assert outcome.passed is False
    assert "L2's CT is turned round: exchange its S1 and S2" in (outcome.cure or "")
    assert Fraction(str(outcome.facts["factor_l2"])) < 0


def test_two_cts_that_are_exchanged_are_named() -> None:
    outcome = judged(moved(2, 1, 3))["phase-order"]
    assert outcome.passed is False
    cure = outcome.cure or ""
    assert "the CT at L1's terminals is L2's, the CT at L2's terminals is L1's" in cure


def test_cts_that_went_round_show_in_phases_and_power_factor() -> None:
    outcomes = judged(moved(2, 3, 1))
    assert "the CT at L1's terminals is L2's" in (outcomes["phase-order"].cure or "")
    assert outcomes["power-factor"].passed is False


def test_all_turned_round_is_power_out_of_the_site() -> None:
    assert "power flows out of the site" in (
        judged(turned("l1", "l2", "l3"))["phase-order"].cure or ""
    )


def test_a_phase_without_voltage_is_named_with_its_current() -> None:
    outcome = judged(dead("l3"))["phase-voltages"]
    assert outcome.passed is False
    assert "L3 has" in outcome.why and "no voltage" in outcome.why
    assert "fuse" in (outcome.cure or "")


def test_a_phase_without_current_is_named() -> None:
    outcome = judged(lambda values: dict(values) | {"current_l1": 0.0, "active_power_l1": 0.0})[
        "load"
    ]
    assert outcome.passed is False
    assert "short-circuiting link" in (outcome.cure or "")


def test_a_phase_on_the_neutrals_terminal_is_no_nominal_voltage() -> None:
    outcome = judged(lambda values: dict(values) | {"voltage_l1": 400.0, "voltage_l2": 0.9})
    assert outcome["phase-voltages"].passed is False


def test_without_load_directions_are_not_judged() -> None:
    outcomes = judged(load_w=0)
    assert outcomes["phase-voltages"].passed
    for check in ("load", "phase-order", "power-factor"):
        assert outcomes[check].passed is None
        assert "miners" in (outcomes[check].cure or "")


def test_a_current_beyond_the_transformer_is_said() -> None:
    outcome = judged(lambda values: dict(values) | {"current_l1": 1500.0})["plausible"]
    assert outcome.passed is False
    assert "CT's plate" in (outcome.cure or "")


def test_a_lagging_load_of_few_volt_amperes_is_not_taken_for_an_exchange() -> None:
    """From 0.97 leading to 0.8 lagging."""
    for degrees in range(-14, 37, 5):
        factor = math.cos(math.radians(degrees))
        assert [each.is_right for each in explanations([factor] * 3)] == [True]


def test_three_wires_are_judged_between_lines() -> None:
    played = meter("schneider-pm5560", wiring="3P3W", vt=(10000, 100), ct=(100, 5))
    outcomes = {
        each.check: each for each in wiring.judged(reading(played), (100, 5), Fraction(100))
    }
    assert outcomes["phase-voltages"].passed and "L12" in outcomes["phase-voltages"].why
    assert outcomes["phase-order"].passed is None
    assert outcomes["power-factor"].passed
