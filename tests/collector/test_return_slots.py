"""A hundred gateways that return by themselves never exceed the zone's cap, however they start."""

import random
from dataclasses import dataclass

import pytest
from collector_world import BIN, NOW_MS, ZONE, World, gateway_record, meter_record, signer_for
from collector_world import TestGateway as Gateway
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.evidence.cose import ContentType, parse
from collector.evidence.downlink import Role
from collector.evidence.keys import PrivateKey
from collector.model.records import DeliveryPoint, Site, Stage, ZoneRamp
from collector.model.return_slots import MINUTE_MS, Slots, lay
from collector.orders.ramp import Ramp, Wave
from collector.registry.configuration import compile_configuration
from collector.registry.return_slots import held_otherwise, return_slots
from collector.registry.view import View
from collector.storage import reading

SLOT_MS, FOR_CLOCK_MS = 2_000, 60_000
START_APART_MS = 10_000
CLOCK_ERROR_MS = 5_000
TICK_MS = 25
LOADS = st.lists(st.integers(1, 500), min_size=1, max_size=100)
Move = tuple[int, int]


@dataclass(frozen=True)
class Supply:
    """When supply comes back at a gateway, what its clock says more than it is, or that it has
    none; how long its stage has to rest.
    """

    start_ms: int
    error_ms: int | None
    rest_ms: int


def returns_ms(cycle_ms: int, offset_ms: int, supply: Supply) -> int:
    """When a stage closes: a model of the firmware's rule (docs/stages.md)."""
    ahead_ms = -supply.start_ms - FOR_CLOCK_MS if supply.error_ms is None else supply.error_ms
    at_ms = max(supply.start_ms + supply.rest_ms, -ahead_ms)
    phase_ms = (at_ms + ahead_ms - offset_ms) % cycle_ms
    return at_ms if phase_ms < SLOT_MS else at_ms + cycle_ms - phase_ms


def most_in_a_minute(moves: list[Move]) -> int:
    moves = sorted(moves)
    most = first = total = 0
    for at_ms, load_w in moves:
        total += load_w
        while moves[first][0] <= at_ms - MINUTE_MS:
            total -= moves[first][1]
            first += 1
        most = max(most, total)
    return most


def moved(slots: Slots, loads: dict[int, int], supplies: list[Supply], dice: random.Random) -> int:
    moves = [
        (
            returns_ms(slots.cycle_ms, slots.offsets_ms[key], supply) + dice.randint(0, TICK_MS),
            loads[key],
        )
        for key, supply in zip(loads, supplies, strict=True)
    ]
    return most_in_a_minute(moves)


@settings(max_examples=150, deadline=None)
@given(LOADS, st.integers(500, 2000), st.randoms(use_true_random=False), st.booleans())
def test_they_never_exceed_it_whether_they_know_the_time_or_not(
    loads: list[int], cap: int, dice: random.Random, is_known: bool
) -> None:
    """Without: they start together, within 10 s. With: whenever each starts, by a clock that is up
    to 5 s wrong.
    """
    slots = lay(dict(enumerate(loads)), cap)
    supplies = []
    for _ in loads:
        start_ms = dice.randint(0, 3_600_000 if is_known else START_APART_MS)
        error_ms = dice.randint(-CLOCK_ERROR_MS, CLOCK_ERROR_MS) if is_known else None
        supplies.append(Supply(start_ms, error_ms, dice.choice((0, 300_000))))
    assert moved(slots, dict(enumerate(loads)), supplies, dice) <= cap


def test_all_without_slots_would() -> None:
    """So the test above can fail."""
    slots = Slots(1, dict.fromkeys(range(100), 0))
    supplies = [Supply(0, None, 0)] * 100
    assert moved(slots, dict.fromkeys(range(100), 10), supplies, random.Random(1)) == 1000


@given(LOADS, st.integers(20, 2000))
def test_only_a_stage_that_is_more_by_itself_exceeds_it_and_returns_alone(
    loads: list[int], cap: int
) -> None:
    slots = lay(dict(enumerate(loads)), cap)
    moves = [(slots.offsets_ms[key], load) for key, load in enumerate(loads)]
    again = [(at_ms + slots.cycle_ms, load) for at_ms, load in moves]
    assert most_in_a_minute([*moves, *again]) <= max(cap, *loads)


@given(LOADS, st.integers(500, 2000))
def test_it_takes_no_longer_than_it_must(loads: list[int], cap: int) -> None:
    """Two windows for what fits in one at the worst, and one to the next cycle."""
    window_ms = 75_000
    most_ms = window_ms * (2 * sum(loads) / cap + 2) + len(loads)
    assert lay(dict(enumerate(loads)), cap).cycle_ms <= most_ms


# --- beside orders


@settings(max_examples=100, deadline=None)
@given(
    LOADS,
    st.integers(1000, 4000),
    st.integers(500, 3500) | st.none(),
    st.randoms(use_true_random=False),
)
def test_with_what_orders_give_back_at_the_same_time_they_keep_to_one_cap(
    loads: list[int], cap: int, share: int | None, dice: random.Random
) -> None:
    """Each stage returns by its slot, or by its order, in whatever minute of the same hour."""
    share = None if share is None or share > cap - 500 else share
    rule = ZoneRamp(zone=ZONE, valid_from=0, return_w_per_min=cap, slots_w_per_min=share)
    assert rule.by_itself_w_per_min is not None
    assert rule.ordered_w_per_min is not None
    slots = lay(dict(enumerate(loads)), rule.by_itself_w_per_min)
    ordered = Ramp(rule.ordered_w_per_min, MINUTE_MS)
    start_ms, moves = dice.randint(0, slots.cycle_ms), []
    for key, load_w in enumerate(loads):
        if dice.random() < 0.5:
            supply = Supply(start_ms, dice.randint(-CLOCK_ERROR_MS, CLOCK_ERROR_MS), 0)
            moves.append((returns_ms(slots.cycle_ms, slots.offsets_ms[key], supply), load_w))
        else:
            wave = Wave(((0, load_w),), dice.randint(0, 20_000))
            at_ms = ordered.first(wave, start_ms)
            ordered.add(*wave.spans(at_ms))
            moves.append((at_ms + dice.randint(0, wave.spread_ms), load_w))
    assert most_in_a_minute(moves) <= cap


@pytest.mark.parametrize("share", [2_000_000, 3_000_000])
def test_a_share_that_leaves_orders_nothing_is_refused(share: int) -> None:
    with pytest.raises(ValueError, match="state less"):
        ZoneRamp(zone=ZONE, valid_from=0, return_w_per_min=2_000_000, slots_w_per_min=share)


# --- out of the register


def stage(number: int, rated_w: int | None = None, feeder: str | None = None) -> Stage:
    return Stage(
        id=number,
        name="hall",
        output=number,
        min_off_ms=0,
        min_on_ms=0,
        confirm_ms=1000,
        rated_w=rated_w,
        feeder=feeder,
    )


def site(name: str, gateway: str, *stages: Stage) -> Site:
    return Site(name=name, licensee=BIN, zone=ZONE, gateway=gateway, stages=stages)


def test_stages_count_as_rated_else_as_all_that_their_site_may_draw() -> None:
    records = [
        ZoneRamp(zone=ZONE, valid_from=0, return_w_per_min=2_000_000),
        site("a", "00" * 8, stage(1, 400_000), stage(2, 500_000), stage(3)),
        DeliveryPoint(name="p", site="a", capacity_w=900_000, contracted_w=800_000, valid_from=0),
        site("b", "11" * 8, stage(1), stage(2, feeder="line")),
    ]
    slots = return_slots(View(records), ZONE, 1)
    assert slots is not None
    assert slots.offsets_ms == {
        ("a", 1): 0,
        ("a", 2): 30_000,
        ("a", 3): 105_000,
        ("b", 1): 180_000,
        ("b", 2): 255_000,
    }
    assert slots.cycle_ms == 330_000


@pytest.mark.parametrize("bound", [{}, {"shed_step_w": 1}])
def test_a_zone_without_a_cap_of_return_has_no_slots(bound: dict[str, int]) -> None:
    assert return_slots(View([ZoneRamp(zone=ZONE, valid_from=0, **bound)]), ZONE, 1) is None


def test_a_gateways_configuration_has_the_slots_of_its_stages() -> None:
    gateway = Gateway()
    name = gateway.id.hex()
    records = [
        site("a", "00" * 8, stage(1, 600_000)),
        site("b", name, stage(1, 600_000), stage(2, 100_000)),
        gateway_record(gateway, "b"),
        meter_record(gateway, "m", 0, "delivery", "b"),
    ]
    signer = signer_for(PrivateKey.generate(), Role.CONFIGURATION)

    def stages(*more: ZoneRamp) -> list[object]:
        message = compile_configuration(View([*records, *more]), name, 1, signer)
        body = parse(message, ContentType.CONFIGURATION).payload
        return [each.get(10) for each in body[9]]

    assert stages() == [None, None]
    ramp = ZoneRamp(zone=ZONE, valid_from=0, return_w_per_min=2_000_000)
    assert stages(ramp) == [[195_000, 75_000], [195_000, 120_000]]


def test_who_holds_other_slots_than_are_laid_out_now_is_named(world: World) -> None:
    """Until all of a zone are configured anew, old slots and new ones lie beside each other."""
    other = Gateway()
    records = [site("a", other.id.hex(), stage(1, 600_000)), gateway_record(other, "a")]
    world.registry.record(
        [*records, meter_record(other, "z", 0, "delivery", "a")], bytes(32), NOW_MS
    )

    def found() -> list[str]:
        with reading(world.engine) as connection:
            return held_otherwise(connection, world.registry.view(), ZONE, NOW_MS)

    world.configure(other, NOW_MS)
    assert found() == []
    ramp = ZoneRamp(zone=ZONE, valid_from=0, return_w_per_min=2_000_000)
    world.registry.record([ramp], bytes(32), NOW_MS)
    assert {*found()} == {other.id.hex(), world.gateway.id.hex()}
    world.configure(other, NOW_MS + 1)
    assert found() == [world.gateway.id.hex()]
    world.configure(world.gateway, NOW_MS + 1)
    assert found() == []
