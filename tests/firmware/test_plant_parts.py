"""The plan of requests, the stages' machine, the snapshot at a boundary."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Ask = Callable[..., Any]
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
INPUTS = ("ORDER", "PERMIT", "DUE", "CONTACT_OPEN", "CONTACT_CLOSED", "LATE")

quantities = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 4)), min_size=1, max_size=20
).map(lambda pairs: [(index, *pair) for index, pair in enumerate(pairs)])


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("plant_parts").ask
    return asking


@FEW
@given(quantities, st.integers(4, 125))
def test_every_quantity_is_whole_in_one_request(
    ask: Ask, asked: list[tuple[int, int, int]], max_registers: int
) -> None:
    requests = ask("plan", asked, max_registers)
    for address, count, members in requests:
        assert count <= max_registers
        for _, at, registers in members:
            assert address <= at
            assert at + registers <= address + count
    planned = [tuple(member) for _, _, members in requests for member in members]
    assert sorted(planned) == asked


@pytest.mark.parametrize(
    ("asked", "max_registers", "expected"),
    [
        ([(0, 10, 4), (1, 14, 2)], 125, [(10, 6)]),
        ([(0, 30, 2), (1, 10, 2)], 125, [(10, 2), (30, 2)]),
        ([(0, 10, 2), (1, 20, 2)], 125, [(10, 12)]),
        ([(0, 10, 4), (1, 14, 4)], 7, [(10, 4), (14, 4)]),
        ([(0, 10, 4), (1, 10, 2)], 125, [(10, 4)]),
    ],
)
def test_neighbours_share_a_request(
    ask: Ask,
    asked: list[tuple[int, int, int]],
    max_registers: int,
    expected: list[tuple[int, int]],
) -> None:
    requests = ask("plan", asked, max_registers)
    assert [(address, count) for address, count, _ in requests] == expected


def test_only_a_permit_that_came_due_ever_closes(ask: Ask) -> None:
    """In every sequence of five inputs."""
    state = ask("names")
    for inputs in product(INPUTS, repeat=5):
        was_on, was = True, state["CLOSED"]
        for name, (now, on, told) in zip(inputs, ask("walk", inputs), strict=True):
            if name == "ORDER":
                assert not on
            if on and not was_on:
                assert (was, name) == (state["WAITING"], "DUE")
            if told == state["OPENED"]:
                assert (was, name, on) == (state["OPENING"], "CONTACT_OPEN", False)
            if told == state["RESTORED"]:
                assert (was, name, on) == (state["CLOSING"], "CONTACT_CLOSED", True)
            assert on == (now in (state["CLOSED"], state["CLOSING"]))
            was_on, was = on, now


WHOLE, NOTHING = None, [2, 2]


def test_a_meter_that_failed_at_the_boundary_is_asked_again(ask: Ask) -> None:
    # each attempt of two requests takes 200 ms, and the next comes 200 ms later
    (first, last), silent = ask("snapshot", [1, 0], 30, 900_000)
    assert first == [1, 230, WHOLE, [1, 0, 1, 100]]
    assert last == [0, 830, WHOLE, [0, 0, 0, 100]]
    assert silent == []


def test_a_meter_that_stays_away_is_recorded_as_it_was_first_found(ask: Ask) -> None:
    (present, away), silent = ask("snapshot", [1_000, 0], 0, 900_000)
    assert present == [1, 200, WHOLE, [1, 0, 1, 100]]
    assert away == [0, 400, NOTHING, []]
    assert silent == []


@pytest.mark.parametrize(("period_ms", "attempts"), [(900_000, 26), (20_000, 13), (400, 1)])
def test_it_is_asked_again_for_some_seconds_only(ask: Ask, period_ms: int, attempts: int) -> None:
    for failures, quality in ((2 * attempts - 2, WHOLE), (2 * attempts, NOTHING)):
        ((slot, _, found, _),), _ = ask("snapshot", [failures], 0, period_ms)
        assert (slot, found) == (0, quality)


def test_a_failing_task_is_started_ever_more_rarely_until_it_runs_well(ask: Ask) -> None:
    at_once = ask("supervise", [0] * 8)
    assert at_once == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
    assert ask("supervise", [0, 0, 59_999, 60_000, 0]) == [1_000, 2_000, 4_000, 1_000, 2_000]
