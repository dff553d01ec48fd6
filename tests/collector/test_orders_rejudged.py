"""A cut that holds is judged again until it is released; contacts, trips and blackouts with it."""

from fractions import Fraction

import pytest
from collector_world import NOW_MS, World
from order_night import APPLIED, FAILED, RESTORED, SECOND, STAGE_W, Night, issued

from collector.checks import findings
from collector.checks.codes import Code
from collector.model.order import DropCause, DropResult, Step
from collector.orders.drop.compensation import avoided
from collector.orders.order import Order
from collector.series.store import Point
from collector.storage import reading

LOOK_S = 30


@pytest.fixture
def alone(tmp_path: object, request: pytest.FixtureRequest) -> Night:
    """On SQLite only: what is judged does not differ."""
    path = request.getfixturevalue("tmp_path")
    return Night(World.make(path), path)


def judged(order: Order) -> tuple[Step, DropResult | None, object]:
    part = order.parts[0]
    return part.step, part.result, part.steps[part.step].details.get("cause")


def test_load_that_comes_back_while_the_order_holds_is_a_rebound(alone: Night) -> None:
    alone.cut()
    alone.measure(15, 60, on=("stage-2",))
    assert judged(alone.at(60).order()) == (Step.VERIFIED, DropResult.FULL, None)
    alone.measure(60, 120)
    order = alone.at(120).order()
    assert judged(order) == (Step.REBOUNDED, DropResult.NONE, DropCause.BYPASS)
    assert order.steps[Step.REBOUNDED].details["stage_after_w"] == 600_000
    alone.measure(120, 180, on=("stage-2",))
    assert judged(alone.at(180).order()) == (Step.VERIFIED, DropResult.FULL, None)


def test_a_rebound_is_not_taken_twice_for_what_has_not_changed(alone: Night) -> None:
    alone.cut()
    alone.measure(15, 240)
    for second in range(16, 240, 5):
        alone.at(second)
    steps = [record.step for record in alone.order().parts[0].history]
    assert steps.count(Step.REBOUNDED) == 1
    assert steps.count(Step.VERIFIED) == 1


def test_it_is_looked_at_as_often_as_the_policy_says(alone: Night) -> None:
    alone.cut()
    alone.measure(15, 35, on=("stage-2",))
    alone.at(35)
    alone.measure(35, 65)
    assert alone.at(35 + LOOK_S - 1).order().step is Step.VERIFIED
    assert alone.at(35 + LOOK_S).order().step is Step.REBOUNDED


def test_a_meter_that_falls_silent_while_the_order_holds_is_told_and_heard_again(
    alone: Night,
) -> None:
    alone.cut()
    verdict = judged(alone.at(100).order())
    assert verdict == (Step.VERIFIED, DropResult.UNVERIFIABLE, DropCause.SILENT_METER)
    silent = alone.order().steps[Step.VERIFIED].details["silent"]
    assert silent == ["feeder", "stage-1"]
    alone.measure(100, 140, on=("stage-2",))
    assert judged(alone.at(140).order()) == (Step.VERIFIED, DropResult.FULL, None)


def test_a_drop_that_nobody_can_tell_is_paged(alone: Night) -> None:
    alone.cut()
    alone.at(100)
    assert not pages(alone.at(159.9))
    assert pages(alone.at(160)) == ["unverifiable"]


def pages(night: Night) -> list[str]:
    with reading(night.world.engine) as connection:
        found = findings.unsettled(connection, Code.ORDER_OVERDUE)
    return [situation for each in found for situation in each.details["situation"]]


def test_contact_that_stays_closed_with_the_load_on_is_welded(alone: Night) -> None:
    order = issued(alone)
    alone.moved(1, is_closed=True, at_s=-100)
    alone.answer(order, FAILED, at_s=4, reason="contact")
    alone.measure(-30, 15)
    order = alone.at(15).order()
    assert judged(order) == (Step.VERIFIED, DropResult.NONE, DropCause.WELDED_CONTACT)


def test_contact_open_with_the_load_on_is_a_bypass(alone: Night) -> None:
    order = alone.cut(on_after=("stage-1", "stage-2"))
    assert judged(order) == (Step.VERIFIED, DropResult.NONE, DropCause.BYPASS)


def test_stage_that_was_off_is_said_to_be_off(alone: Night) -> None:
    alone.answer(issued(alone), APPLIED, at_s=4)
    alone.measure(-30, 76, on=("stage-2",))
    order = alone.at(15).order()
    assert judged(order) == (Step.VERIFIED, DropResult.UNVERIFIABLE, DropCause.ALREADY_OFF)
    assert not pages(alone.at(76))


def test_trip_shortly_before_the_order_earns_no_credit(alone: Night) -> None:
    order = issued(alone)
    alone.moved(1, is_closed=False, at_s=2, cause="local")
    alone.answer(order, APPLIED, at_s=4)
    alone.measure(-30, 2)
    alone.measure(2, 15, on=("stage-2",))
    order = alone.at(15).order()
    assert judged(order) == (Step.VERIFIED, DropResult.UNVERIFIABLE, DropCause.PROTECTION_TRIP)


def test_trip_while_the_order_holds_ends_its_credit_until_it_is_cleared(alone: Night) -> None:
    alone.cut()
    alone.interlocked(1, ["tripped"], at_s=20)
    alone.measure(15, 60, on=("stage-2",))
    order = alone.at(60).order()
    assert judged(order) == (Step.VERIFIED, DropResult.UNVERIFIABLE, DropCause.PROTECTION_TRIP)
    alone.interlocked(1, [], at_s=61)
    alone.measure(60, 100, on=("stage-2",))
    assert judged(alone.at(100).order()) == (Step.VERIFIED, DropResult.FULL, None)


def test_contact_that_the_order_opened_is_no_trip(alone: Night) -> None:
    order = issued(alone)
    alone.moved(1, is_closed=False, at_s=3.9, order=order)
    alone.answer(order, APPLIED, at_s=4)
    alone.measure(-30, 4)
    alone.measure(4, 15, on=("stage-2",))
    assert judged(alone.at(15).order()) == (Step.VERIFIED, DropResult.FULL, None)


def volts(night: Night, from_s: int, until_s: int, volts_v: float, on: tuple[str, ...]) -> None:
    for second in range(from_s, until_s):
        loads = {name: STAGE_W[name] * (name in on) for name in STAGE_W}
        loads["feeder"] = sum(loads.values())
        phases = {f"voltage_l{n}": volts_v for n in (1, 2, 3)}
        at_ms = NOW_MS + second * SECOND
        night.series.write(
            [
                Point(name, at_ms, {"active_power": float(watts)} | phases, 1, Fraction(0))
                for name, watts in loads.items()
            ]
        )


def test_a_blackout_during_the_order_ends_its_credit_and_the_return_of_supply_renews_it(
    alone: Night,
) -> None:
    alone.answer(issued(alone), APPLIED, at_s=4)
    volts(alone, -30, 4, 230, ("stage-1", "stage-2"))
    volts(alone, 4, 60, 230, ("stage-2",))
    alone.at(15)
    assert judged(alone.at(60).order()) == (Step.VERIFIED, DropResult.FULL, None)
    volts(alone, 60, 120, 3, ())
    order = alone.at(120).order()
    assert judged(order) == (Step.VERIFIED, DropResult.UNVERIFIABLE, DropCause.BLACKOUT)
    assert order.steps[Step.VERIFIED].details["credited_w"] == 0
    volts(alone, 120, 180, 230, ("stage-2",))
    assert judged(alone.at(180).order()) == (Step.VERIFIED, DropResult.FULL, None)


def test_another_order_that_closes_a_stage_meanwhile_hides_no_drop(alone: Night) -> None:
    """Stage 2 comes back for another order as stage 1 opens: the site falls by half of it."""
    alone.answer(issued(alone), APPLIED, at_s=4)
    alone.measure(-30, 4, on=("stage-1",))
    alone.moved(2, is_closed=True, at_s=5)
    alone.measure(4, 15, on=("stage-2",))
    order = alone.at(15).order()
    assert judged(order) == (Step.VERIFIED, DropResult.FULL, None)
    assert order.steps[Step.VERIFIED].details["boundary_drop_w"] == 600_000


def test_avoided_energy_counts_only_while_the_drop_was_measured(alone: Night) -> None:
    """600 kW from the contact at 4 s; from 90 s on the load was back; it ended at 604 s."""
    order = alone.cut()
    alone.measure(15, 90, on=("stage-2",))
    alone.at(60)
    alone.measure(90, 605)
    alone.at(120)
    alone.at(603)
    alone.answer(order, RESTORED, counter=1, at_s=604)
    part = alone.order().parts[0]
    assert part.step is Step.RESTORED
    found = avoided(part)
    assert found is not None
    [rebound] = [each for each in part.history if each.step is Step.REBOUNDED]
    dropped_ms = rebound.details["after_ms"][0] - (NOW_MS + 4 * SECOND)
    assert found.energy_wh == Fraction(600_000 * dropped_ms, 3_600_000)
    assert (found.measured_ms, found.unmeasured_ms) == (600_000, 0)
