"""What an order would open, why, and what that sheds: nothing here is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import ceil, sqrt

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.licence import site_standing
from collector.model.records import Site, Stage
from collector.orders import store
from collector.orders.choice import fairness
from collector.orders.choice.scopes import Cuts, Scope, cuts_of
from collector.orders.choice.selection import Candidate, Choice, Rank, Verdict, choose
from collector.orders.drafting import DraftError
from collector.orders.loads import Load, stage_load
from collector.registry.view import View
from collector.series.store import SeriesStore

_SIGMAS = 3
_DAY_MS = 86_400_000
_FEEDS_ITS_GATEWAY = "it feeds its own gateway"


class Confidence(StrEnum):
    """How surely an expected drop is known: docs/orders.md has the figures."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Amount:
    """How much of a scope: so many W, or so many thousandths of what it draws; neither: all."""

    power_w: int | None = None
    permille: int | None = None

    @property
    def is_all(self) -> bool:
        return self.power_w is None and self.permille is None


@dataclass(frozen=True)
class Expectation:
    """The drop in W: what the stages' own meters say they draw, within 3 σ of its noise.

    `fresh` of `stages` have a meter that tells; what the others draw is not in the figures.
    """

    power_w: int
    least_w: int
    most_w: int
    stages: int
    fresh: int
    oldest_s: int
    confidence: Confidence


@dataclass(frozen=True)
class Plan:
    """`verdicts`: of every stage of the scope. `target_w` None: all that is in it."""

    cuts: Cuts
    target_w: int | None
    verdicts: tuple[Verdict, ...]
    expected: Expectation

    @property
    def chosen(self) -> tuple[Candidate, ...]:
        return tuple(each.candidate for each in self.verdicts if each.is_chosen)

    @property
    def licensees(self) -> tuple[str, ...]:
        return tuple(sorted({each.licensee for each in self.chosen}))


def plan(
    connection: Connection,
    view: View,
    series: SeriesStore,
    scope: Scope,
    amount: Amount,
    now_ms: int,
) -> Plan:
    """Raises DraftError when there is nothing to cut, or less than is asked for."""
    cuts = cuts_of(view, scope, now_ms)
    loads: dict[tuple[str, int], Load] = {}
    candidates = _candidates(connection, view, series, cuts, loads, now_ms)
    if amount.is_all:
        verdicts = tuple(_of_all(each) for each in candidates)
        target_w = None
    else:
        choice = _choice(connection, view, candidates, amount, now_ms)
        verdicts, target_w = choice.verdicts, choice.target_w
    chosen = [each.candidate for each in verdicts if each.is_chosen]
    if not chosen:
        raise DraftError("no stage of it can be opened: esep curtail plan says why of each")
    expected = expected_of([loads[each.site, each.stage] for each in chosen])
    return Plan(_cuts(chosen), target_w, verdicts, expected)


def _candidates(
    connection: Connection,
    view: View,
    series: SeriesStore,
    cuts: Cuts,
    loads: dict[tuple[str, int], Load],
    now_ms: int,
) -> list[Candidate]:
    sites = [site_of(view, name) for name, _ in cuts]
    orders = store.load_at(connection, [site.gateway for site in sites], now_ms)
    held = {
        (part.cut.site, stage)
        for order in orders
        if not order.terms.is_ahead(now_ms)
        for part in order.parts
        if part.may_hold(now_ms)
        for stage in part.cut.claims
    }
    in_breach = breaching(connection, view, now_ms)
    found = []
    for site, (_, stages) in zip(sites, cuts, strict=True):
        _require_known(site, stages)
        rank = rank_of(view, site, in_breach, now_ms)
        for place, stage in enumerate(site.stages):
            is_meant = stage.feeder is None if stages is None else stage.id in stages
            if not is_meant:
                continue
            load = stage_load(view, series, site.name, stage.id, now_ms)
            loads[site.name, stage.id] = load
            hindrance = _hindrance(site, stage, held)
            found.append(
                Candidate(
                    site.name,
                    site.gateway,
                    site.licensee,
                    stage.id,
                    place,
                    rank,
                    load.power_w,
                    hindrance,
                )
            )
    return found


def site_of(view: View, name: str) -> Site:
    site = view.all(Site).get(name)
    if site is None:
        raise DraftError(f"there is no site {name!r} in the register")
    return site


def _require_known(site: Site, stages: Collection[int] | None) -> None:
    known = {stage.id for stage in site.stages}
    if strange := sorted({*(stages or ())} - known):
        there = ", ".join(map(str, sorted(known))) or "none"
        raise DraftError(
            f"{site.name} has no stage {', '.join(map(str, strange))}; its stages are: {there}"
        )


def _hindrance(
    site: Site,
    stage: Stage,
    held: Collection[tuple[str, int]],
) -> str | None:
    """Why a stage must not be chosen for an amount; what is protected has no stage at all."""
    if site.gateway_circuit == stage.id:
        return _FEEDS_ITS_GATEWAY
    if (site.name, stage.id) in held:
        return "an order that is not over has it"
    if stage.feeder is not None:
        return f"it opens the line {stage.feeder}; such an order names its stages"
    return None


def _of_all(each: Candidate) -> Verdict:
    """Without an amount all is opened that may be; what another order has, is then both's."""
    if each.hindrance == _FEEDS_ITS_GATEWAY:
        return Verdict(each, False, f"passed over: {each.hindrance}")
    return Verdict(each, True, "chosen: all of the scope is")


def breaching(connection: Connection, view: View, now_ms: int) -> set[str]:
    """Sites of holders whose last closed period was in breach."""
    since_ms = now_ms - view.market.period_ms - int(view.policy.late_s * 1000)
    return {
        site
        for finding in findings.standing_since(connection, since_ms)
        if finding.code is Code.BREACH
        for site in finding.details.get("sites", ())
    }


def rank_of(view: View, site: Site, in_breach: Collection[str], now_ms: int) -> Rank:
    standing = site_standing(view, site.name, now_ms)
    if standing.calls_for_cut and not standing.is_doubted:
        return Rank.UNLICENSED
    return Rank.OVER_ALLOCATED if site.name in in_breach else Rank.COMPLIANT


def _choice(
    connection: Connection,
    view: View,
    candidates: Sequence[Candidate],
    amount: Amount,
    now_ms: int,
) -> Choice:
    drawn_w = sum(each.power_w or 0 for each in candidates)
    if amount.power_w is not None:
        target_w = amount.power_w
    else:
        target_w = ceil(Fraction(drawn_w * (amount.permille or 0), 1000))
    if target_w <= 0:
        raise DraftError("the target is nothing; name more than 0 MW, or more than 0 %")
    slack_w = target_w * view.policy.overshoot_permille // 1000
    closed = store.load_recent(connection, now_ms - view.policy.fairness_days * _DAY_MS)
    choice = choose(candidates, target_w, fairness.ledger(closed), slack_w)
    if choice.overshoot_w < 0:
        raise DraftError(
            f"only {choice.power_w} W can be shed there, by what fresh meters say, of"
            f" {target_w} W: ask for less, widen the scope, or cut all of it without an amount"
        )
    return choice


def _cuts(chosen: Sequence[Candidate]) -> Cuts:
    """Each site's stages in its order of shedding."""
    stages: dict[str, list[tuple[int, int]]] = {}
    for each in chosen:
        stages.setdefault(each.site, []).append((each.place, each.stage))
    return tuple(
        (site, tuple(stage for _, stage in sorted(places)))
        for site, places in sorted(stages.items())
    )


def expected_of(loads: Sequence[Load]) -> Expectation:
    known = [load for load in loads if load.power_w is not None]
    power_w = sum(load.power_w or 0 for load in known)
    margin_w = ceil(_SIGMAS * sqrt(sum(load.sigma_w**2 for load in known)))
    oldest_s = max((load.age_ms for load in known), default=0) // 1000
    expected = Expectation(
        power_w,
        max(power_w - margin_w, 0),
        power_w + margin_w,
        len(loads),
        len(known),
        oldest_s,
        Confidence.LOW,
    )
    return replace(expected, confidence=confidence(expected))


def confidence(expected: Expectation) -> Confidence:
    """By the share of stages with a fresh meter, and the noise against the drop."""
    fresh_permille = 1000 * expected.fresh // max(expected.stages, 1)
    noise_permille = 1000 * (expected.power_w - expected.least_w) // max(expected.power_w, 1)
    for level, fresh_least, noise_most in CONFIDENCE:
        if fresh_permille >= fresh_least and noise_permille <= noise_most and expected.power_w:
            return level
    return Confidence.LOW


CONFIDENCE = ((Confidence.HIGH, 1000, 50), (Confidence.MEDIUM, 900, 200))
"""The least share of fresh stages, and the most that 3 σ may be of the drop, in thousandths."""


def said(made: Plan) -> Mapping[str, object]:
    """What the draft keeps of a plan."""
    return {
        "target_w": made.target_w,
        "expected_w": made.expected.power_w,
        "least_w": made.expected.least_w,
        "most_w": made.expected.most_w,
        "fresh": made.expected.fresh,
        "stages": made.expected.stages,
        "oldest_s": made.expected.oldest_s,
        "confidence": made.expected.confidence,
        "selection": [
            {"site": each.candidate.site, "stage": each.candidate.stage, "why": each.why}
            for each in made.verdicts
            if each.is_chosen
        ],
    }
