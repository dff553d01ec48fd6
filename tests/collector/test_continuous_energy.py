"""Energy over periods in which registers roll over, go back, jump, or change their ratio."""

from fractions import Fraction
from typing import Any

import pytest
from checks_control import LATE_MS, Control
from collector_world import SITE
from sqlalchemy import insert

from collector.checks import meters
from collector.checks.allocation import PeriodResult
from collector.checks.codes import Code, Severity
from collector.intervals.energy import MeteredEnergy, energy_between
from collector.storage import reading
from collector.storage.tables import register_event
from collector.words.of_findings import finding_text

GATEWAY = bytes(8)
MODULUS_WH = 10_000


def able(control: Control, wiring_wh: int = 1000) -> dict[str, Any]:
    """A register that rolls over, behind wiring that carries so much in a period."""
    greatest_w = Fraction(wiring_wh * 3_600_000, control.period_ms)
    return {"modulus": str(1000 * MODULUS_WH), "greatest_w": str(greatest_w)}


def period(control: Control, *registers: str, **known: Any) -> PeriodResult:
    """Close a period with these registers in Wh, evenly over it, in frames 1, 2, 3 …"""
    for number, energy_wh in enumerate(registers):
        at_ms = control.start_ms + number * control.period_ms // (len(registers) - 1)
        place: dict[str, Any] = {"gateway": GATEWAY, "slot": 0, "epoch": 1, "record": 0}
        place |= {"seq": 10 * number + 1, "position": 10 * number + 1}
        control.register(at_ms, energy_wh, **(able(control) | place | known))
    [result] = control.run(control.start_ms + control.period_ms + LATE_MS)
    return result


def seen_ms(control: Control) -> int:
    return control.start_ms + control.period_ms // 4


def saw(
    control: Control,
    seq: int,
    before: int | None,
    after: int | None,
    quantity: str = "active_energy_import",
) -> None:
    """A gateway's event of a register that went back, in Wh."""
    row = {
        "position": seq,
        "record": 0,
        "gateway": GATEWAY,
        "epoch": 1,
        "seq": seq,
        "meter": "feeder",
        "quantity": quantity,
        "at_ms": seen_ms(control),
        "before": None if before is None else 1000 * before,
        "after": None if after is None else 1000 * after,
        "before_quantum": "1/1000",
        "after_quantum": None,  # the snapshots'
    }
    with control.world.engine.begin() as connection:
        connection.execute(insert(register_event).values(row))


def codes(control: Control) -> list[Code]:
    return [finding.code for finding in control.findings()]


def test_a_rollover_between_the_boundaries_is_measured_exactly(control: Control) -> None:
    control.allow(control.start_ms, "0.0001")
    result = period(control, "9990.5", "9999.999", "0", "90.499")
    assert (result.outcome, result.measured_wh) == ("within", Fraction("99.999"))
    [finding] = control.findings()
    assert (finding.code, finding.severity, finding.subject) == (
        Code.ROLLOVER,
        Severity.NOTE,
        "feeder",
    )
    assert (finding.details["before"], finding.details["after"]) == ("9999999/1000", "0")
    assert finding.details["sites"] == [SITE]
    assert "rolled over from 9 999.999 Wh to 0 Wh" in finding_text("en", finding).replace(
        "\N{NARROW NO-BREAK SPACE}", " "
    )


def test_a_rollover_can_breach(control: Control) -> None:
    control.allow(control.start_ms, "0.0001")
    result = period(control, "9990", "90.001")
    assert (result.outcome, result.measured_wh) == ("breach", Fraction("100.001"))


@pytest.mark.parametrize(
    ("registers", "known", "verdict", "code"),
    [
        (["5000", "0", "5100"], {}, "reset", Code.REGISTER_RESET),
        (["5000", "5020", "4990", "5100"], {"modulus": None}, "reset", Code.REGISTER_RESET),
        (["5000", "5020", "5101"], {"greatest_w": "60"}, "jump", Code.REGISTER_JUMP),
    ],
)
def test_what_went_wrong_between_two_good_boundaries_leaves_a_period_unmeasured(
    control: Control, registers: list[str], known: dict[str, Any], verdict: str, code: Code
) -> None:
    control.allow(control.start_ms, "100")
    result = period(control, *registers, **known)
    assert (result.outcome, result.measured_wh) == ("unmeasured", None)
    assert result.missing == ()
    assert verdict in [entry.verdict for entry in result.breaks]
    assert codes(control)[0] is Code.UNMEASURED
    assert code in codes(control)
    [unmeasured] = [entry for entry in control.findings() if entry.code is Code.UNMEASURED]
    word = {"reset": "register reset", "jump": "register jumped"}[verdict]
    assert f"{word} (feeder, " in finding_text("en", unmeasured)


def test_the_frames_of_a_break_are_those_of_the_period(control: Control) -> None:
    result = period(control, "5000", "4000", "4100", modulus=None)
    assert result.positions == (1, 11)
    [reset] = [entry for entry in control.findings() if entry.code is Code.REGISTER_RESET]
    assert reset.details["positions"] == [1, 11]
    assert (reset.details["before"], reset.details["after"]) == ("5000", "4000")


def test_across_another_ratio_a_period_is_unmeasured(control: Control) -> None:
    middle = control.start_ms + control.period_ms // 2
    control.register(control.start_ms, "5000", ratio="80")
    control.register(middle, "5010", ratio="80", position=2)
    control.register(control.start_ms + control.period_ms, "5020", ratio="100", position=3)
    [result] = control.run(control.start_ms + control.period_ms + LATE_MS)
    assert [entry.verdict for entry in result.breaks] == ["ratio_changed"]
    [_, found] = control.findings()
    assert (found.details["before"], found.details["after"]) == ("80", "100")
    assert "ratio of feeder is 100, not 80" in finding_text("en", found)


def test_a_broken_period_waits_for_nothing(control: Control) -> None:
    result = period(control, "5000", "0", "5100")
    later = control.start_ms + control.period_ms + 2 * LATE_MS
    control.register(later + control.period_ms, "6000")
    assert control.run(later)[0] == result


# --- what a gateway saw of the register


def test_a_reset_cites_the_gateways_event(control: Control) -> None:
    saw(control, 5, 5003, 0)
    result = period(control, "5000", "100", "200", modulus=None)
    assert result.positions == (1, 5, 11)
    assert result.breaks[0].at_ms == seen_ms(control)


def test_a_rollover_cites_it_too(control: Control) -> None:
    saw(control, 5, 9999, 1)
    result = period(control, "9990", "10", "20")
    assert result.measured_wh == 30
    [rollover] = [entry for entry in control.findings() if entry.code is Code.ROLLOVER]
    assert rollover.details["positions"] == [1, 5, 11]


def test_a_reset_that_the_snapshots_hide_is_told_by_the_event(control: Control) -> None:
    """Back to zero and beyond where it was, all within one interval."""
    saw(control, 5, 5003, 0)
    known = able(control, 37_000) | {"modulus": None}
    result = period(control, "5000", "5100", "5200", **known)
    assert result.outcome == "unmeasured"
    assert [entry.verdict for entry in result.breaks] == ["reset"]


def test_a_rollover_that_the_snapshots_hide_is_measured_by_the_event(control: Control) -> None:
    saw(control, 5, MODULUS_WH - 1, 0)
    result = period(control, "6000", "6500", "6501", **able(control, 30_000))
    assert result.measured_wh == MODULUS_WH + 501


@pytest.mark.parametrize("part", ["active_energy_import_t1", "active_energy_import_t2"])
def test_a_part_of_a_sum_that_was_cleared_is_told_by_the_event(control: Control, part: str) -> None:
    """Of 5000 Wh the 40 of one tariff: the sum is beyond where it was at the next boundary."""
    saw(control, 5, 40, 0, part)
    result = period(control, "5000", "5100", "5200", modulus=None)
    assert result.outcome == "unmeasured"
    assert [entry.verdict for entry in result.breaks] == ["reset"]


@pytest.mark.parametrize(("seq", "before"), [(25, 5003), (5, None)])
def test_an_event_of_another_place_or_without_a_number_changes_nothing(
    control: Control, seq: int, before: int | None
) -> None:
    saw(control, seq, before, 0)
    result = period(control, "5000", "5100", "5200", modulus=None)
    assert result.measured_wh == 200


# --- when the boundaries were read


def test_a_reading_before_a_late_boundary_is_no_register_that_went_back(control: Control) -> None:
    """The snapshot of a boundary was read after the reading that a command asked for."""
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.register(start, "5010", offset_ms=1500)
    control.register(start + 1000, "5005", position=2, kind="reading")
    control.register(end, "5110", position=3)
    [result] = control.run(end)
    assert result.measured_wh == 100


def test_the_error_of_every_boundary_is_told_and_decides_nothing(control: Control) -> None:
    start, end = control.start_ms, control.start_ms + control.period_ms
    control.allow(start, "0.0001")
    control.register(start, "5000", offset_ms=100)
    control.register(end, "5100.001", offset_ms=-200)
    with reading(control.world.engine) as connection:
        energy = energy_between(connection, "feeder", start, end)
    assert isinstance(energy, MeteredEnergy)
    power_per_ms = energy.energy_wh / (control.period_ms - 300)
    assert energy.error_wh == 0
    assert energy.boundary_error_wh == 300 * power_per_ms
    [result] = control.run(end)
    assert result.outcome == "breach"
    assert result.boundary_error_wh == energy.boundary_error_wh


# --- the running period


def used_wh(control: Control, energy_wh: int) -> Fraction | None:
    now_ms = control.start_ms + control.period_ms // 2
    control.point("feeder", now_ms, 1e3, energy_wh)
    view = control.world.registry.view()
    with reading(control.world.engine) as connection:
        metered = view.delivery_meters(SITE, now_ms)
        draw = meters.draw(connection, view, control.series, metered, control.start_ms, now_ms)
    return None if draw is None else draw.used_wh


@pytest.mark.parametrize(
    ("registers", "now_wh", "expected"),
    [
        (["9990"], 15, 25),
        (["9990", "5"], 15, 25),
        (["9990"], 9991, 1),
        (["5000"], 0, None),
        (["5000", "0"], 5001, None),
    ],
)
def test_energy_used_so_far_follows_the_register(
    control: Control, registers: list[str], now_wh: int, expected: int | None
) -> None:
    for number, energy_wh in enumerate(registers):
        at_ms = control.start_ms + number * control.period_ms // 4
        control.register(at_ms, energy_wh, **able(control), position=number + 1)
    assert used_wh(control, now_wh) == expected


def test_a_value_from_before_the_boundary_was_read_has_used_nothing(control: Control) -> None:
    control.register(control.start_ms, "5000", offset_ms=control.period_ms)
    assert used_wh(control, 4999) == 0
