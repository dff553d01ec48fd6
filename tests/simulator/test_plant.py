"""The physics of a site: energy is conserved and exact, breakers bite, miners come back."""

import itertools
from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.electrical import Line, Value, measured, wired
from simulator.plant import FEEDER, LoadChange, SitePlant
from simulator.stage import STEP_US, StageRating

STEP_S = STEP_US / 1_000_000
RATED_W = 1_200_000
RAMP_S = 8.0
STAGES = (StageRating(1, RATED_W, RAMP_S), StageRating(2, 900_000, RAMP_S))


def plant(
    seed: int = 1, noise: float = 0.0, schedule: Iterable[LoadChange] = (), name: str = "A"
) -> SitePlant:
    return SitePlant(name, STAGES, 40_000, seed=seed, start_s=0.0, schedule=schedule, noise=noise)


def running(noise: float = 0.0) -> SitePlant:
    """A site that has been at full power for long."""
    site = plant(noise=noise)
    site.energise(0.0)
    for stage_id in site.stages:
        site.set_breaker(stage_id, closed=True)
    site.advance(2 * RAMP_S)
    return site


def after(site: SitePlant, steps: int) -> None:
    site.advance(site.time_s + (steps + 0.5) * STEP_S)


events = st.lists(
    st.tuples(
        st.integers(1, 60), st.sampled_from([1, 2]), st.booleans(), st.integers(0, 1_500_000)
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=40)
@given(events=events, noise=st.sampled_from([0.0, 0.002, 0.05]), seed=st.integers(0, 5))
def test_what_the_feeder_delivers_is_what_the_site_takes(
    events: list[tuple[int, int, bool, int]], noise: float, seed: int
) -> None:
    site = plant(seed, noise)
    site.energise(0.0)
    for steps, stage_id, closed, power_w in events:
        site.set_breaker(stage_id, closed=closed)
        site.set_load(stage_id, power_w)
        after(site, steps)
    parts = [site.auxiliary, site.losses]
    energy_wh = sum((Fraction(part.energy, 10**8) for part in parts), Fraction(0))
    energy_wh += sum(site.energy_wh(stage_id) for stage_id in site.stages)
    assert site.energy_wh(FEEDER) == energy_wh
    assert site.energies(FEEDER)["apparent_energy"] >= energy_wh
    power = sum(part.power_milliwatt for part in parts)
    power += sum(site.power_milliwatt(stage_id) for stage_id in site.stages)
    assert site.power_milliwatt(FEEDER) == power


def test_energy_is_the_exact_sum_of_power_over_time() -> None:
    site = running(noise=0.01)
    hours = Fraction(STEP_US, 3_600_000_000)
    for point in (FEEDER, 1):
        total = site.energy_wh(point)
        for _ in range(50):
            after(site, 1)
            total += Fraction(site.power_milliwatt(point), 1000) * hours
        assert site.energy_wh(point) == total


def test_an_open_breaker_cuts_its_stage_at_once_and_no_other() -> None:
    site = running()
    feeder = site.power_milliwatt(FEEDER)
    site.set_breaker(1, closed=False)
    assert site.power_milliwatt(1) == 0
    assert feeder - site.power_milliwatt(FEEDER) > RATED_W * 1000
    after(site, 1)
    assert site.power_milliwatt(1) == 0
    assert site.power_milliwatt(2) == 900_000_000
    assert site.auxiliary.power_milliwatt > 0
    before = site.energy_wh(1)
    after(site, 100)
    assert site.energy_wh(1) == before


def test_a_closed_breaker_brings_the_miners_back_in_their_ramp() -> None:
    site = running()
    site.set_breaker(1, closed=False)
    after(site, 1)
    site.set_breaker(1, closed=True)
    ramp_steps = round(RAMP_S / STEP_S)
    curve = []
    for _ in range(ramp_steps + 5):
        after(site, 1)
        curve.append(site.power_milliwatt(1))
    assert all(earlier <= later for earlier, later in itertools.pairwise(curve))
    assert curve[0] < RATED_W * 1000 // 20
    assert 0 < curve[ramp_steps // 2] < RATED_W * 1000
    assert curve[-1] == RATED_W * 1000


def test_a_seed_repeats_itself_however_often_time_is_asked() -> None:
    often, once, other = plant(seed=3, noise=0.01), plant(seed=3, noise=0.01), plant(4, 0.01)
    for site in (often, once, other):
        site.energise(0.0)
        site.set_breaker(1, closed=True)
    for step in range(400):
        often.advance(step * 0.03)
    for site in (often, once, other):
        site.advance(12.0)
    assert often.values(FEEDER, 230.0) == once.values(FEEDER, 230.0)
    assert often.energy_wh(1) != other.energy_wh(1)


def test_sites_of_one_grid_share_its_frequency_and_nothing_else() -> None:
    first, second = plant(name="A", noise=0.01), plant(name="B", noise=0.01)
    for site in (first, second):
        site.advance(10.0)
    one, two = first.values(FEEDER, 230.0), second.values(FEEDER, 230.0)
    assert one["frequency"] == two["frequency"] != 50.0
    assert one["voltage_l1"] != two["voltage_l1"]


def test_nothing_flows_before_the_site_is_energised() -> None:
    site = plant()
    site.set_breaker(1, closed=True)
    site.advance(5.0)
    assert site.energy_wh(FEEDER) == 0
    values = site.values(FEEDER, 230.0)
    assert values["active_power"] == values["current_l1"] == 0
    assert values["voltage_l1"] == pytest.approx(230, rel=0.03)
    site.energise(5.0)
    after(site, 10)
    assert site.energy_wh(1) > 0


def test_a_frozen_site_keeps_its_last_values() -> None:
    site = running(noise=0.01)
    site.freeze(20.0)
    last = site.values(FEEDER, 230.0)
    site.advance(60.0)
    assert site.values(FEEDER, 230.0) == last
    assert last["active_power"] != 0


def test_the_schedule_counts_from_energising_and_loads_move_gradually() -> None:
    site = plant(schedule=[LoadChange(20.0, 1, 600_000)])
    site.advance(30.0)
    site.energise(30.0)
    site.set_breaker(1, closed=True)
    site.advance(49.9)
    assert site.power_milliwatt(1) == RATED_W * 1000
    site.advance(51.0)
    assert 600_000_000 < site.power_milliwatt(1) < RATED_W * 1000
    site.advance(56.0)
    assert site.power_milliwatt(1) == 600_000_000


@pytest.mark.parametrize("point", [FEEDER, 1])
def test_the_electrical_values_fit_together(point: int | str) -> None:
    site = running(noise=0.01)
    nominal = 10_000 / 3**0.5
    for _ in range(50):
        after(site, 7)
        values = {name: float(value) for name, value in site.values(point, nominal).items()}
        assert values["active_power"] <= values["apparent_power"]
        phases = [values[f"active_power_l{phase}"] for phase in (1, 2, 3)]
        assert sum(phases) == pytest.approx(values["active_power"])
        assert max(phases) == pytest.approx(min(phases), rel=0.06)
        seen = sum(values[f"voltage_l{i}"] * values[f"current_l{i}"] for i in (1, 2, 3))
        assert seen == pytest.approx(values["apparent_power"])
        assert values["active_power"] ** 2 + values["reactive_power"] ** 2 == pytest.approx(
            values["apparent_power"] ** 2
        )
        assert values["power_factor"] == pytest.approx(0.97, abs=0.01)
        assert values["frequency"] == pytest.approx(50, abs=0.2)
        assert values["voltage_l1"] == pytest.approx(nominal, rel=0.03)


def test_between_lines_and_in_the_neutral_stands_what_the_phases_leave() -> None:
    line = Line(50.0, (1.0, 1.0, 1.0))
    even = measured(3000.0, 4000.0, (1 / 3, 1 / 3, 1 / 3), line, 100.0)
    assert even["voltage_l12"] == even["voltage_l31"] == pytest.approx(173.2, abs=0.1)
    assert even["apparent_power"] == 5000
    assert even["power_factor"] == 0.6
    assert even["current_l1"] == pytest.approx(5000 / 3 / 100)
    assert even["current_n"] == pytest.approx(0)
    # all of it in one phase comes back through the neutral
    lone = measured(3000.0, 4000.0, (1.0, 0.0, 0.0), line, 100.0)
    assert lone["current_n"] == pytest.approx(lone["current_l1"]) == 50


def test_two_elements_see_no_neutral_and_work_the_middle_current_out() -> None:
    line = Line(50.0, (1.0, 1.0, 1.0))
    true: dict[str, Value] = {**measured(3000.0, 0.0, (0.34, 0.33, 0.33), line, 100.0)}
    seen = wired("3P3W", true)
    absent = {name for name, value in seen.items() if value is None}
    assert absent == {
        *("voltage_l1", "voltage_l2", "voltage_l3", "current_n"),
        *("active_power_l1", "active_power_l2", "active_power_l3"),
    }
    assert seen["current_l1"] == true["current_l1"]
    assert seen["current_l2"] == pytest.approx(10.0536, abs=0.001)
    assert seen["active_power"] == 3000


def test_one_phase_carries_everything() -> None:
    line = Line(50.0, (1.0, 1.0, 1.0))
    true: dict[str, Value] = {**measured(3000.0, 4000.0, (0.34, 0.33, 0.33), line, 100.0)}
    seen = {name: value for name, value in wired("1P2W", true).items() if value is not None}
    assert seen["active_power_l1"] == 3000
    assert seen["current_l1"] == 50
    assert not {"voltage_l2", "voltage_l12", "current_l3", "current_n"} & set(seen)
