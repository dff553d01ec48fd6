"""The gateway's clock: what receipts make of it, and what a step does to the intervals."""

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]

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
        self.seq = 0

    def start(self, error_ms: int = 0, drift_ms_a_day: int = 0) -> None:
        self.drift = drift_ms_a_day
        self._ask("start", self.now_ms + error_ms, PERIOD_MS, self.seq)

    def elapse(self, ms: int) -> None:
        self.now_ms += ms
        self.recorded += self._ask("elapse", ms + ms * self.drift // DAY_MS)

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


@pytest.mark.parametrize("error_ms", [-1500, 0, 6 * SECOND_MS])
def test_a_right_clock_is_synchronised_by_a_fresh_receipt(world: World, error_ms: int) -> None:
    world.start(error_ms)
    assert world.letter() == "I"
    assert world.exchange() is None
    assert (world.letter(), world.error_ms()) == ("S", error_ms)


@pytest.mark.parametrize(
    "error_ms",
    [-YEAR_MS // 100, -DAY_MS, -4 * SECOND_MS, 8 * SECOND_MS, 5 * MINUTE_MS, DAY_MS, YEAR_MS],
)
def test_a_wrong_clock_is_set_and_then_found_right(ask: Ask, world: World, error_ms: int) -> None:
    world.start(error_ms)
    before_ms, after_ms = world.exchange()
    assert (before_ms, after_ms) == (world.now_ms + error_ms, world.now_ms - SECOND_MS)
    assert ask("frame") == [[after_ms, "I", 0], after_ms, 2 * SECOND_MS]
    world.elapse(MINUTE_MS)
    assert world.exchange() is None
    assert (world.letter(), world.error_ms()) == ("S", -SECOND_MS)


def test_a_clock_that_was_never_set(ask: Ask, world: World) -> None:
    world.start(NEVER_SET_MS - world.now_ms)
    assert world.letter() == "U"
    ask("at_least", NOON_MS - DAY_MS)
    assert (world.letter(), world.error_ms()) == ("U", -DAY_MS)
    assert world.exchange()
    assert (world.letter(), world.error_ms()) == ("I", -SECOND_MS)
    assert world.exchange() is None
    assert world.letter() == "S"


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
    letter = world.letter()
    assert world.take(stale) is None
    assert (world.letter(), world.error_ms()) == (letter, error_ms)
    assert letter != "S"


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
def test_a_drifting_clock_is_kept_near(world: World, drift_ms_a_day: int) -> None:
    world.start(0, drift_ms_a_day)
    for _ in range(24 * 60):
        world.elapse(MINUTE_MS - 2 * SECOND_MS)
        world.exchange()
        assert abs(world.error_ms()) < 10 * SECOND_MS
    first, last = world.recorded[0], world.recorded[-1]
    assert world.recorded == list(range(first, last + 1, PERIOD_MS))
    assert len(world.recorded) >= 95


def test_boundaries_come_once_and_are_not_made_up(world: World) -> None:
    world.start(-3 * PERIOD_MS - MINUTE_MS)
    world.elapse(10 * MINUTE_MS)
    world.exchange()  # a quarter of an hour's second half: too late for its beginning
    world.elapse(PERIOD_MS)
    assert world.recorded == [NOON_MS - 3 * PERIOD_MS, NOON_MS + PERIOD_MS]


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
