"""The snapshot at a boundary, supervision."""

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("plant_parts").ask
    return asking


WHOLE, NOTHING = None, [2, 2]


def test_a_meter_that_failed_at_the_boundary_is_asked_again(ask: Ask) -> None:
    # Two meters of two requests of 100 ms, all confirmed by a second reading; 200 ms later the next
    # attempt. The time is that of a reading's first answer.
    (first, last), silent = ask("snapshot", [1, 0], 30, 900_000)
    assert first == [1, 330, WHOLE, [1, 0, 1, 100]]
    assert last == [0, 1130, WHOLE, [0, 0, 0, 100]]
    assert silent == []


def test_a_meter_that_stays_away_is_recorded_as_it_was_first_found(ask: Ask) -> None:
    (present, away), silent = ask("snapshot", [1_000, 0], 0, 900_000)
    assert present == [1, 300, WHOLE, [1, 0, 1, 100]]
    assert away == [0, 200, NOTHING, []]
    assert silent == []


@pytest.mark.parametrize(("period_ms", "attempts"), [(900_000, 26), (20_000, 13), (400, 1)])
def test_it_is_asked_again_for_some_seconds_only(ask: Ask, period_ms: int, attempts: int) -> None:
    for failures, quality in ((2 * attempts - 2, WHOLE), (2 * attempts, NOTHING)):
        ((slot, _, found, _),), _ = ask("snapshot", [failures], 0, period_ms)
        assert (slot, found) == (0, quality)


def test_what_was_read_long_after_the_first_register_is_read_again(ask: Ask) -> None:
    """A snapshot has one time: a second register 1.1 s after the first would be told too early."""
    ((_, _, quality, raw),), _ = ask("snapshot", [0], 0, 900_000, 1_100)
    assert (quality, raw) == ([0, 2], [0, 0])


def test_a_meter_that_the_program_fails_at_stops_no_other(ask: Ask) -> None:
    (present, failed), told = ask("snapshot", [0, "no memory"], 0, 20_000)
    assert present == [0, 100, WHOLE, [0, 0, 0, 100]]
    assert failed[2:] == [NOTHING, []]
    assert told == ["meter 1"]


def test_a_bus_that_does_not_answer_holds_up_no_other(ask: Ask) -> None:
    (good, at_ms), (dead, later_ms) = ask("on_two_buses", 300)
    assert (good, dead) == (0, 1)
    assert at_ms < 300 <= later_ms


def test_a_failing_task_is_started_ever_more_rarely_until_it_runs_well(ask: Ask) -> None:
    at_once = ask("supervise", [0] * 8)
    assert at_once == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    assert ask("supervise", [0, 0, 59_999, 60_000, 0]) == [1_000, 2_000, 4_000, 1_000, 2_000]
