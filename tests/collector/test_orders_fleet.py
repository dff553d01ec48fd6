"""A zone's load is shed in steps and returns by its ramp; all of a zone may be one message."""

from pathlib import Path

import pytest
from collector_world import ZONE
from zone_fleet import STAGE_W, ZoneFleet, most_w

from collector.evidence.cose import ContentType, parse
from collector.model.order import Step
from collector.orders import commands
from collector.series.store import Point
from collector.storage import reading

MINUTE_MS = 60_000


@pytest.fixture
def fleet(tmp_path: Path) -> ZoneFleet:
    return ZoneFleet(tmp_path, 8)


def test_a_shed_goes_in_steps(fleet: ZoneFleet) -> None:
    fleet.ramp(shed_step_w=3 * STAGE_W, shed_step_s=60)
    fleet.order()
    fleet.run(30)
    assert len(fleet.opened) == 3
    fleet.run(170)
    assert len(fleet.opened) == 8
    assert most_w(fleet.opened, MINUTE_MS) <= 3 * STAGE_W


def test_gateways_that_are_away_take_up_their_room_until_they_can_obey_no_more(
    fleet: ZoneFleet,
) -> None:
    """They come back together, and what they do then is within the step."""
    fleet.ramp(shed_step_w=3 * STAGE_W, shed_step_s=60)
    fleet.away = set(fleet.gateways[:3])
    fleet.order()
    fleet.run(60)
    assert fleet.opened == []
    fleet.away = set()
    fleet.run(240)
    assert len(fleet.opened) == 8
    assert most_w(fleet.opened, MINUTE_MS) <= 3 * STAGE_W


def test_a_release_goes_by_the_ramp(fleet: ZoneFleet) -> None:
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order()
    fleet.run(20)
    fleet.release()
    fleet.run(330)
    assert len(fleet.closed) == 8
    assert most_w(fleet.closed, MINUTE_MS) <= 2 * STAGE_W
    assert fleet.night.order().step is Step.RESTORED


def test_of_the_cap_orders_leave_the_slots_their_share(fleet: ZoneFleet) -> None:
    fleet.ramp(return_w_per_min=4 * STAGE_W, slots_w_per_min=3 * STAGE_W)
    fleet.order()
    fleet.run(20)
    fleet.release()
    fleet.run(100)
    assert most_w(fleet.closed, MINUTE_MS) == STAGE_W


def test_a_shed_goes_by_fixed_moments_where_the_ramp_says_so(fleet: ZoneFleet) -> None:
    """Its bound alone would let the second step go at 35 s, once the first was answered."""
    fleet.ramp(shed_step_w=3 * STAGE_W, shed_step_s=30, shed_every_s=45)
    fleet.order()
    fleet.run(130)
    begins_ms = fleet.opened[0][0]
    moments = [moment - begins_ms for moment, _ in fleet.opened]
    assert moments == [0] * 3 + [45_000] * 3 + [90_000] * 2


def test_the_desk_knows_when_to_look_for_the_next_step(fleet: ZoneFleet) -> None:
    """Also after a look at nothing but news."""
    fleet.ramp(shed_step_w=3 * STAGE_W, shed_step_s=30, shed_every_s=45)
    fleet.order()
    fleet.run(20)
    desk, due_ms = fleet.night.desk, fleet.opened[0][0] + 45_000
    assert not desk.is_awaited(fleet.now_ms)
    desk.run(fleet.now_ms, is_for_news=True)
    assert desk.is_awaited(due_ms)
    fleet.run(40)
    assert len(fleet.opened) == 6


def test_gateways_that_come_back_together_return_by_the_ramp_too(fleet: ZoneFleet) -> None:
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order()
    fleet.run(20)
    fleet.away = set(fleet.gateways)
    fleet.release()
    fleet.run(300)
    assert fleet.closed == []
    fleet.away = set()
    fleet.run(480)
    assert len(fleet.closed) == 8
    assert most_w(fleet.closed, MINUTE_MS) <= 2 * STAGE_W


def test_cuts_that_end_together_end_by_the_ramp_with_the_network_down(fleet: ZoneFleet) -> None:
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order(hold_s=60)
    fleet.run(20)
    end_ms = min(until_ms for until_ms, *_ in fleet.open_until.values())
    fleet.away = set(fleet.gateways)
    fleet.run(300, every_s=60)
    fleet.away = set()
    fleet.run(20)
    assert len(fleet.closed) == 8
    assert min(moment for moment, _ in fleet.closed) == end_ms
    assert most_w(fleet.closed, MINUTE_MS) <= 2 * STAGE_W


@pytest.mark.parametrize("is_released", [True, False])
def test_a_site_that_is_more_than_the_cap_returns_stage_by_stage(
    tmp_path: Path, is_released: bool
) -> None:
    """By a release, and by its own end with the network down."""
    fleet = ZoneFleet(tmp_path, 2, stages=3)
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order(hold_s=3600 if is_released else 60)
    fleet.run(20)
    if is_released:
        fleet.release()
    else:
        fleet.away = set(fleet.gateways)
        fleet.run(240, every_s=60)
        fleet.away = set()
    fleet.run(360, every_s=10)
    assert len(fleet.closed) == 6
    assert most_w(fleet.closed, MINUTE_MS) <= 2 * STAGE_W


def test_an_end_is_never_later_than_the_authority_allows(fleet: ZoneFleet) -> None:
    """Then the first return before it."""
    fleet.night.authorise(max_hold_s=400)
    fleet.ramp(return_w_per_min=2 * STAGE_W)
    fleet.order(hold_s=400)
    fleet.run(20)
    order = fleet.night.order()
    in_force_ms = min(part.steps[Step.NOTIFIED].at_ms for part in order.parts)
    ends = [part.until_ms or 0 for part in order.parts]
    assert max(ends) == in_force_ms + 400_000
    assert most_w([(end, "") for end in ends], MINUTE_MS) <= 2 * STAGE_W


def test_nothing_returns_while_the_frequency_is_low(fleet: ZoneFleet) -> None:
    night = fleet.night
    fleet.ramp(hold_below_mhz=49_900)
    delivery = next(iter(night.world.registry.view().meters_of("site-000", night.now_ms)))
    night.record(delivery.model_copy(update={"serial": "d", "slot": 0, "point": "delivery"}))
    fleet.order()
    fleet.run(20)
    fleet.release()
    for hertz, closed in ((49.85, 0), (49.95, 8)):
        night.series.write([Point("d", fleet.now_ms, {"frequency": hertz, "active_power": 0.0}, 1)])
        fleet.run(20)
        assert len(fleet.closed) == closed


def test_nothing_returns_while_the_zone_draws_too_much(fleet: ZoneFleet) -> None:
    night = fleet.night
    fleet.ramp(hold_above_w=5_000_000)
    delivery = next(iter(night.world.registry.view().meters_of("site-000", night.now_ms)))
    night.record(delivery.model_copy(update={"serial": "d", "slot": 0, "point": "delivery"}))
    fleet.order()
    fleet.run(20)
    fleet.release()
    for power_w, closed in ((5_000_001.0, 0), (5_000_000.0, 8)):
        night.series.write([Point("d", fleet.now_ms, {"active_power": power_w}, 1)])
        fleet.run(20)
        assert len(fleet.closed) == closed


# --- one message for a zone


def test_all_of_a_zone_is_one_message_and_each_gateway_answers_for_its_part(
    fleet: ZoneFleet,
) -> None:
    fleet.away = set(fleet.gateways[:2])
    fleet.order(is_by_zone=True)
    fleet.run(10)
    assert fleet.topics == ["esep/v1/zone/far/command"]
    steps = {part.cut.gateway: part.step for part in fleet.night.order().parts}
    for gateway, step in steps.items():
        assert step is (Step.ISSUED if gateway in fleet.away else Step.CONTACT_CONFIRMED)


def test_whoever_is_silent_gets_the_same_message_on_his_own_topic(fleet: ZoneFleet) -> None:
    fleet.away = set(fleet.gateways[:2])
    fleet.order(is_by_zone=True)
    fleet.run(40)
    own = {f"esep/v1/{gateway}/command" for gateway in fleet.away}
    assert {*fleet.topics} == {"esep/v1/zone/far/command", *own}
    fleet.away = set()
    fleet.run(5)
    assert len(fleet.opened) == 8


def test_the_message_names_the_zone_and_no_stage(fleet: ZoneFleet) -> None:
    fleet.order(is_by_zone=True)
    fleet.night.desk.run(fleet.now_ms)
    fleet.night.desk.run(fleet.now_ms)
    [(_, _, message)] = commands.unsent(fleet.night.world.engine)
    body = parse(message, ContentType.COMMAND).payload
    assert (body[1], body[6]) == ("far", 1)
    assert 7 not in body
    with reading(fleet.night.world.engine) as connection:
        assert commands.times_sent(connection, bytes(32), fleet.gateways[0]) == 0


def test_a_release_after_it_counts_on_at_each_gateway(fleet: ZoneFleet) -> None:
    fleet.order(is_by_zone=True)
    fleet.run(10)
    fleet.release()
    fleet.run(10)
    assert len(fleet.closed) == 8
    counters = [[sent.counter for sent in part.commands] for part in fleet.night.order().parts]
    assert counters == [[1, 2]] * 8
    fleet.order(is_by_zone=True)
    fleet.run(10)
    assert len(fleet.opened) == 16


def test_part_of_a_zone_and_more_than_a_step_go_one_by_one(fleet: ZoneFleet) -> None:
    fleet.ramp(shed_step_w=7 * STAGE_W)
    fleet.order(is_by_zone=True)
    fleet.run(10)
    assert "esep/v1/zone/far/command" not in fleet.topics
    assert len(fleet.opened) == 7


def test_a_site_of_another_zone_gets_its_own_command(fleet: ZoneFleet) -> None:
    view = fleet.night.world.registry.view()
    sites = view.sites_of(view.licensee_id("site-000"), "far")
    fleet.night.record(sites[0].model_copy(update={"zone": ZONE}))
    fleet.order(is_by_zone=True)
    fleet.run(10)
    own = f"esep/v1/{sites[0].gateway}/command"
    assert {*fleet.topics} == {own, "esep/v1/zone/far/command"}
