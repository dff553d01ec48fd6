"""When the watchdog is fed, and when a start is a safe one: against models of both."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

FIRMWARE = Path(__file__).parents[2] / "firmware"
Ask = Callable[..., Any]
FEW = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
TASKS = ("stages", "billing", "uplink")
NOTHING, GOES_ON, RESTS = 0, 1, 2

Steps = list[tuple[int, tuple[int, int, int]]]


@pytest.fixture(scope="module")
def ask(start_device: Any) -> Ask:
    answer: Ask = start_device("watching").ask
    return answer


def model(limits_ms: tuple[int, ...], steps: Steps) -> list[list[Any]]:
    now = 0
    seen: dict[str, int] = {}
    stale: set[str] = set()
    expected = []
    for passed_ms, acts in steps:
        now += passed_ms
        for task, act in zip(TASKS, acts, strict=True):
            if act == GOES_ON:
                seen[task] = now
            elif act == RESTS:
                seen.pop(task, None)
        before, stale = stale, set()
        for task, limit_ms in zip(TASKS, limits_ms, strict=True):
            if task in seen and now - seen[task] > limit_ms:
                stale.add(task)
        expected.append([not stale, sorted(stale - before)])
    return expected


@FEW
@given(
    st.tuples(*[st.integers(1, 5_000)] * 3),
    st.lists(
        st.tuples(st.integers(0, 3_000), st.tuples(*[st.integers(NOTHING, RESTS)] * 3)),
        max_size=20,
    ),
)
@example((2_000, 1, 1), [(0, (1, 0, 0)), (2_000, (0, 0, 0)), (1, (0, 0, 0)), (9, (1, 0, 0))])
def test_the_watchdog_is_fed_while_every_task_goes_on_or_rests(
    ask: Ask, limits_ms: tuple[int, ...], steps: Steps
) -> None:
    assert ask("watch", limits_ms, steps) == model(limits_ms, steps)


FAILED, CUT, WELL = "watchdog", "power", "well"


@pytest.mark.parametrize(
    ("events", "safe"),
    [
        ([CUT, FAILED, FAILED, FAILED], [0, 0, 0, 1]),
        ([FAILED, "software", FAILED, FAILED], [0, 0, 1, 1]),
        ([FAILED, FAILED, CUT, FAILED], [0, 0, 0, 1]),
        ([FAILED, FAILED, FAILED, CUT, CUT], [0, 0, 1, 1, 1]),
        ([FAILED, FAILED, WELL, FAILED, FAILED], [0, 0, 0, 0]),
        ([FAILED, FAILED, FAILED, WELL, CUT], [0, 0, 1, 0]),
        ([CUT, "unknown"] * 5, [0] * 10),
        ([FAILED] * 300, [0, 0] + [1] * 298),
    ],
)
def test_failures_in_a_row_make_a_safe_start_and_cuts_never(
    ask: Ask, events: list[str], safe: list[int]
) -> None:
    assert ask("starts", events) == [bool(each) for each in safe]


def test_every_task_of_the_application_says_that_it_goes_on() -> None:
    """One that never does is taken for dead after a while, and the gateway is reset."""
    application = (FIRMWARE / "gateway" / "app.py").read_text()
    tasks = set(re.findall(r'\("(\w+)", [\w.]+\.?run\w*\)|\("(\w+)", self\._\w+\)', application))
    names = {first or second for first, second in tasks}
    assert {"supervisor", "stages", "intervals", "uplink", "ntp", "health"} <= names
    sources = "".join(path.read_text() for path in (FIRMWARE / "gateway").glob("*.py"))
    recorders = {"billing", "telemetry"}  # a recorder says it by the name that it was given
    told = set(re.findall(r'(?:alive|_tick)\("(\w+)"', sources))
    assert names - recorders <= told
