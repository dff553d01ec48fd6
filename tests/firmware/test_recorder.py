"""Records wait for their frame; what is given up meanwhile is told, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

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
