"""The gateway's clock: what receipts make of it, and what a step does to the intervals."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Ask = Callable[..., Any]
FIRMWARE = Path(__file__).parents[2] / "firmware"

BILLING, TELEMETRY = 0, 1
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1000, 60_000, 3_600_000, 86_400_000
YEAR_MS = 365 * DAY_MS
PERIOD_MS = 15 * MINUTE_MS
NOON_MS = 1_800_014_400_000
NEVER_SET_MS = 946_684_800_000  # 2000-01-01: an ESP32 without a battery


class World:
    """A gateway whose clock is wrong by an error that grows, and a collector whose clock is right.

    Frames of billing are numbered from 1, across starts.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.now_ms = NOON_MS
        self.recorded: list[int] = []
        self.lateness_ms: list[int] = []
        self.seq = 0
        ask("new")

    def start(self, error_ms: int = 0, drift_ms_a_day: int = 0, issued_ms: int = 0) -> Any:
        """The step that it makes."""
        self.drift, self.drifted_ms, self.started_ms = drift_ms_a_day, 0, self.now_ms
        return self._ask("start", self.now_ms + error_ms, PERIOD_MS, self.seq, issued_ms)

    def elapse(self, ms: int) -> None:
        while ms > DAY_MS:  # more boundaries than it can tell at once
            self.elapse(DAY_MS)
            ms -= DAY_MS
        self.now_ms += ms
        drifted_ms = (self.now_ms - self.started_ms) * self.drift // DAY_MS
        passing_ms, self.drifted_ms = ms + drifted_ms - self.drifted_ms, drifted_ms
        for boundary_ms, late_ms in self._ask("elapse", passing_ms):
            self.recorded.append(boundary_ms)
            self.lateness_ms.append(late_ms)

    def send(self) -> None:
        self.seq += 1
        self._ask("send", BILLING, self.seq)

    def receipt(self) -> tuple[int, int]:
        """What the collector would send now: its time, and the frames it has."""
        return self.now_ms, self.seq

    def take(self, receipt: tuple[int, int]) -> Any:
        return self._ask("receive", receipt[0], BILLING, receipt[1], [])

    def exchange(self, way_ms: int = SECOND_MS) -> Any:
        """A frame goes up and a receipt for it comes back: the step that it makes."""
        self.send()
        self.elapse(way_ms)
        receipt = self.receipt()
        self.elapse(way_ms)
        return self.take(receipt)

    def letter(self) -> str:
        letter: str = self._ask("frame")[0][1]
        return letter

    def error_ms(self) -> int:
        error: int = self._ask("frame")[0][0] - self.now_ms
        return error


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("clocks").ask
    return asking


@pytest.fixture
def world(ask: Ask) -> World:
    return World(ask)


@pytest.mark.parametrize("error_ms", [-SECOND_MS - 200, 0, SECOND_MS + 200])
def test_a_right_clock_is_synchronised_by_a_fresh_receipt(world: World, error_ms: int) -> None:
    """Right: within the second that the receipt took, and a fifth."""
    world.start(error_ms)
    assert world.letter() == "I"
    assert world.exchange() is None
    assert (world.letter(), world.error_ms()) == ("S", error_ms)


@pytest.mark.parametrize(
    ("error_ms", "slew_ms"),
    [(-1201, 201), (-3 * SECOND_MS, 2 * SECOND_MS), (1201, -201), (6 * SECOND_MS, -5 * SECOND_MS)],
)
def test_a_clock_that_is_little_wrong_is_slewed(
    ask: Ask, world: World, error_ms: int, slew_ms: int
) -> None:
    world.start(error_ms)
    now_ms = world.now_ms + 2 * SECOND_MS + error_ms
    assert world.exchange() == [now_ms, now_ms + slew_ms, "receipt, slewed"]
    assert (world.letter(), world.error_ms()) == ("S", error_ms)
    assert ask("frame")[1] == now_ms + slew_ms  # the board's own clock is set at once
    taken_ms = 2000 * abs(slew_ms)
    world.elapse(taken_ms // 2)
    assert world.error_ms() == error_ms + int(slew_ms / 2)
    assert world.exchange() is None  # it is on its way
    world.elapse(taken_ms)
    assert world.error_ms() == error_ms + slew_ms
    world.elapse(HOUR_MS)
    assert world.error_ms() == error_ms + slew_ms
    assert max(world.lateness_ms) <= 30  # of a minute's sleep


@pytest.mark.parametrize(
    "error_ms",
    [-YEAR_MS // 100, -DAY_MS, -4 * SECOND_MS, 8 * SECOND_MS, 5 * MINUTE_MS, DAY_MS, YEAR_MS],
)
def test_a_wrong_clock_is_set_and_then_found_right(ask: Ask, world: World, error_ms: int) -> None:
    world.start(error_ms)
    before_ms, after_ms, source = world.exchange()
    assert source == "receipt"
    assert (before_ms, after_ms) == (world.now_ms + error_ms, world.now_ms - SECOND_MS)
    assert ask("frame") == [[after_ms, "I", 0], after_ms, 2 * SECOND_MS]
    world.elapse(MINUTE_MS)
    assert world.exchange() is None
    assert (world.letter(), world.error_ms()) == ("S", -SECOND_MS)


@pytest.mark.parametrize("never_set_ms", [0, NEVER_SET_MS, 4_000_000_000_000])
def test_a_clock_that_was_never_set(ask: Ask, world: World, never_set_ms: int) -> None:
    """1970, 2000, or what a clock of 32 bits holds at random: of no year that it can be."""
    issued_ms = NOON_MS - DAY_MS
    step = world.start(never_set_ms - world.now_ms, issued_ms=issued_ms)
    assert step == [never_set_ms, issued_ms, "floor"]
    assert (world.letter(), world.error_ms()) == ("U", -DAY_MS)
    assert ask("frame")[1] == issued_ms
    assert world.exchange()
    assert (world.letter(), world.error_ms()) == ("I", -SECOND_MS)
    assert world.exchange() is None
    assert world.letter() == "S"


def test_a_clock_that_was_never_set_goes_on_from_the_newest_boundary(world: World) -> None:
    world.start(NEVER_SET_MS - world.now_ms, issued_ms=NOON_MS)
    world.elapse(10 * DAY_MS + MINUTE_MS)
    newest_ms = world.recorded[-1]
    for _ in range(3):
        world.start(NEVER_SET_MS - world.now_ms, issued_ms=NOON_MS)
        assert (world.letter(), world.error_ms()) == ("U", newest_ms - world.now_ms)
        world.elapse(PERIOD_MS + MINUTE_MS)
        assert world.recorded[-1] == newest_ms + PERIOD_MS
        newest_ms += PERIOD_MS


def test_a_clock_that_lost_its_time_goes_on_from_the_newest_boundary(world: World) -> None:
    world.start()
    world.exchange()
    world.elapse(3 * DAY_MS)  # without a receipt
    assert world.letter() == "I"
    newest_ms = world.recorded[-1]
    world.start(NEVER_SET_MS - world.now_ms)
    assert (world.letter(), world.error_ms()) == ("U", newest_ms - world.now_ms)


def test_a_clock_that_was_led_far_ahead_starts_where_certificates_are_valid(
    ask: Ask, world: World
) -> None:
    """At most 30 days after the last time that was proven, which is none that was only assumed."""
    world.start()
    world.exchange()
    world.elapse(PERIOD_MS)
    proven_ms = world.recorded[-1]
    world.start(10 * YEAR_MS)
    world.elapse(PERIOD_MS)
    assert world.recorded[-1] > NOON_MS + 9 * YEAR_MS
    for _ in range(2):
        world.start(NEVER_SET_MS - world.now_ms)
        beyond_ms = world.error_ms() + world.now_ms - proven_ms - 30 * DAY_MS
        assert 0 <= beyond_ms <= 3 * PERIOD_MS  # what passed here since
        world.elapse(PERIOD_MS)
    assert ask("consult", ["10.0.0.1"], [[10, world.now_ms]])[0] is True
    assert world.error_ms() == 0


@pytest.mark.parametrize("error_ms", [-DAY_MS, 0, DAY_MS, NEVER_SET_MS - NOON_MS])
@pytest.mark.parametrize("frames", [0, 1])
def test_a_stale_receipt_says_nothing_of_the_time(world: World, error_ms: int, frames: int) -> None:
    """The newest of the frames it covers, if any, was sent long ago."""
    world.start(error_ms)
    for _ in range(frames):
        world.send()
    stale = world.receipt()
    world.elapse(2 * MINUTE_MS)
    world.send()
    before = world.letter(), world.error_ms()
    assert world.take(stale) is None
    assert (world.letter(), world.error_ms()) == before
    assert world.letter() != "S"


def test_a_stale_receipt_takes_no_synchronisation_away(world: World) -> None:
    world.start()
    stale = world.receipt()
    world.exchange()
    world.elapse(5 * MINUTE_MS)
    assert world.take(stale) is None
    assert world.letter() == "S"


def test_frames_of_before_a_start_make_no_receipt_fresh(world: World) -> None:
    world.start()
    assert world.exchange() is None
    stale = world.receipt()
    world.start(DAY_MS)
    assert world.letter() == "I"
    assert world.take(stale) is None
    world.send()
    assert world.take(stale) is None
    assert (world.letter(), world.error_ms()) == ("I", DAY_MS)
    assert world.exchange()


def test_a_frame_sent_again_counts_from_the_first_time(ask: Ask, world: World) -> None:
    world.start()
    world.send()
    world.elapse(2 * MINUTE_MS)
    ask("send", BILLING, world.seq)
    assert world.take(world.receipt()) is None
    assert world.letter() == "I"


def test_what_a_receipt_holds_beyond_a_gap_counts(ask: Ask, world: World) -> None:
    world.start(DAY_MS)
    ask("send", TELEMETRY, 7)
    assert ask("receive", world.now_ms, BILLING, 7, []) is None
    assert ask("receive", world.now_ms, TELEMETRY, 6, [[8, 9]]) is None
    assert ask("receive", world.now_ms, TELEMETRY, 3, [[5, 8]])


def test_among_many_frames_the_newest_noted_counts(world: World) -> None:
    world.start(MINUTE_MS)
    for _ in range(600):
        world.send()
        world.elapse(100)
    assert world.exchange()
    assert world.error_ms() == -SECOND_MS


def test_synchronisation_ages(ask: Ask, world: World) -> None:
    world.start()
    world.exchange()
    world.elapse(HOUR_MS)
    assert ask("frame")[0] == [world.now_ms, "S", 3600]
    world.elapse(1)
    assert ask("frame")[0] == [world.now_ms, "I", 3600]
    world.exchange()
    assert world.letter() == "S"


@pytest.mark.parametrize("drift_ms_a_day", [-5 * MINUTE_MS, 5 * MINUTE_MS])
def test_a_drifting_clock_is_kept_near(ask: Ask, world: World, drift_ms_a_day: int) -> None:
    world.start(0, drift_ms_a_day)
    for _ in range(24 * 60):
        world.elapse(MINUTE_MS - 2 * SECOND_MS)
        world.exchange()
        assert abs(world.error_ms()) < 10 * SECOND_MS
    first, last = world.recorded[0], world.recorded[-1]
    assert world.recorded == list(range(first, last + 1, PERIOD_MS))
    assert len(world.recorded) >= 95
    assert ask("drift") == pytest.approx(drift_ms_a_day * 1_000_000_000 / DAY_MS, rel=0.001)


@pytest.mark.parametrize("ppm", [-20, 0, 20])
def test_the_drift_of_a_crystal_is_measured(ask: Ask, world: World, ppm: int) -> None:
    """Within 3 ppm in a day, though receipts come a tenth of a second to ten seconds late."""
    world.start(0, ppm * DAY_MS // 1_000_000)
    delay_ms = 100
    for number in range(26 * 60):
        world.elapse(MINUTE_MS)
        delay_ms = 100 + delay_ms * 7919 % 9901
        world.exchange(delay_ms)
        if number < 60:
            assert ask("drift") is None
    assert ask("drift") == pytest.approx(ppm * 1000, abs=3000)
    assert ask("frame")[0][1] == "S"


def test_boundaries_come_once_and_are_not_made_up(world: World) -> None:
    """Of those that a step passes over the newest is recorded, late."""
    world.start(-3 * PERIOD_MS - MINUTE_MS)
    world.elapse(10 * MINUTE_MS)
    world.exchange()
    world.elapse(PERIOD_MS)
    assert world.recorded == [NOON_MS - 3 * PERIOD_MS, NOON_MS, NOON_MS + PERIOD_MS]
    assert 10 * MINUTE_MS <= world.lateness_ms[1] < 11 * MINUTE_MS


@pytest.mark.parametrize("away_ms", [MINUTE_MS, 10 * MINUTE_MS, 14 * MINUTE_MS, 3 * HOUR_MS])
@pytest.mark.parametrize("error_ms", [0, NEVER_SET_MS - NOON_MS])
def test_a_boundary_that_passed_without_power_is_recorded_late(
    world: World, away_ms: int, error_ms: int
) -> None:
    """At the start; or when the clock, which was lost, is set."""
    world.start(issued_ms=NOON_MS)
    world.elapse(PERIOD_MS - 30 * SECOND_MS)
    world.elapse(PERIOD_MS)
    assert world.recorded == [NOON_MS + PERIOD_MS]
    world.now_ms += away_ms
    world.start(error_ms, issued_ms=NOON_MS)
    world.elapse(SECOND_MS)
    if error_ms:
        assert len(world.recorded) == 1
        world.exchange()
        world.elapse(SECOND_MS)
    newest_ms = world.now_ms // PERIOD_MS * PERIOD_MS
    assert world.recorded == [NOON_MS + PERIOD_MS, newest_ms]
    late_ms = world.now_ms - newest_ms
    assert late_ms - 5 * SECOND_MS <= world.lateness_ms[-1] <= late_ms


def test_a_first_start_has_missed_no_boundary(world: World) -> None:
    world.start()
    world.elapse(PERIOD_MS - 1)
    assert world.recorded == []


def test_a_start_after_which_no_boundary_came_records_none(world: World) -> None:
    world.start()
    world.elapse(PERIOD_MS + MINUTE_MS)
    for _ in range(3):
        world.start()
        world.elapse(MINUTE_MS)
    assert world.recorded == [NOON_MS + PERIOD_MS]


@pytest.mark.parametrize("error_ms", [5 * MINUTE_MS, 20 * MINUTE_MS, 3 * HOUR_MS])
def test_a_step_back_brings_no_boundary_twice(world: World, error_ms: int) -> None:
    world.start()
    world.elapse(HOUR_MS)
    world.send()
    assert world.take((world.now_ms + error_ms, world.seq))  # the collector's clock was wrong
    world.elapse(HOUR_MS)
    assert world.exchange()
    world.elapse(6 * HOUR_MS)
    assert len(world.recorded) == len(set(world.recorded))
    skipped = set(range(NOON_MS + PERIOD_MS, world.now_ms, PERIOD_MS)) - set(world.recorded)
    assert all(HOUR_MS <= boundary - NOON_MS <= HOUR_MS + error_ms for boundary in skipped)


def test_a_step_back_over_a_year_stops_no_intervals(world: World) -> None:
    world.start(YEAR_MS)
    world.elapse(HOUR_MS)
    world.exchange()
    world.elapse(HOUR_MS)
    assert [boundary for boundary in world.recorded if boundary < NOON_MS + DAY_MS] == [
        NOON_MS + HOUR_MS + quarter * PERIOD_MS for quarter in range(5)
    ]


def test_the_time_of_the_build_is_at_most_a_year_before_the_newest_change(ask: Ask) -> None:
    """Set BUILT_MS anew with a version: what a clock cannot be before is then nearer to now."""
    command = ["git", "log", "-1", "--format=%ct", "--", str(FIRMWARE)]
    git = subprocess.run(command, cwd=FIRMWARE, stdout=subprocess.PIPE, check=False)
    if not git.stdout:
        pytest.skip("these sources are in no git repository")
    assert 0 <= int(git.stdout) * 1000 - ask("built_ms") <= YEAR_MS


# ---- which boundaries were recorded --------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(quarters=st.lists(st.one_of(st.integers(0, 95), st.just(-1)), min_size=30, max_size=80))
def test_of_a_day_no_boundary_is_new_twice(ask: Ask, quarters: list[int]) -> None:
    """In whatever order they come, with starts (-1) between them."""
    ask("new")
    ask("start", NOON_MS, PERIOD_MS, 0)
    taken = set()
    for quarter in quarters:
        if quarter < 0:
            ask("start", NOON_MS, PERIOD_MS, 0)
        elif ask("is_new", NOON_MS + quarter * PERIOD_MS):
            assert quarter not in taken
            taken.add(quarter)


def test_boundaries_years_apart_forbid_none_between_them(ask: Ask) -> None:
    ask("new")
    ask("start", NOON_MS, PERIOD_MS, 0)
    for year in (0, 3, 1, 8, 5, 4, 2, 7, 6, 9, 10):
        assert ask("is_new", NOON_MS + year * YEAR_MS)
    for year in range(10):
        assert ask("is_new", NOON_MS + year * YEAR_MS + YEAR_MS // 2)
    assert not ask("is_new", NOON_MS + 9 * YEAR_MS + YEAR_MS // 2)


# ---- what is proven ------------------------------------------------------------------------------

TRUTHFUL_MOVES = st.one_of(
    st.tuples(st.just("elapse"), st.integers(1, 3 * HOUR_MS)),
    st.tuples(st.just("receipt"), st.just(0)),
    st.tuples(st.just("order"), st.integers(0, MINUTE_MS)),
    st.tuples(st.just("ntp"), st.integers(-30 * DAY_MS, 30 * DAY_MS)),
    st.tuples(st.just("start"), st.integers(-2 * DAY_MS, 2 * DAY_MS)),
    st.tuples(st.just("start"), st.just(NEVER_SET_MS - NOON_MS)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    moves=st.lists(TRUTHFUL_MOVES, max_size=30),
    drift_ms_a_day=st.integers(-DAY_MS // 2100, DAY_MS // 2100),
)
def test_nothing_but_what_was_signed_proves_a_time(
    ask: Ask, moves: list[tuple[str, int]], drift_ms_a_day: int
) -> None:
    """Whatever NTP and the RTC say: it is past, but for what a right clock may be ahead.

    It goes on by the ticks, and over a start from the newest boundary at least.
    """
    world = World(ask)
    world.start(0, drift_ms_a_day, issued_ms=NOON_MS)
    signed_ms = NOON_MS
    for move, ms in moves:
        match move:
            case "elapse":
                before_ms, letter = ask("proven_ms"), world.letter()
                world.elapse(ms)
                if letter != "S":
                    assert ask("proven_ms") - before_ms >= ms - ms // 500 - 2
            case "receipt":
                world.exchange()
                if world.letter() == "S":
                    signed_ms = world.now_ms - 2 * SECOND_MS
            case "order":
                ask("prove", world.now_ms - ms)
                signed_ms = max(signed_ms, world.now_ms - ms)
            case "ntp":
                ask("consult", ["10.0.0.1"], [[50, world.now_ms + ms]])
            case _:
                world.start(ms, drift_ms_a_day, issued_ms=NOON_MS)
                signed_ms = NOON_MS
        assert signed_ms - 10 * SECOND_MS <= ask("proven_ms") <= world.now_ms + 10 * SECOND_MS


def test_a_time_that_cannot_be_proves_nothing(ask: Ask, world: World) -> None:
    world.start()
    before_ms = ask("proven_ms")
    ask("prove", NOON_MS + 100 * YEAR_MS)
    assert ask("proven_ms") == before_ms


# ---- anything at all ---------------------------------------------------------------------------

MOVES = st.one_of(
    st.tuples(st.just("elapse"), st.integers(1, 3 * HOUR_MS)),
    st.tuples(st.just("receipt"), st.integers(-2 * DAY_MS, 2 * DAY_MS)),
    st.tuples(st.just("receipt"), st.integers(-6 * SECOND_MS, 6 * SECOND_MS)),
    st.tuples(st.just("ntp"), st.integers(-DAY_MS, DAY_MS)),
    st.tuples(st.just("ntp"), st.integers(-3 * SECOND_MS, 3 * SECOND_MS)),
    st.tuples(st.just("start"), st.integers(-2 * DAY_MS, 2 * DAY_MS)),
    st.tuples(st.just("start"), st.just(NEVER_SET_MS - NOON_MS)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=st.lists(MOVES, max_size=30))
def test_whatever_a_clock_is_told_no_boundary_comes_twice(
    ask: Ask, moves: list[tuple[str, int]]
) -> None:
    """Each at the moment it stands for, in order between steps; and the uptime only rises."""
    world = World(ask)
    world.start()
    for move, ms in moves:
        before = list(world.recorded)
        now_ms, uptime_ms = ask("frame")[0][0], ask("frame")[2]
        match move:
            case "elapse":
                world.elapse(ms)
                assert ask("frame")[2] == uptime_ms + ms
                assert abs(ask("frame")[0][0] - now_ms - ms) <= ms // 2000 + 1
            case "receipt":
                world.send()
                change = world.take((world.now_ms + ms, world.seq))
                stepped = change is not None and not change[2].endswith("slewed")
                assert ask("frame")[0][0] == (change[1] if stepped else now_ms)
            case "ntp":
                ask("consult", ["10.0.0.1"], [[50, world.now_ms + ms]])
            case _:
                world.start(ms)
        new = world.recorded[len(before) :]
        assert all(boundary_ms % PERIOD_MS == 0 for boundary_ms in new)
        assert new == sorted(new)
        assert not set(new) & set(before)
        assert len(new) == len(set(new))
    assert all(0 <= late_ms < PERIOD_MS for late_ms in world.lateness_ms)


@pytest.mark.parametrize(
    "noon_ms",
    [
        2_085_978_496_000,  # 2036-02-07: NTP begins to count anew
        2_147_483_648_000,  # 2038-01-19: 31 bits of seconds
    ],
)
def test_it_goes_through_the_years_when_counters_end(ask: Ask, world: World, noon_ms: int) -> None:
    world.now_ms = noon_ms - HOUR_MS
    world.start()
    for _ in range(4):
        world.elapse(30 * MINUTE_MS)
        assert world.exchange() is None
    assert (world.letter(), world.error_ms()) == ("S", 0)
    first, last = world.recorded[0], world.recorded[-1]
    assert first < noon_ms < last
    assert world.recorded == list(range(first, last + 1, PERIOD_MS))


def test_the_tick_counter_of_an_esp32_wraps(ask: Ask, world: World) -> None:
    """After 12.4 days, and a second after the start."""
    world.start()
    for _ in range(30):
        world.elapse(DAY_MS)
    assert world.error_ms() == 0
    assert ask("frame")[2] == 30 * DAY_MS
    assert world.recorded == list(range(NOON_MS + PERIOD_MS, world.now_ms + 1, PERIOD_MS))
