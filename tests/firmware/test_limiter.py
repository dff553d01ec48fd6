"""The limiter's tables, whole: every state, every input, every mode, every quality of the clock."""

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limiter_tables import DOCUMENT, INPUTS, LIMITER, STATES, filled

OBSERVE, ENFORCE = 0, 1
SCHEDULED, FAIL_SAFE = (500, 700), (50, 120)
CLOCKS = {"S": (0, 2), "I": (-900_000, 900_000), "U": (0, None)}
"""From when to when now may be, ms; None: nobody knows."""

FRESH, BEAT = LIMITER.FRESH, LIMITER.BEAT
PERMIT_INPUTS = range(len(INPUTS["permit"]))
LOAD_INPUTS = range(len(INPUTS["load"]))


class State(NamedTuple):
    permit: int
    load: int
    mode: int


START = State(LIMITER._NONE, LIMITER._UNDER, OBSERVE)


def steps(state: State) -> Iterator[tuple[str, State, int]]:
    """(input, what follows, what is done) of each input. A fresh schedule may bring a mode."""
    for what in PERMIT_INPUTS:
        permit = LIMITER.permit_after(state.permit, what)
        for mode in (OBSERVE, ENFORCE) if what == FRESH else (state.mode,):
            # another mode lets go of all that was open, or would have been
            load = state.load if mode == state.mode else LIMITER._UNDER
            yield INPUTS["permit"][what], State(permit, load, mode), LIMITER._NOTHING
    for what in LOAD_INPUTS if state.permit != LIMITER._NONE else ():
        load, done = LIMITER.load_after(state.load, what)
        yield INPUTS["load"][what], state._replace(load=load), done


def reachable(start: State = START) -> set[State]:
    found, new = {start}, [start]
    while new:
        for _, after, _ in steps(new.pop()):
            if after not in found:
                found.add(after)
                new.append(after)
    return found


ALL = sorted(reachable())


def test_every_state_and_mode_is_reached() -> None:
    """None of it is for nothing: under `none` there is no load to limit."""
    limited = product(range(1, len(STATES["permit"])), range(len(STATES["load"])), (0, 1))
    assert set(ALL) == {START, *(State(*each) for each in limited)}


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("state", [s for s in ALL if s.mode == ENFORCE], ids=str)
def test_under_enforce_nothing_is_unlimited(state: State, clock: str) -> None:
    """Whatever comes, in whatever state, at whatever time: some limit holds, of both kinds."""
    for _, after, _ in [("", state, 0), *steps(state)]:
        limit = LIMITER.holding(after.permit, SCHEDULED, FAIL_SAFE)
        assert limit is not None
        assert limit in (SCHEDULED, FAIL_SAFE)
        latest_ms = CLOCKS[clock][1]
        held = LIMITER.lower(limit, FAIL_SAFE) if latest_ms is None else limit
        assert all(value is not None for value in held)


def test_nothing_leads_back_to_no_limit() -> None:
    assert all(
        after.permit != LIMITER._NONE
        for state in ALL
        if state.permit != LIMITER._NONE
        for _, after, _ in steps(state)
    )


def distance(state: State, is_there: Callable[[State, int], bool]) -> int | None:
    """How many inputs lead there at least; None: none do."""
    seen, ring, far = {state}, [state], 0
    while ring:
        far += 1
        following = []
        for each in ring:
            for _, after, done in steps(each):
                if is_there(after, done):
                    return far
                if after not in seen:
                    seen.add(after)
                    following.append(after)
        ring = following
    return None


@pytest.mark.parametrize("state", ALL, ids=str)
def test_there_is_no_dead_end(state: State) -> None:
    """From everywhere a way leads to what is normal, to opening, and to letting close."""
    normal = (LIMITER._CURRENT, LIMITER._UNDER)
    assert distance(state, lambda after, _: (after.permit, after.load) == normal) is not None
    assert distance(state, lambda _, done: done == LIMITER._OPEN) is not None
    assert distance(state, lambda _, done: done == LIMITER._RELEASE) is not None


@pytest.mark.parametrize("load", range(len(STATES["load"])), ids=STATES["load"])
def test_a_load_that_stays_above_the_limit_opens_stage_after_stage(load: int) -> None:
    for _ in range(3):
        done = []
        for what in (LIMITER._ABOVE, LIMITER._DUE):
            load, act = LIMITER.load_after(load, what)
            done.append(act)
        assert done[1] == LIMITER._OPEN


def test_only_room_lets_a_stage_close_and_only_where_the_load_is_below() -> None:
    given_permission = [
        (STATES["load"][load], INPUTS["load"][what])
        for load, what in product(range(len(STATES["load"])), LOAD_INPUTS)
        if LIMITER.load_after(load, what)[1] == LIMITER._RELEASE
    ]
    assert given_permission == [("shed", "room")]


def test_the_fail_safe_ends_by_a_heartbeat_and_a_fresh_schedule_and_by_nothing_less() -> None:
    """Every way from where it begins, with what came since: neither alone, nor time."""
    ways = [(LIMITER._FAILSAFE, frozenset[int]())]
    seen = set(ways)
    while ways:
        permit, came = ways.pop()
        for what in PERMIT_INPUTS:
            after = LIMITER.permit_after(permit, what)
            since = came | {what}
            if after == LIMITER._CURRENT:
                assert {FRESH, BEAT} <= since
            elif (after, since) not in seen:
                seen.add((after, since))
                ways.append((after, since))


def every(kind: str, ask: Callable[..., Any]) -> Iterable[Any]:
    rows: list[Any] = ask(kind, len(STATES[kind]), len(INPUTS[kind]))
    return rows


def test_micropython_walks_the_tables_as_cpython_does(start_device: Callable[..., Any]) -> None:
    ask = start_device("limiter_walk").ask
    for kind, after in (("permit", LIMITER.permit_after), ("load", LIMITER.load_after)):
        expected = [
            [after(state, what) for what in range(len(INPUTS[kind]))]
            for state in range(len(STATES[kind]))
        ]
        found = [
            [tuple(item) if isinstance(item, list) else item for item in row]
            for row in every(kind, ask)
        ]
        assert found == expected
    held = ask("holding", len(STATES["permit"]), SCHEDULED, FAIL_SAFE)
    assert [each and tuple(each) for each in held] == [
        LIMITER.holding(state, SCHEDULED, FAIL_SAFE) for state in range(len(STATES["permit"]))
    ]


ENERGY, POWER = st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)
LEFT_MS = st.integers(0, 86_400_000)


@given(st.tuples(ENERGY, POWER), ENERGY, POWER, LEFT_MS)
def test_above_is_above_either(
    limit: tuple[int, int], used_wh: int, power_w: int, left_ms: int
) -> None:
    coming = power_w * left_ms > (limit[0] - used_wh) * 3_600_000
    exceeds = power_w > limit[1] or (power_w > 0 and coming)
    assert LIMITER.is_above(limit, used_wh, power_w, left_ms) == exceeds


@given(st.tuples(ENERGY, POWER), ENERGY, POWER, LEFT_MS, st.integers(1000, 10_000))
def test_what_has_room_is_not_above(
    limit: tuple[int, int], used_wh: int, power_w: int, left_ms: int, margin: int
) -> None:
    if LIMITER.has_room(limit, used_wh, power_w, left_ms, margin):
        assert not LIMITER.is_above(limit, used_wh, power_w, left_ms)


def test_the_diagram_is_of_these_tables() -> None:
    """After a change: python tests/firmware/limiter_tables.py"""
    document = DOCUMENT.read_text("utf-8")
    assert "stateDiagram-v2" in document
    assert filled(document) == document
    for words in (*STATES.values(), *INPUTS.values()):
        assert all(f"`{word}`" in document for word in words)
