"""Which stages are opened to shed so much: against all subsets, in any order, over many rounds."""

import random
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, product

from hypothesis import given
from hypothesis import strategies as st

from collector.orders.choice.fairness import Fairness
from collector.orders.choice.selection import Candidate, Rank, choose

RANKS = list(Rank)


def stage(site: str, place: int, power_w: int | None, rank: Rank = Rank.COMPLIANT) -> Candidate:
    return Candidate(site, f"gw-{site}", f"owner-{site}", place + 1, place, rank, power_w)


def fairness(**hours: int) -> dict[str, Fairness]:
    """So many hours at 1 kW."""
    return {
        f"owner-{name}": Fairness(f"owner-{name}", 1, Fraction(each), Fraction(1000 * each), 0)
        for name, each in hours.items()
    }


@st.composite
def worlds(draw: st.DrawFn) -> list[Candidate]:
    found = []
    for site in "abcd"[: draw(st.integers(1, 4))]:
        rank = draw(st.sampled_from(RANKS))
        powers = draw(st.lists(st.none() | st.integers(0, 40), min_size=1, max_size=3))
        found += [stage(site, place, power, rank) for place, power in enumerate(powers)]
    return found


def best_overshoot(candidates: Sequence[Candidate], target_w: int) -> int | None:
    """By the written rule, all that are allowed tried one after the other; None: not enough."""
    rest = target_w
    for rank in RANKS:
        sites = [
            [each.power_w or 0 for each in group if each.is_usable]
            for _, group in groupby(
                [each for each in candidates if each.rank is rank], key=lambda each: each.site
            )
        ]
        total = sum(map(sum, sites))
        if total < rest:
            rest -= total
            continue
        counts = product(*(range(len(site) + 1) for site in sites))
        sums = [sum(sum(s[:n]) for s, n in zip(sites, each, strict=True)) for each in counts]
        return min(each for each in sums if each >= rest) - rest
    return None


@given(worlds(), st.integers(1, 200), st.integers(0, 10))
def test_none_of_all_subsets_is_closer(
    candidates: list[Candidate], target_w: int, slack_w: int
) -> None:
    choice = choose(candidates, target_w, {}, slack_w)
    best = best_overshoot(candidates, target_w)
    if best is None:
        assert choice.overshoot_w < 0
        assert len(choice.chosen) == sum(each.is_usable for each in candidates)
    else:
        assert best <= choice.overshoot_w <= best + slack_w
        if slack_w == 0:
            assert choice.overshoot_w == best


@given(worlds(), st.integers(1, 200), st.integers(0, 10), st.randoms(use_true_random=False))
def test_the_order_of_the_candidates_does_not_matter(
    candidates: list[Candidate], target_w: int, slack_w: int, shuffler: random.Random
) -> None:
    before = choose(candidates, target_w, fairness(a=3, b=1), slack_w)
    shuffler.shuffle(candidates)
    assert choose(candidates, target_w, fairness(a=3, b=1), slack_w) == before


@given(worlds(), st.integers(1, 200), st.integers(0, 10))
def test_nothing_is_opened_before_what_is_shed_before_it(
    candidates: list[Candidate], target_w: int, slack_w: int
) -> None:
    chosen = {(each.site, each.place) for each in choose(candidates, target_w, {}, slack_w).chosen}
    for each in candidates:
        later = any(site == each.site and place > each.place for site, place in chosen)
        assert not (later and each.is_usable) or (each.site, each.place) in chosen


@given(worlds(), st.integers(1, 200))
def test_nobody_is_cut_while_one_of_a_worse_rank_is_left(
    candidates: list[Candidate], target_w: int
) -> None:
    chosen = choose(candidates, target_w, {}).chosen
    worst = max((RANKS.index(each.rank) for each in chosen), default=0)
    for each in candidates:
        if each.is_usable and RANKS.index(each.rank) < worst:
            assert each in chosen


@given(worlds(), st.integers(1, 200))
def test_what_is_protected_unknown_or_idle_is_never_opened(
    candidates: list[Candidate], target_w: int
) -> None:
    guarded = [replace(candidates[0], hindrance="it feeds its gateway"), *candidates[1:]]
    choice = choose(guarded, target_w, {})
    assert all(each.is_usable for each in choice.chosen)
    assert len(choice.verdicts) == len(guarded)
    assert all(each.why for each in choice.verdicts)


def test_of_equals_whoever_was_cut_least_is_next() -> None:
    candidates = [stage(site, 0, 1000) for site in "abc"]
    choice = choose(candidates, 1000, fairness(a=2, b=1, c=3))
    assert [each.site for each in choice.chosen] == ["b"]


def test_within_the_slack_fairness_decides_and_beyond_it_closeness() -> None:
    candidates = [stage("a", 0, 1000), stage("b", 0, 1019), stage("c", 0, 1200)]
    cut = fairness(a=2, b=1)
    assert [each.site for each in choose(candidates, 1000, cut, 20).chosen] == ["b"]
    assert [each.site for each in choose(candidates, 1000, cut).chosen] == ["a"]


@given(st.integers(2, 6), st.integers(1, 5))
def test_over_many_rounds_everyone_bears_the_same(sites: int, at_once: int) -> None:
    """Of equals nobody is ever two rounds ahead of another."""
    names = "abcdef"[:sites]
    candidates = [stage(site, 0, 1000) for site in names]
    hours = dict.fromkeys(names, 0)
    for _ in range(25):
        chosen = choose(candidates, 1000 * min(at_once, sites), fairness(**hours)).chosen
        for each in chosen:
            hours[each.site] += 1
        assert max(hours.values()) - min(hours.values()) <= 1


def test_unequal_loads_are_cut_for_as_many_hours_of_their_own() -> None:
    sizes = {"a": 1000, "b": 2000, "c": 4000}
    candidates = [stage(site, 0, power) for site, power in sizes.items()]
    energy = dict.fromkeys(sizes, 0)
    for _ in range(70):
        cut = {
            f"owner-{site}": Fairness("", 1, Fraction(0), Fraction(wh), 0)
            for site, wh in energy.items()
        }
        for each in choose(candidates, 1000, cut, slack_w=4000).chosen:
            energy[each.site] += each.power_w or 0
    hours = [energy[site] / sizes[site] for site in sizes]
    assert max(hours) - min(hours) <= 1


def test_a_country_is_chosen_from_to_the_thousandth() -> None:
    """1,000 sites of three stages, and 240 MW wanted of 1.5 GW."""
    dice = random.Random(7)
    candidates = [
        stage(f"s{number:04}", place, dice.randrange(100_000, 900_000))
        for number in range(1000)
        for place in range(3)
    ]
    choice = choose(candidates, 240_000_000, {}, slack_w=0)
    assert 0 <= choice.overshoot_w < 240_000_000 // 1000
