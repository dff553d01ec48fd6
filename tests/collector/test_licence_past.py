"""Load without a valid licence that no look saw: its data came late."""

import pytest
from checks_control import Control
from collector_world import LICENCE, NOW_MS, SITE
from licence_night import TENANT, licence, suspended, tenants

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.licence_past import judge_site
from collector.checks.states import Scene
from collector.model.records import Record, Site
from collector.storage import reading

MINING_W = 720_000.0
"""200 Wh a second."""


class Past:
    """Boundaries of intervals, and samples each tenth of one, that came when it was over."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.interval_ms = control.market.interval_s * 1000
        self.step_ms = self.interval_ms // 10

    def at(self, intervals: float) -> int:
        return self.control.start_ms + round(intervals * self.interval_ms)

    def registers(self, *loads: int, meter: str = "feeder") -> None:
        """From the first boundary on, one of the next interval: how many tenths were mined."""
        energy_wh = 5000
        for place, tenths in enumerate((0, *loads)):
            energy_wh += round(MINING_W * tenths * self.step_ms / 3_600_000)
            self.control.register(self.at(place), str(energy_wh), meter, position=place + 1)

    def samples(self, first: float, last: float, power_w: float = MINING_W) -> None:
        for at_ms in range(self.at(first), self.at(last), self.step_ms):
            self.control.point("feeder", at_ms, power_w)

    def found(self, intervals: float) -> list[Finding]:
        control = self.control
        view = control.world.registry.view()
        with reading(control.world.engine) as connection:
            scene = Scene(connection, view, control.series, self.at(intervals), 0)
            site = view.one(Site, SITE)
            return [scene.finding(state) for state in judge_site(scene, site)]


@pytest.fixture
def past(control: Control) -> Past:
    return Past(control)


def record(past: Past, *records: Record) -> None:
    past.control.world.registry.record(records, bytes(32), NOW_MS)


def test_load_that_came_late_is_found_from_its_first_sample_to_its_last(past: Past) -> None:
    record(past, LICENCE.model_copy(update={"valid_until": NOW_MS}))
    past.registers(0, 5, 10, 4, 0, 0)
    past.samples(0, 1.5, 0.0)
    past.samples(1.5, 3.4)
    past.samples(3.4, 6, 0.0)
    [finding] = past.found(6)
    assert (finding.code, finding.subject) == (Code.UNLICENSED_LOAD, SITE)
    assert finding.first_ms == past.at(1.5)
    assert finding.last_ms == past.at(3.4) - past.step_ms


def test_without_samples_the_registers_say_in_which_intervals(past: Past) -> None:
    record(past, LICENCE.model_copy(update={"valid_until": NOW_MS}))
    past.registers(0, 5, 10, 4, 0)
    [finding] = past.found(5)
    assert (finding.first_ms, finding.last_ms) == (past.at(1), past.at(4))
    assert finding.details["positions"] == [2, 5]


def test_a_suspension_that_began_and_ended_in_the_past(past: Past) -> None:
    """Load was on all the time: it is found from its first second to its last."""
    record(past, licence(), suspended(past.at(1.6), past.at(3.2)))
    past.registers(10, 10, 10, 10, 10)
    past.samples(0, 5)
    [finding] = past.found(5)
    assert (finding.code, finding.first_ms) == (Code.SUSPENDED_LOAD, past.at(1.6))
    assert finding.last_ms == past.at(3.2) - past.step_ms


def test_what_may_all_have_been_drawn_while_it_was_allowed_is_no_finding(past: Past) -> None:
    """The licence ended inside the interval, and no sample says when the energy was drawn."""
    record(past, LICENCE.model_copy(update={"valid_until": past.at(1.5)}))
    past.registers(10, 5, 0, 0)
    assert past.found(4) == []


def test_what_was_found_when_it_was_so_is_not_found_again(past: Past) -> None:
    record(past, LICENCE.model_copy(update={"valid_until": NOW_MS}))
    past.samples(0, 2)
    past.control.run(past.at(2) - past.step_ms)
    before = past.control.findings()
    assert [each.code for each in before] == [Code.UNLICENSED_LOAD]
    past.registers(10, 10, 0, 0)
    assert past.found(4) == []


def test_to_look_again_finds_the_same(past: Past) -> None:
    record(past, LICENCE.model_copy(update={"valid_until": NOW_MS}))
    past.registers(0, 5, 10, 0, 0)
    past.samples(1.5, 3)
    for _ in range(2):
        past.control.run(past.at(60))
        past.control.restart()
    found = [each for each in past.control.findings() if each.code is Code.UNLICENSED_LOAD]
    assert [(each.first_ms, each.last_ms) for each in found] == [
        (past.at(1.5), past.at(3) - past.step_ms)
    ]


def test_a_tenants_load_of_the_past_is_his(past: Past) -> None:
    record(past, licence(), *tenants(2))
    past.registers(10, 10)
    past.registers(0, 10, meter="stage-2")
    [finding] = past.found(3)
    assert (finding.code, finding.subject) == (Code.TENANT_LOAD, f"{SITE}/{TENANT}")
    assert (finding.first_ms, finding.last_ms) == (past.at(1), past.at(2))


@pytest.mark.parametrize("tenths", [0, 10])
def test_a_licensed_site_has_no_such_past(past: Past, tenths: int) -> None:
    past.registers(tenths, tenths)
    assert past.found(3) == []
