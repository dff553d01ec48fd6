"""Verified drops at the simulator's plant: miners with noise, a feeder with losses, relays."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from collector_world import NOW_MS, World
from order_night import APPLIED, FAILED, SECOND, Night, issued

from collector.model.order import DropCause, DropResult, Step
from collector.orders.order import Order
from collector.series.store import Point
from simulator.plant import FEEDER, SitePlant
from simulator.relays import Relay
from simulator.stage import StageRating

RATED_W = {1: 600_000, 2: 1_500_000}
BEGUN_S = -60
METERS: dict[str, int | str] = {"feeder": FEEDER, "stage-1": 1, "stage-2": 2}


@dataclass
class Mine:
    """The plant behind the night's meters; `stuck`: stages whose contacts do not move."""

    night: Night
    folder: Path
    stuck: set[int] = field(default_factory=set)
    plant: SitePlant = field(init=False)
    relays: dict[int, Relay] = field(init=False)
    second: int = BEGUN_S

    def __post_init__(self) -> None:
        ratings = [StageRating(stage, rated_w, 2.0) for stage, rated_w in RATED_W.items()]
        self.plant = SitePlant("mine", ratings, 10_000, seed=7, start_s=BEGUN_S, noise=0.01)
        self.plant.energise(BEGUN_S)
        self.relays = {
            stage: Relay(
                self.plant, stage, self._wire("out", stage), self._wire("in", stage), Random(7)
            )
            for stage in RATED_W
        }
        for stage in RATED_W:
            self.drive(stage, closed=True)

    def _wire(self, kind: str, stage: int) -> Path:
        return self.folder / f"{kind}-{stage}"

    def drive(self, stage: int, *, closed: bool) -> None:
        """The gateway's output."""
        self._wire("out", stage).write_bytes(b"1" if closed else b"0")

    def contact(self, stage: int) -> bool:
        return self._wire("in", stage).read_bytes() == b"1"

    def run(self, until_s: int) -> None:
        """Every meter is sampled once a second, as its gateway would."""
        while self.second < until_s:
            self.second += 1
            for tenth in range(10):
                for stage, relay in self.relays.items():
                    if stage not in self.stuck:
                        relay.poll(self.second - 1 + tenth / 10)
            self.plant.advance(self.second)
            at_ms = NOW_MS + self.second * SECOND
            self.night.series.write(
                [
                    Point(
                        name,
                        at_ms,
                        {
                            "active_power": self.plant.power_milliwatt(point) / 1000,
                            "voltage_l1": self._voltage_v(point),
                        },
                        1,
                        Fraction(0),
                    )
                    for name, point in METERS.items()
                ]
            )

    def _voltage_v(self, point: int | str) -> float:
        if not self.plant.energised:
            return 0.0
        return float(self.plant.values(point, 230)["voltage_l1"])

    def obey(self, order: Order) -> Order:
        """The order's stage is opened at 4 s; its gateway says what the contact says."""
        self.run(4)
        self.drive(1, closed=False)
        self.run(5)
        if self.contact(1):
            self.night.answer(order, FAILED, at_s=5, reason="contact")
        else:
            self.night.moved(1, is_closed=False, at_s=4.1, order=order)
            self.night.answer(order, APPLIED, at_s=4.1)
        self.run(20)
        return self.night.at(20).order()


@pytest.fixture
def mine(tmp_path: Path) -> Mine:
    night = Night(World.make(tmp_path), tmp_path)
    night.now_ms = NOW_MS - 59 * SECOND
    made = Mine(night, tmp_path)
    night.moved(1, is_closed=True, at_s=-59, cause="ramp")
    return made


def judged(order: Order) -> tuple[DropResult | None, object]:
    part = order.parts[0]
    return part.result, part.steps[part.step].details.get("cause")


def test_a_stage_that_opens_is_a_full_drop_at_both_places(mine: Mine) -> None:
    order = mine.obey(issued(mine.night))
    assert judged(order) == (DropResult.FULL, None)
    details = order.steps[Step.VERIFIED].details
    assert details["stage_before_w"] == pytest.approx(600_000, rel=0.05)
    assert details["boundary_drop_w"] == pytest.approx(600_000, rel=0.05)
    assert details["sigma_w"] * 5 < details["stage_before_w"]


def test_a_contact_that_is_stuck_is_welded(mine: Mine) -> None:
    mine.run(1)
    order = issued(mine.night)
    mine.stuck.add(1)
    assert judged(mine.obey(order)) == (DropResult.NONE, DropCause.WELDED_CONTACT)


def test_load_that_a_bus_tie_takes_to_another_feed_is_moved(mine: Mine) -> None:
    order = issued(mine.night)
    mine.run(4)
    mine.plant.set_load(2, RATED_W[2] + 600_000)
    assert judged(mine.obey(order)) == (DropResult.NONE, DropCause.MOVED)


def test_a_feeder_that_loses_its_supply_earns_no_credit(mine: Mine) -> None:
    order = issued(mine.night)
    mine.run(4)
    mine.plant.energised = False
    assert judged(mine.obey(order)) == (DropResult.UNVERIFIABLE, DropCause.BLACKOUT)


def test_load_behind_the_contact_that_comes_back_is_a_rebound(mine: Mine) -> None:
    """Somebody closes the breaker by hand, and its contact says so."""
    mine.obey(issued(mine.night))
    mine.drive(1, closed=True)
    mine.run(60)
    mine.night.moved(1, is_closed=True, at_s=20.1, cause="local")
    order = mine.night.at(60).order()
    assert order.step is Step.REBOUNDED
    assert judged(order) == (DropResult.NONE, DropCause.WELDED_CONTACT)
