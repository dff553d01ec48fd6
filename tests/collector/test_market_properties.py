"""What must hold of the whole collector, whatever is drawn and bought, and however it comes."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meter_world import at
from small_market import A_PERIOD, SETTLE_MS, SmallMarket

PERIODS = 3
BOUNDARIES = PERIODS * A_PERIOD + 1
METERS = ("11", "12")
TWO_SITES = {"one": METERS[:1], "two": METERS[1:]}
ONE_SITE = {"both": METERS}
END_MS = at(BOUNDARIES)

Rises = Sequence[int]
RISES = st.lists(st.integers(0, 4000), min_size=BOUNDARIES - 1, max_size=BOUNDARIES - 1)
DRAWN = st.fixed_dictionaries(dict.fromkeys(METERS, RISES))
BOUGHT = st.lists(st.integers(0, 25_000), min_size=PERIODS, max_size=PERIODS)
SOME = settings(max_examples=6, deadline=None)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> SmallMarket:
    """A world for all examples, as the others are."""
    return SmallMarket(tmp_path_factory.mktemp("market"), TWO_SITES)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> SmallMarket:
    return SmallMarket(tmp_path_factory.mktemp("straight"), TWO_SITES)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> SmallMarket:
    return SmallMarket(tmp_path_factory.mktemp("whole"), ONE_SITE)


def registers(drawn: Mapping[str, Rises]) -> dict[str, list[int]]:
    return {meter: list(accumulate(rises, initial=1000)) for meter, rises in drawn.items()}


@SOME
@given(drawn=DRAWN, bought_wh=BOUGHT, data=st.data())
def test_the_order_of_arrival_does_not_matter(
    straight: SmallMarket,
    market: SmallMarket,
    drawn: Mapping[str, Rises],
    bought_wh: list[int],
    data: st.DataObject,
) -> None:
    """Also where some frames never come, and when it is looked and judged between any two."""
    straight.begin(bought_wh)
    market.begin(bought_wh)
    lost = data.draw(st.sets(st.integers(0, 2 * BOUNDARIES - 1), max_size=3))
    order = data.draw(st.permutations([n for n in range(2 * BOUNDARIES) if n not in lost]))
    looks = data.draw(st.sets(st.sampled_from(order), max_size=3))
    messages = straight.frames(registers(drawn))
    straight.run.take((each for n, each in enumerate(messages) if n not in lost), END_MS)
    messages, now_ms = market.frames(registers(drawn)), END_MS
    for number in order:
        market.run.take([messages[number]], now_ms)
        if number in looks:
            now_ms += SETTLE_MS
            market.run.look(now_ms)
    market.settle(now_ms)
    straight.settle(now_ms)
    assert market.intervals() == straight.intervals()
    assert market.judged() == straight.judged()
    assert market.standing() == straight.standing()


@SOME
@given(drawn=DRAWN, bought_wh=BOUGHT, lost=st.sets(st.integers(0, 2 * BOUNDARIES - 1), max_size=3))
def test_running_again_changes_nothing(
    market: SmallMarket, drawn: Mapping[str, Rises], bought_wh: list[int], lost: set[int]
) -> None:
    """Neither the same collector nor one that starts anew; nor frames that come once more."""
    market.begin(bought_wh)
    messages = [each for n, each in enumerate(market.frames(registers(drawn))) if n not in lost]
    market.run.take(messages, END_MS)
    last_ms = market.settle(END_MS)
    kept = market.kept()
    market.run.look(last_ms)
    assert market.kept() == kept
    market.run.take(messages, last_ms)
    market.run.start()
    market.run.look(last_ms)
    assert market.kept() == kept


@SOME
@given(drawn=DRAWN, bought_wh=BOUGHT)
def test_splitting_a_site_into_two_changes_no_breach(
    whole: SmallMarket, market: SmallMarket, drawn: Mapping[str, Rises], bought_wh: list[int]
) -> None:
    """The same meters at one site, and at two of the same licensee."""
    figures, standing = [], []
    for made in (whole, market):
        made.begin(bought_wh)
        made.run.take(made.frames(registers(drawn)), END_MS)
        made.settle(END_MS)
        figures.append(
            [
                (each.start_ms, each.outcome, each.measured_wh, each.allowed_wh, each.quantum_wh)
                for each in made.judged()
            ]
        )
        standing.append(made.standing())
    assert figures[0] == figures[1]
    assert standing[0] == standing[1]


@SOME
@given(
    drawn=DRAWN,
    bought_wh=BOUGHT,
    revised=st.lists(
        st.tuples(st.integers(0, PERIODS - 1), st.integers(0, 25_000)), min_size=1, max_size=4
    ),
    data=st.data(),
)
def test_asked_as_known_then_the_answer_is_what_was_answered_then(
    market: SmallMarket,
    drawn: Mapping[str, Rises],
    bought_wh: list[int],
    revised: list[tuple[int, int]],
    data: st.DataObject,
) -> None:
    """Frames come late and in any order, and what was bought is revised, with looks between."""
    market.begin(bought_wh)
    messages = data.draw(st.permutations(market.frames(registers(drawn))))
    answers, now_ms = {}, END_MS
    part = -(-len(messages) // len(revised))
    for number, (period, bought) in enumerate(revised):
        market.run.take(messages[number * part : (number + 1) * part], now_ms)
        market.buy(period, bought, now_ms)
        for _ in range(2):
            now_ms += SETTLE_MS
            market.run.look(now_ms)
            answers[now_ms] = market.closings()
    for known_ms, answer in answers.items():
        assert market.closings(known_ms) == answer
        assert market.closings(known_ms + SETTLE_MS - 1) == answer
    assert market.closings(END_MS) == []
