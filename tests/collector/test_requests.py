"""The plan of requests is the best there is: judged against every way to group the quantities."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.model.requests import PlanError, apart, line_time_ms, plan

Spans = list[tuple[int, int]]


def groupings(spans: Spans) -> Iterator[list[Spans]]:
    """Every partition of the spans into sets."""
    if not spans:
        yield []
        return
    first, *rest = spans
    for parts in groupings(rest):
        yield [[first], *parts]
        for place, part in enumerate(parts):
            yield [*parts[:place], [first, *part], *parts[place + 1 :]]


def request(group: Spans) -> range:
    return range(min(at for at, _ in group), max(at + count for at, count in group))


def allowed(asked: range, spans: Spans, readable: list[range] | None, most: int) -> bool:
    if len(asked) > most:
        return False
    if readable is None:
        known = {register for at, count in spans for register in range(at, at + count)}
        return set(asked) <= known
    return any(set(asked) <= set(block) for block in readable)


def best(spans: Spans, readable: list[range] | None, most: int) -> tuple[int, int] | None:
    costs = [
        (len(parts), sum(len(request(part)) for part in parts))
        for parts in groupings(spans)
        if all(allowed(request(part), spans, readable, most) for part in parts)
    ]
    return min(costs, default=None)


@st.composite
def instruments(draw: st.DrawFn) -> tuple[Spans, list[range] | None, int]:
    """Spans of 1, 2 or 4 registers apart or adjoining, inside blocks or not quite."""
    spans: Spans = []
    at = draw(st.integers(0, 3))
    for _ in range(draw(st.integers(1, 7))):
        size = draw(st.sampled_from([1, 2, 4]))
        spans.append((at, size))
        at += size + draw(st.sampled_from([0, 0, 0, 1, 2, 5]))
    most = draw(st.integers(4, 20))
    if draw(st.booleans()):
        return draw(st.permutations(spans)), None, most
    cuts = sorted(draw(st.sets(st.sampled_from([at for at, _ in spans[1:]] or [0]), max_size=3)))
    edges = [0, *(cut for cut in cuts if cut), at + 1]
    blocks = [range(first, last) for first, last in pairwise(edges)]
    return draw(st.permutations(spans)), blocks, most


@given(instruments())
def test_a_plan_is_as_good_as_any_and_splits_nothing(
    instrument: tuple[Spans, list[range] | None, int],
) -> None:
    spans, readable, most = instrument
    asked = plan(spans, readable, most)
    requests = [range(address, address + count) for address, count in asked]
    for at, count in spans:
        assert sum(set(range(at, at + count)) <= set(each) for each in requests) == 1
    for each in requests:
        assert allowed(each, spans, readable, most)
        for at, count in spans:
            assert len(set(each) & set(range(at, at + count))) in (0, count)
    assert (len(asked), sum(count for _, count in asked)) == best(spans, readable, most)
    assert asked == sorted(asked)


@given(instruments())
def test_the_order_of_the_quantities_is_no_matter(
    instrument: tuple[Spans, list[range] | None, int],
) -> None:
    spans, readable, most = instrument
    assert plan(spans, readable, most) == plan(sorted(spans), readable, most)


@given(instruments())
def test_requests_set_apart_still_fetch_the_same_and_no_more_than_may_be_read(
    instrument: tuple[Spans, list[range] | None, int],
) -> None:
    spans, readable, most = instrument
    asked = plan(spans, readable, most)
    widened = apart(asked, readable, most)
    assert [address for address, _ in widened] == [address for address, _ in asked]
    for (address, count), (_, wider) in zip(asked, widened, strict=True):
        assert count <= wider <= count + 4
        assert wider == count or allowed(range(address, address + wider), spans, readable, most)


def test_neighbours_are_set_apart_round_and_round() -> None:
    assert apart([(0, 4), (10, 4)], [range(20)], 125) == [(0, 5), (10, 4)]
    assert apart([(0, 4), (10, 2), (20, 4)], [range(30)], 125) == [(0, 5), (10, 2), (20, 4)]
    assert apart([(0, 4), (10, 4), (20, 5)], [range(30)], 125) == [(0, 4), (10, 6), (20, 5)]


@pytest.mark.parametrize(
    ("readable", "most"), [(None, 125), ([range(4), range(10, 14)], 125), ([range(20)], 4)], ids=str
)
def test_nothing_is_widened_beyond_what_is_known(readable: list[range] | None, most: int) -> None:
    assert apart([(0, 4), (10, 4)], readable, most) == [(0, 4), (10, 4)]


def test_a_gap_is_crossed_only_where_it_is_readable() -> None:
    spans = [(0, 2), (4, 2), (6, 2)]
    assert plan(spans, [range(8)], 125) == [(0, 8)]
    assert plan(spans, None, 125) == [(0, 2), (4, 4)]
    assert plan(spans, [range(3), range(4, 8)], 125) == [(0, 2), (4, 4)]


def test_of_equally_many_requests_the_shorter_are_taken() -> None:
    """Filling the first request would cross the gap of 9 for nothing."""
    assert plan([(0, 1), (10, 1), (11, 1)], [range(20)], 11) == [(0, 1), (10, 2)]


def test_nothing_needs_no_request() -> None:
    assert plan([], None, 125) == []


@pytest.mark.parametrize(
    ("readable", "most"), [(None, 3), ([range(10, 13)], 125), ([], 125)], ids=str
)
def test_what_no_request_can_fetch_is_said(readable: list[range] | None, most: int) -> None:
    with pytest.raises(PlanError, match="4 registers at 10"):
        plan([(10, 4)], readable, most)


def test_the_line_is_held_by_characters_and_waits() -> None:
    taken = line_time_ms(
        [(0, 2), (10, 10)], baud=9600, bits_per_character=11, gap_ms=5, turnaround_ms=20
    )
    assert taken == 2 * 25 + Fraction((8 + 9 + 8 + 25) * 11 * 1000, 9600)
