"""Which stages to open to shed so much power, and why each: the rule of docs/orders.md."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import groupby

from collector.orders.choice.fairness import Fairness

_MOST_GRAINS = 500_000
"""Powers are compared in grains of 1, 10, 100 … W, so that no target has more of them."""


class Rank(StrEnum):
    """Who is cut before whom: each wholly before the next."""

    UNLICENSED = "unlicensed"
    OVER_ALLOCATED = "over_allocated"
    COMPLIANT = "compliant"


@dataclass(frozen=True)
class Candidate:
    """A stage that could be opened. `place`: of its site's the how manieth to be shed, from 0.

    `power_w`: what it surely draws, whole W; None: nobody knows. `hindrance`: why it must not be.
    """

    site: str
    gateway: str
    licensee: str
    stage: int
    place: int
    rank: Rank
    power_w: int | None
    hindrance: str | None = None

    @property
    def is_usable(self) -> bool:
        return self.hindrance is None and bool(self.power_w)


@dataclass(frozen=True)
class Verdict:
    """What became of a stage; `why` in words."""

    candidate: Candidate
    is_chosen: bool
    why: str


@dataclass(frozen=True)
class Choice:
    """`verdicts`: of every candidate, in the order in which they are considered."""

    target_w: int
    verdicts: tuple[Verdict, ...]

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        return tuple(each.candidate for each in self.verdicts if each.is_chosen)

    @property
    def power_w(self) -> int:
        return sum(each.power_w or 0 for each in self.chosen)

    @property
    def overshoot_w(self) -> int:
        """Negative: there is not so much to be shed."""
        return self.power_w - self.target_w


def choose(
    candidates: Iterable[Candidate],
    target_w: int,
    fairness: Mapping[str, Fairness],
    slack_w: int = 0,
) -> Choice:
    """Stages that together draw the target, W; the order of the candidates does not matter.

    Ranks are taken whole, one after the other. In the one that reaches the target a site's stages
    go in its order of shedding, and the smallest overshoot wins; sets within `slack_w` of it are
    equals, and of equals the one that takes most from whoever was cut least.
    """
    loads = _loads(candidates := list(candidates))
    ordered = sorted(candidates, key=lambda each: _key(each, fairness, loads))
    usable = [each for each in ordered if each.is_usable]
    chosen: set[tuple[str, int]] = set()
    rest_w = target_w
    for _, group in groupby(usable, key=lambda each: each.rank):
        if rest_w <= 0:
            break
        members = list(group)
        if sum(each.power_w or 0 for each in members) > rest_w:
            members = _closest(members, rest_w, slack_w)
        chosen |= {(each.site, each.stage) for each in members}
        rest_w -= sum(each.power_w or 0 for each in members)
    verdicts = tuple(
        Verdict(each, (each.site, each.stage) in chosen, why)
        for each, why in _explained(ordered, chosen, fairness, loads)
    )
    return Choice(target_w, verdicts)


def _loads(candidates: Iterable[Candidate]) -> dict[str, int]:
    """What could be cut of each licensee, W."""
    found: dict[str, int] = {}
    for each in candidates:
        found[each.licensee] = found.get(each.licensee, 0) + (each.power_w or 0)
    return found


def _burden(
    licensee: str, fairness: Mapping[str, Fairness], loads: Mapping[str, int]
) -> tuple[Fraction, Fraction]:
    """Hours at his present load that were cut of him; and hours in which anything was."""
    known = fairness.get(licensee)
    if known is None:
        return Fraction(0), Fraction(0)
    return known.energy_wh / max(loads[licensee], 1), known.hours


def _key(
    each: Candidate, fairness: Mapping[str, Fairness], loads: Mapping[str, int]
) -> tuple[object, ...]:
    burden = _burden(each.licensee, fairness, loads)
    rank = list(Rank).index(each.rank)
    return rank, burden, each.licensee, each.site, each.place, each.stage


def _closest(members: Sequence[Candidate], rest_w: int, slack_w: int) -> list[Candidate]:
    """Of a rank that has more than enough; by sums that can be reached, a bit for each grain."""
    grain_w = 1
    while rest_w > grain_w * _MOST_GRAINS:
        grain_w *= 10
    rest = -(-rest_w // grain_w)
    grains = {(each.site, each.stage): (each.power_w or 0) // grain_w for each in members}
    sites = [list(group) for _, group in groupby(members, key=lambda each: each.site)]
    slack = slack_w // grain_w
    mask = (1 << (rest + max(grains.values()) + slack + 1)) - 1
    reachable = [1]
    for site in reversed(sites):
        sums = 0
        for prefix in _prefixes(site, grains):
            sums |= reachable[-1] << prefix
        reachable.append(sums & mask)
    reachable.reverse()
    above = reachable[0] >> rest
    if not above:
        return list(members)  # rounded down to grains all of them are less than enough
    best = (above & -above).bit_length() - 1
    taken: list[Candidate] = []
    used, most = 0, rest + best + slack
    for number, site in enumerate(sites, 1):
        for count, prefix in reversed(list(enumerate(_prefixes(site, grains)))):
            least = max(rest - used - prefix, 0)
            if most >= used + prefix and _has_between(
                reachable[number], least, most - used - prefix
            ):
                taken += site[:count]
                used += prefix
                break
    return _without_needless(taken, rest_w)


def _prefixes(site: Sequence[Candidate], grains: Mapping[tuple[str, int], int]) -> Iterator[int]:
    """What a site sheds by none, one, two … of its stages."""
    total = 0
    yield total
    for each in site:
        total += grains[each.site, each.stage]
        yield total


def _has_between(sums: int, least: int, most: int) -> bool:
    return bool((sums >> least) & ((1 << (most - least + 1)) - 1))


def _without_needless(taken: list[Candidate], rest_w: int) -> list[Candidate]:
    """Of whoever was cut most the last stage goes first, while the target is still reached."""
    used_w = sum(each.power_w or 0 for each in taken)
    closed = set()
    kept = []
    for each in reversed(taken):
        power_w = each.power_w or 0
        if each.site not in closed and used_w - power_w >= rest_w:
            used_w -= power_w
        else:
            closed.add(each.site)
            kept.append(each)
    return kept[::-1]


def _explained(
    ordered: Sequence[Candidate],
    chosen: set[tuple[str, int]],
    fairness: Mapping[str, Fairness],
    loads: Mapping[str, int],
) -> Iterator[tuple[Candidate, str]]:
    for each in ordered:
        burden_h = float(_burden(each.licensee, fairness, loads)[0])
        cut = f"cut of its licensee so far: {burden_h:.1f} h at his present load"
        place = f"stage {each.place + 1} of its site to be shed"
        if each.hindrance is not None:
            yield each, f"passed over: {each.hindrance}"
        elif each.power_w is None:
            yield each, "passed over: no fresh meter says what it draws"
        elif each.power_w <= 0:
            yield each, "passed over: it draws nothing"
        elif (each.site, each.stage) not in chosen:
            yield each, f"passed over: the target is reached more closely without it; {cut}"
        elif each.rank is Rank.COMPLIANT:
            yield each, f"chosen: {place}; {cut}"
        else:
            yield each, f"chosen: {RANK_WORDS[each.rank]} is cut before others; {place}"


RANK_WORDS = {
    Rank.UNLICENSED: "who may not mine here",
    Rank.OVER_ALLOCATED: "who drew more than he had bought",
}
