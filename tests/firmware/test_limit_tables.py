"""The gateway keeps its site under its own limit: real stages and journal, a plant and a clock of
its own. Three stages of 100, 200 and 300 kW, shed in this order.
"""

from collections.abc import Callable
from typing import Any

import pytest

T0 = 1_800_000_000_000
MINUTE_S, HOUR_S, HOUR_MS, DAY_S = 60, 3600, 3_600_000, 86_400
OBSERVE, ENFORCE = 0, 1
ALL = [1, 2, 3]
METERED = [0, 1, 2, 3]
LIMITER, SCHEDULE, COMMAND = 16, 17, 4
NONE, CURRENT, FAILSAFE, BEATING, RENEWED = range(5)
ORDER, OTHER = "0a" * 16, "0b" * 16
HEARTBEAT_S, BLIND_S, OVER_S, UNDER_S = 7200, 300, 10, 60


class Site:
    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *arguments: self._ask(name, *arguments)

    def take(self, mode: int = ENFORCE, serial: int = 1, **changes: Any) -> None:
        self._ask("take", schedule(mode, serial, **changes))

    def told(self, code: int = LIMITER) -> list[dict[str, Any]]:
        return [event[2] for event in self._ask("events") if event[0] == code]

    @property
    def permit(self) -> int:
        state: list[int] = self._ask("state")
        return state[1]

    @property
    def limit(self) -> list[int]:
        state: list[list[int]] = self._ask("state")
        return state[3]


def schedule(mode: int, serial: int, **changes: Any) -> dict[str, Any]:
    """Two days of 500 kWh and 700 kW; then a default and, much later, the end."""
    body: dict[str, Any] = {
        "0": 1,
        "1": {"hex": bytes(range(8)).hex()},
        "2": serial,
        "3": T0,
        "4": T0 + 72 * HOUR_MS,
        "5": mode,
        "6": {"hex": "11" * 32},
        "7": T0,
        "8": HOUR_MS,
        "9": [[500_000, 700_000]] * 48,
        "10": T0 + 48 * HOUR_MS,
        "11": [100_000, 150_000],
        "12": ["auxiliary", 50_000, 120_000, HEARTBEAT_S * 1000, BLIND_S * 1000],
        "13": [OVER_S * 1000, 2_000, UNDER_S * 1000, 1200, 900_000],
    }
    body |= {key.removeprefix("f"): value for key, value in changes.items()}
    periods = b"".join(wh.to_bytes(4) + watts.to_bytes(4) for wh, watts in body["9"])
    return body | {"9": {"hex": periods.hex()}}


@pytest.fixture(scope="module")
def device(start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    flash = tmp_path_factory.mktemp("limits") / "flash"
    return start_device("limits_console", str(flash), heap="160wk")


@pytest.fixture
def site(device: Any) -> Site:
    return site_of(device, METERED)


def site_of(device: Any, metered: list[int]) -> Site:
    site = Site(device.ask)
    site.begin(metered)
    site.run(10)
    site.events()
    return site


# ---- what is done ----------------------------------------------------------------------------


def test_without_a_schedule_nothing_is_limited(site: Site) -> None:
    assert site.run(HOUR_S) == [600_000, ALL]
    assert site.events() == []


def test_under_observe_what_would_be_done_is_an_event_and_nothing_more(site: Site) -> None:
    site.take(OBSERVE, f9=[[510_000, 700_000]] * 48)
    assert site.run(50 * MINUTE_S) == [600_000, ALL]
    taken, opened = site.told()
    assert (taken["2"], taken["5"]) == ("fresh_schedule", OBSERVE)
    assert (opened["2"], opened["5"], opened["7"]) == ("limit", OBSERVE, [1])
    assert opened["3"] == [510_000, 700_000]
    used_wh, expected_wh, power_w = opened["4"]
    assert power_w == 500_000  # as if it were open
    assert used_wh < 5_000
    assert expected_wh <= 510_000
    assert site.run(HOUR_S) == [600_000, ALL]


def test_under_enforce_stages_open_in_the_order_of_shedding(site: Site) -> None:
    site.take(f9=[[450_000, 700_000]] * 48)
    assert site.run(OVER_S + 4) == [300_000, [3]]
    events = site.events()
    opened = [event[2] for event in events if event[0] == LIMITER][1]
    assert (opened["2"], opened["5"], opened["7"], opened["6"]) == ("limit", ENFORCE, [1, 2], 1)
    contacts = [event[1:4] for event in events if event[0] == "contact"]
    assert contacts == [[1, False, "limit"], [2, False, "limit"]]


def test_a_power_within_its_cap_is_above_when_the_hours_energy_is_not_enough(site: Site) -> None:
    site.take(f9=[[590_000, 700_000]] * 48)
    assert site.run(MINUTE_S) == [500_000, [2, 3]]


def test_energy_that_is_enough_excuses_no_power_above_the_cap(site: Site) -> None:
    site.take(f9=[[10_000_000, 599_000]] * 48)
    assert site.run(MINUTE_S) == [500_000, [2, 3]]


def test_what_is_above_for_less_than_the_minimum_duration_is_let_be(site: Site) -> None:
    site.take(f9=[[10_000_000, 700_000]] * 48)
    site.events()
    for _ in range(20):
        site.set("base_w", 200_000)
        site.run(OVER_S - 2)
        site.set("base_w", 0)
        site.run(5)
    assert site.run(1) == [600_000, ALL]
    assert site.told() == []


def test_in_an_emergency_it_acts_sooner(site: Site) -> None:
    site.take(f9=[[10_000_000, 700_000]] * 48, f14=[T0, T0 + HOUR_MS, 10_000_000, 350_000])
    assert site.run(5) == [300_000, [3]]


def test_a_site_without_meters_of_its_stages_loses_one_after_another(device: Any) -> None:
    site = site_of(device, [0])
    site.take(f9=[[10_000_000, 350_000]] * 48)
    assert site.run(OVER_S + 3) == [500_000, [2, 3]]
    assert site.run(OVER_S + 3) == [300_000, [3]]
    assert site.run(MINUTE_S) == [300_000, [3]]


def test_when_nothing_is_left_to_open_it_says_so_once_and_opens_what_comes(site: Site) -> None:
    site.set("base_w", 900_000)
    site.take()
    assert site.run(10 * MINUTE_S) == [900_000, []]
    assert [event["2"] for event in site.told()] == ["fresh_schedule", "limit", "nothing_left"]


def test_stages_return_when_the_hour_has_room_with_its_margin(site: Site) -> None:
    """600 kW and a fifth more do not fit into 700 kWh, until some of the hour has gone by."""
    site.take(f9=[[450_000, 900_000], *[[450_000, 900_000]] * 10])
    site.run(MINUTE_S)
    site.take(serial=2, f9=[[700_000, 900_000]] * 48)
    site.events()
    assert site.run(2 * MINUTE_S) == [500_000, [2, 3]]
    assert [event["2"] for event in site.told()] == ["room", "stages_returned"]
    assert site.run(15 * MINUTE_S) == [600_000, ALL]


def test_nothing_returns_for_the_last_minutes_of_an_hour_to_be_opened_in_the_next(
    site: Site,
) -> None:
    """Of 450 kWh some are left at its end, and the next hour has no more."""
    site.take(f9=[[450_000, 900_000]] * 48)
    site.run(MINUTE_S)
    site.events()
    for _ in range(3):
        assert site.run(HOUR_S) == [300_000, [3]]
    assert site.events() == []


def test_what_is_above_again_while_stages_return_stays_open(site: Site) -> None:
    site.take(f9=[[10_000_000, 450_000]] * 48)
    site.run(MINUTE_S)
    site.take(serial=2, f9=[[10_000_000, 800_000]] * 48)
    site.run(UNDER_S)
    site.set("base_w", 500_000)
    site.run(4)
    site.take(serial=3, f9=[[10_000_000, 450_000]] * 48)
    assert site.run(5 * MINUTE_S) == [500_000, []]


def test_a_site_that_nobody_measures_is_above_every_limit(site: Site) -> None:
    site.take(f9=[[10_000_000, 10_000_000]] * 48)
    site.set("measured", False)
    assert site.run(BLIND_S - 5) == [600_000, ALL]
    assert site.run(5 * MINUTE_S) == [0, []]
    assert "not_measured" in [event["2"] for event in site.told()]
    site.set("measured", True)
    assert site.run(20 * MINUTE_S) == [600_000, ALL]


def test_a_contact_that_does_not_follow_is_made_up_for_by_the_next_stage(site: Site) -> None:
    site.set("welded", 1)
    site.take(f9=[[10_000_000, 550_000]] * 48)
    assert site.run(MINUTE_S) == [400_000, [1, 3]]


def test_another_mode_lets_go_of_what_was_open_for_the_old_one(site: Site) -> None:
    capped = [[10_000_000, 550_000]] * 48
    site.take(f9=capped)
    assert site.run(MINUTE_S) == [500_000, [2, 3]]
    site.take(OBSERVE, serial=2, f9=capped)
    assert site.run(2 * MINUTE_S) == [600_000, ALL]
    site.take(ENFORCE, serial=3, f9=capped)
    assert site.run(MINUTE_S) == [500_000, [2, 3]]


# ---- whose stage it is -----------------------------------------------------------------------


def test_what_an_order_opened_the_limit_never_closes(site: Site) -> None:
    site.order_open(ORDER, [1, 2])
    site.take(f9=[[10_000_000, 250_000], *[[10_000_000, 900_000]] * 47])
    assert site.run(MINUTE_S) == [0, []]
    assert site.run(2 * HOUR_S) == [300_000, [3]]
    site.order_release(ORDER, [1, 2])
    assert site.run(MINUTE_S) == [600_000, ALL]


def test_what_the_limit_opened_no_order_closes(site: Site) -> None:
    site.take(f9=[[10_000_000, 450_000], *[[10_000_000, 900_000]] * 47])
    assert site.run(MINUTE_S) == [300_000, [3]]
    assert site.order_release(ORDER, [1, 2, 3]) == []
    assert site.run(10 * MINUTE_S) == [300_000, [3]]
    assert site.run(2 * HOUR_S) == [600_000, ALL]


def test_a_stage_that_both_hold_open_closes_when_both_let_go(site: Site) -> None:
    site.take(f9=[[10_000_000, 450_000], *[[10_000_000, 900_000]] * 47])
    site.run(MINUTE_S)
    site.order_open(ORDER, [1])
    assert site.run(2 * HOUR_S) == [500_000, [2, 3]]
    assert site.order_release(ORDER, [1]) == [1]
    assert site.run(MINUTE_S) == [600_000, ALL]


def test_a_stage_on_its_way_back_by_an_order_is_opened_by_the_limit(site: Site) -> None:
    site.order_open(ORDER, [1])
    site.run(1)
    site.order_release(ORDER, [1])
    site.set("base_w", 200_000)
    site.take(f9=[[10_000_000, 300_000]] * 48, f13=[0, 0, 60_000, 1000, 0])
    site.run(3)
    events = site.events()
    assert ["limit", [1]] in events
    assert site.run(MINUTE_S)[1] == []


# ---- a restart, and time ---------------------------------------------------------------------


def test_what_is_open_for_the_limit_outlives_a_start_and_then_returns(site: Site) -> None:
    site.take(f9=[[10_000_000, 450_000], *[[10_000_000, 900_000]] * 47])
    assert site.run(MINUTE_S) == [300_000, [3]]
    site.restart(20_000)
    assert site.run(MINUTE_S) == [300_000, [3]]
    assert site.state()[4] == [[1, 2], [], []]
    assert site.run(2 * HOUR_S) == [600_000, ALL]


def test_the_energy_of_an_hour_goes_on_over_a_start(site: Site) -> None:
    """Half an hour of 600 kW, and a minute without power: no hour of 400 kWh is left."""
    site.take(OBSERVE, f9=[[10_000_000, 900_000]] * 48)
    site.run(HOUR_S // 2)
    site.restart(60_000)
    site.run(10)
    site.take(OBSERVE, serial=2, f9=[[400_000, 900_000]] * 48)
    site.events()
    site.run(OVER_S + 5)
    used_wh = site.told()[-1]["4"][0]
    assert 311_000 < used_wh < 315_000


def test_of_an_hour_that_began_without_power_the_average_is_taken(site: Site) -> None:
    """Ten minutes of it were not seen, of 70 in which 700 kWh were drawn."""
    site.take(OBSERVE, f9=[[500_000, 900_000]] * 48)
    site.run(50 * MINUTE_S)
    site.restart(20 * MINUTE_S * 1000)
    site.events()
    site.run(5 * MINUTE_S)
    used_wh = [event["4"][0] for event in site.told()][-1]
    assert 95_000 < used_wh < 140_000


def test_offline_it_goes_on_as_long_as_the_heartbeat_may_be_missing(site: Site) -> None:
    site.take(f9=[[10_000_000, 900_000], *[[10_000_000, 450_000]] * 47])
    assert site.run(HOUR_S - MINUTE_S, False) == [600_000, ALL]
    assert site.run(5 * MINUTE_S, False) == [300_000, [3]]
    assert site.permit == CURRENT


def test_of_a_clock_in_doubt_the_lower_of_the_hours_holds(site: Site) -> None:
    low = [10_000_000, 150_000]
    site.take(f9=[*[[10_000_000, 900_000]] * 2, low, *[[10_000_000, 900_000]] * 45])
    assert site.run(90 * MINUTE_S)[1] == ALL
    site.set("error_ms", 29 * MINUTE_S * 1000)
    assert site.limit[1] == 900_000
    site.set("error_ms", 31 * MINUTE_S * 1000)
    assert site.limit[1] == 150_000
    site.set("error_ms", None)
    assert site.limit == [50_000, 50_000]  # the fail-safe too, and no hour above its average
    assert site.run(MINUTE_S) == [0, []]


def test_after_the_cut_off_the_declared_default_holds_and_a_late_version_ends_that(
    site: Site,
) -> None:
    """The auction is late: the old version counts for an hour more, and then the default."""
    site.take(f9=[[10_000_000, 900_000]] * 48, f10=T0 + HOUR_MS)
    assert site.run(55 * MINUTE_S) == [600_000, ALL]
    assert site.run(10 * MINUTE_S) == [0, []]
    site.take(serial=2, f9=[[10_000_000, 900_000]] * 48)
    assert site.run(10 * MINUTE_S) == [600_000, ALL]


def test_the_journal_is_worn_by_a_few_cells_an_hour(site: Site) -> None:
    site.take(f9=[[10_000_000, 900_000]] * 48)
    before = site.wear()
    site.run(DAY_S // 2)
    assert site.wear() - before <= 2


# ---- schedules -------------------------------------------------------------------------------


def test_a_schedule_is_acknowledged_and_the_same_again_is_not(site: Site) -> None:
    site.take(OBSERVE)
    [event] = site.told(SCHEDULE)
    assert (event["1"], event["2"]) == (1, OBSERVE)
    site.take(OBSERVE)
    assert site.events() == []


def test_after_a_start_it_says_which_one_it_holds(site: Site) -> None:
    """Else nobody would know it, where power failed before the event was in the journal."""
    site.take(serial=3)
    site.events()
    site.restart()
    [event] = site.told(SCHEDULE)
    assert (event["1"], event["2"]) == (3, ENFORCE)


def test_power_that_fails_when_it_is_taken_leaves_nothing_unlimited(site: Site) -> None:
    site.take(f9=[[10_000_000, 350_000]] * 48)
    site.forget_state()
    site.restart()
    assert site.permit == CURRENT
    assert site.run(2 * MINUTE_S) == [300_000, [3]]


def test_an_old_one_that_the_broker_keeps_is_refused_once(site: Site) -> None:
    site.take(serial=5)
    site.events()
    for _ in range(3):
        site.take(serial=4)
    [event] = site.told(SCHEDULE)
    assert (event["1"], event["2"], event["3"]) == (5, 2, "replayed")


def test_where_nobody_measures_the_site_there_is_no_schedule(device: Any) -> None:
    site = site_of(device, [1, 2, 3])
    site.take()
    [event] = site.told(SCHEDULE)
    assert event["3"] == "not_measured"
    assert site.run(HOUR_S) == [600_000, ALL]


# ---- setpoints -------------------------------------------------------------------------------


def test_a_setpoint_holds_until_its_time_and_ends(site: Site) -> None:
    assert site.hold(ORDER, 350_000, T0 + HOUR_MS, None) is None
    assert site.run(MINUTE_S) == [300_000, [3]]
    opened = site.told()[-1]
    assert (opened["3"], opened["5"], opened["8"]) == ([None, 350_000], ENFORCE, ORDER)
    assert site.run(HOUR_S) == [600_000, ALL]
    [restored] = [event[2] for event in site.events() if event[0] == COMMAND] or [None]
    assert restored is None or restored["2"] == 5


def test_a_setpoint_acts_also_where_the_schedule_only_observes(site: Site) -> None:
    site.take(OBSERVE, f9=[[10_000_000, 900_000]] * 48)
    site.hold(ORDER, 350_000, T0 + HOUR_MS, None)
    assert site.run(MINUTE_S) == [300_000, [3]]
    site.restart(1_000)
    assert site.run(MINUTE_S) == [300_000, [3]]


def test_a_setpoint_of_some_stages_opens_only_those(site: Site) -> None:
    site.hold(ORDER, 350_000, T0 + HOUR_MS, [2, 3])
    assert site.run(MINUTE_S) == [400_000, [1, 3]]


def test_the_next_setpoint_takes_the_place_of_the_one_before(site: Site) -> None:
    site.hold(ORDER, 100_000, T0 + HOUR_MS, None)
    site.run(MINUTE_S)
    site.events()
    site.hold(OTHER, 900_000, T0 + HOUR_MS, None)
    [event] = site.told(COMMAND)
    assert (event["0"], event["2"], event["3"]) == (ORDER, 4, "superseded")
    assert site.run(2 * MINUTE_S) == [600_000, ALL]


def test_a_setpoint_that_comes_again_is_the_same_one(site: Site) -> None:
    """As when power failed before its command was finished."""
    site.hold(ORDER, 350_000, T0 + HOUR_MS, None)
    site.run(MINUTE_S)
    site.events()
    site.hold(ORDER, 350_000, T0 + HOUR_MS, None)
    assert site.run(MINUTE_S) == [300_000, [3]]
    assert site.told(COMMAND) == []


def test_a_setpoint_of_what_nobody_measures_is_refused(device: Any) -> None:
    site = site_of(device, [0])
    assert site.hold(ORDER, 100_000, T0 + HOUR_MS, [2]) == "not_measured"


# ---- what went wrong with EEBus LPC elsewhere ------------------------------------------------


def test_the_fail_safe_never_ends_as_no_limit(site: Site) -> None:
    """evcc 29705: after two hours without a heartbeat the limit was gone."""
    site.take()
    for _ in range(5):
        site.run(2 * HOUR_S, False)
    assert site.permit == FAILSAFE
    assert site.limit == [50_000, 120_000]
    assert site.run(60)[1] == []


def test_a_limit_does_not_expire_with_the_next_tick(site: Site) -> None:
    """evcc 32492: one without a duration did. Here each has an end, and holds until then."""
    site.take(f9=[[10_000_000, 450_000]] * 48, f4=T0 + 50 * HOUR_MS)
    for _ in range(10):
        site.run(6 * MINUTE_S)
        assert site.permit == CURRENT
        assert site.limit == [10_000_000, 450_000]


def test_a_heartbeat_alone_does_not_end_the_fail_safe(site: Site) -> None:
    """evcc 32492: it was left on the heartbeat, before the new limit was there."""
    site.take()
    site.run(HEARTBEAT_S + 60, False)
    site.events()
    site.run(3 * HOUR_S)
    assert site.permit == BEATING
    assert site.limit == [50_000, 120_000]
    site.take(serial=1)  # the same again is not fresh
    assert site.permit == BEATING
    site.take(serial=2)
    assert site.permit == CURRENT
    assert [event["2"] for event in site.told()][-1] == "fresh_schedule"


def test_a_fresh_limit_alone_does_not_end_the_fail_safe(site: Site) -> None:
    site.take()
    site.run(HEARTBEAT_S + 60, False)
    site.take(serial=2)
    assert site.permit == RENEWED
    assert site.limit == [50_000, 120_000]
    site.beat()
    assert site.permit == CURRENT


@pytest.mark.parametrize(
    ("linked", "cause"), [(True, "operator_outage"), (False, "connection_lost")]
)
def test_a_connection_that_drops_leads_to_the_fail_safe(
    site: Site, linked: bool, cause: str
) -> None:
    """evcc 32132: the state stayed as it was for ever. And whose outage it is, is recorded."""
    site.take(f9=[[10_000_000, 900_000]] * 48)
    site.events()
    site.set("linked", linked)
    assert site.run(HEARTBEAT_S - 120, False) == [600_000, ALL]
    assert site.run(5 * MINUTE_S, False) == [0, []]
    lost = site.told()[0]
    assert (lost["0"][0], lost["1"][0], lost["2"]) == (CURRENT, FAILSAFE, cause)


def test_whoever_reconnects_without_a_limit_does_not_become_autonomous(site: Site) -> None:
    """LPC-913, evcc 32491: within 60 s after it the limit has to come, or the device is free."""
    site.take()
    site.run(HEARTBEAT_S + 60, False)
    site.run(HOUR_S)
    assert site.permit == BEATING
    assert site.limit == [50_000, 120_000]


def test_a_start_does_not_begin_the_heartbeat_anew(site: Site) -> None:
    """Else whoever cuts the supply each hour would never be without one."""
    site.take(f9=[[10_000_000, 900_000]] * 48)
    for _ in range(4):
        site.run(HOUR_S, False)
        site.restart(1_000)
    site.run(MINUTE_S, False)
    assert site.permit == FAILSAFE


def test_past_its_end_a_schedule_is_no_permit_any_more(site: Site) -> None:
    site.take(f4=T0 + HOUR_MS)
    site.run(HOUR_S + 10)
    assert site.permit == FAILSAFE
    assert "expired" in [event["2"] for event in site.told()]


def test_a_second_limit_does_not_end_the_first(site: Site) -> None:
    """openleadr 42: the second event cancelled the first. The lower of both is kept."""
    site.take(f9=[[10_000_000, 450_000]] * 48)
    site.run(MINUTE_S)
    site.hold(ORDER, 900_000, T0 + HOUR_MS, None)
    assert site.run(MINUTE_S) == [300_000, [3]]
    site.hold(OTHER, 200_000, T0 + HOUR_MS, None)
    assert site.run(MINUTE_S) == [0, []]
    assert site.run(HOUR_S + 5 * MINUTE_S)[1] == [3]
