"""Records wait for their frame; what is given up meanwhile is told, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("recorder_console").ask
    return asking


def test_what_64_meters_bring_at_a_boundary_is_held(ask: Ask) -> None:
    assert ask("kept", 128, 0) == [128, 128, []]


@pytest.mark.parametrize(("meanwhile", "lost"), [(90, 0), (120, 17), (160, 57)])
def test_only_what_came_into_no_frame_is_told_as_lost(ask: Ask, meanwhile: int, lost: int) -> None:
    """160 records are held; the first frame takes 63 of 120, and more come while it is signed."""
    total = 120 + meanwhile
    told = [f"full: {lost} records lost"] if lost else []
    assert ask("kept", 120, meanwhile) == [total - lost, total - lost, told]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.none() | st.integers(1, 60) | st.integers(200, 600), max_size=60),
    most=st.integers(1, 70),
    most_bytes=st.integers(1, 2000),
)
def test_records_wait_in_their_order(
    ask: Ask, steps: list[int | None], most: int, most_bytes: int
) -> None:
    """However they are packed, and however many are given up meanwhile."""
    waiting: list[list[int]] = []
    for number, size in enumerate(steps):
        waiting = waiting[1:] if size is None else [*waiting, [size, number]]
    sizes = [size for size, _ in waiting]
    fitting = min(len(waiting), 1)
    while fitting < min(most, len(sizes)) and sum(sizes[: fitting + 1]) <= most_bytes:
        fitting += 1
    assert ask("packed", steps, most, most_bytes) == [len(waiting), sum(sizes), waiting, fitting]
