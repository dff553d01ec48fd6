"""No more moves at once than the zone's cap, whatever the others do meanwhile."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from collector.orders.ramp import Ramp, Span, Wave, apart_ms, in_turn

WINDOW_MS = 60
LOADS = st.lists(st.integers(1, 12), min_size=1, max_size=12)


def most_in_a_window(moves: Sequence[tuple[int, int]]) -> int:
    """(moment, load): the most in any half-open window of WINDOW_MS."""
    return max(
        sum(load for other, load in moves if moment <= other < moment + WINDOW_MS)
        for moment, _ in moves
    )


@given(LOADS, st.integers(12, 40), st.integers(0, 30), st.randoms(use_true_random=False))
def test_returns_that_were_planned_never_exceed_the_cap(
    loads: list[int], cap: int, spread_ms: int, dice: random.Random
) -> None:
    """Wherever in its spread each gateway closes."""
    ramp = Ramp(cap, WINDOW_MS)
    spans = []
    for load in loads:
        start_ms = ramp.first(Wave(((0, load),), spread_ms), 1000)
        spans.append(Span(start_ms, start_ms + spread_ms, load))
        ramp.add(spans[-1])
    assert min(span.from_ms for span in spans) == 1000
    for _ in range(20):
        moves = [(dice.randint(each.from_ms, each.until_ms), each.load_w) for each in spans]
        assert most_in_a_window(moves) <= cap


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 100), st.integers(1, 12)),
        min_size=1,
        max_size=12,
    ),
    st.integers(12, 40),
    st.randoms(use_true_random=False),
)
def test_whatever_is_let_move_keeps_to_the_cap(
    asked: list[tuple[int, int, int]], cap: int, dice: random.Random
) -> None:
    """Spans of every length, asked for in any order; what does not fit does not move."""
    ramp = Ramp(cap, WINDOW_MS)
    taken = []
    for from_ms, length_ms, load in asked:
        span = Span(from_ms, from_ms + length_ms, load)
        if ramp.fits(span):
            ramp.add(span)
            taken.append(span)
    for _ in range(20):
        moves = [(dice.randint(each.from_ms, each.until_ms), each.load_w) for each in taken]
        assert most_in_a_window(moves) <= cap


@given(LOADS, st.integers(12, 40))
def test_it_is_no_slower_than_it_must_be(loads: list[int], cap: int) -> None:
    """Two neighbouring windows carry more than one cap: else they had been one."""
    ramp = Ramp(cap, WINDOW_MS)
    starts = []
    for load in loads:
        starts.append(ramp.first(Wave(((0, load),), 0), 0))
        ramp.add(Span(starts[-1], starts[-1], load))
    assert max(starts) <= WINDOW_MS * (2 * sum(loads) // cap)


def test_more_than_the_cap_moves_alone() -> None:
    ramp = Ramp(10, WINDOW_MS)
    assert ramp.first(Wave(((0, 25),), 5), 0) == 0
    ramp.add(Span(0, 5, 25))
    assert ramp.first(Wave(((0, 1),), 5), 0) == 65
    ramp.add(Span(65, 70, 1))
    assert ramp.first(Wave(((0, 25),), 5), 0) == 130


def test_what_may_still_move_keeps_others_waiting() -> None:
    """A hundred gateways are away; each may obey until its command expires, and then none has."""
    ramp = Ramp(10, WINDOW_MS)
    for _ in range(10):
        assert ramp.fits(Span(0, 300, 1))
        ramp.add(Span(0, 300, 1))
    assert not ramp.fits(Span(200, 500, 1))
    assert not ramp.fits(Span(359, 659, 1))
    assert ramp.fits(Span(360, 660, 1))


def test_the_latest_moment_before_an_end() -> None:
    ramp = Ramp(10, WINDOW_MS, [Span(1000, 1005, 10)])
    wave = Wave(((0, 10),), 5)
    assert ramp.last(wave, 1000, 0) == 1000 - WINDOW_MS - 5
    assert ramp.last(wave, 1000, 990) is None
    assert ramp.last(wave, 900, 0) == 900


def test_a_fleet_of_a_thousand_is_planned() -> None:
    ramp = Ramp(30_000_000, 60_000)
    starts = []
    after_ms = 0
    for _ in range(1000):
        after_ms = ramp.first(Wave(((0, 1_000_000),), 0), after_ms)
        starts.append(after_ms)
        ramp.add(Span(after_ms, after_ms, 1_000_000))
    assert starts[-1] == 33 * 60_000  # 1 GW at 30 MW a minute


@given(
    LOADS,
    st.integers(12, 40),
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 12)), max_size=6),
    st.integers(0, 20),
    st.randoms(use_true_random=False),
)
def test_loads_that_come_one_by_one_keep_to_the_cap_beside_others(
    loads: list[int],
    cap: int,
    others: list[tuple[int, int]],
    spread_ms: int,
    dice: random.Random,
) -> None:
    """Also where some of them stay away, and those behind them come sooner."""
    step_ms = apart_ms(loads, cap, WINDOW_MS)
    ramp = Ramp(cap, WINDOW_MS)
    moves = []
    for at_ms, load in others:
        if ramp.fits(Span(at_ms, at_ms, load)):
            ramp.add(Span(at_ms, at_ms, load))
            moves.append((at_ms, load))
    start_ms = ramp.first(in_turn(loads, step_ms, WINDOW_MS, spread_ms), 0)
    for _ in range(20):
        first_ms = start_ms + dice.randint(0, spread_ms)
        coming = [load for load in loads if dice.random() < 0.8]
        returning = [(first_ms + place * step_ms, load) for place, load in enumerate(coming)]
        assert most_in_a_window([*moves, *returning] or [(0, 0)]) <= cap
