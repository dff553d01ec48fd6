"""What each site may draw so that all of a scope draw no more than a setpoint: docs/orders.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from collector.model.records import Site
from collector.orders import store
from collector.orders.choice import planning
from collector.orders.choice.planning import Expectation
from collector.orders.choice.scopes import Cuts, Scope, cuts_of
from collector.orders.choice.selection import RANK_WORDS, Rank
from collector.orders.drafting import DraftError, setpoint_cut
from collector.orders.loads import Load, capped, drawn
from collector.orders.order import Cut
from collector.registry.view import View
from collector.series.store import SeriesStore


@dataclass(frozen=True)
class Share:
    """What one site may draw. `power_w`: what it draws now, None: nobody knows.

    `opened`: the stages that its gateway is expected to open for it.
    """

    cut: Cut
    rank: Rank
    power_w: int | None
    opened: tuple[int, ...]
    why: str


@dataclass(frozen=True)
class SetpointPlan:
    cap_w: int
    cuts: Cuts
    shares: tuple[Share, ...]
    expected: Expectation

    @property
    def caps_w(self) -> dict[str, int]:
        return {each.cut.site: each.cut.cap_w or 0 for each in self.shares}


def plan(
    connection: Connection,
    view: View,
    series: SeriesStore,
    scope: Scope,
    cap_w: int,
    now_ms: int,
) -> SetpointPlan:
    """Raises DraftError where a site's gateway cannot keep one, or nobody knows what it draws."""
    cuts = cuts_of(view, scope, now_ms)
    meant = [setpoint_cut(view, site, stages, cap_w, now_ms) for site, stages in cuts]
    _require_free(connection, meant, now_ms)
    in_breach = planning.breaching(connection, view, now_ms)
    ranks = {
        each.site: planning.rank_of(view, view.one(Site, each.site), in_breach, now_ms)
        for each in meant
    }
    loads = {each.site: drawn(view, series, each, now_ms) for each in meant}
    caps_w = _divided(ranks, loads, cap_w)
    shares, sheds = [], []
    for each in meant:
        cut = replace(each, cap_w=caps_w[each.site])
        found = capped(view, series, cut, now_ms)
        load = loads[cut.site]
        sheds.append(
            Load(None, age_ms=load.age_ms)
            if found is None
            else Load(found.shed_w, load.sigma_w if found.shed_w else 0.0, load.age_ms)
        )
        opened = () if found is None else found.stages
        why = _why(ranks[cut.site], load.power_w, caps_w[cut.site], len(meant))
        shares.append(Share(cut, ranks[cut.site], load.power_w, opened, why))
    return SetpointPlan(cap_w, cuts, tuple(shares), planning.expected_of(sheds))


def divide(drawn_w: Mapping[str, tuple[Rank, int]], cap_w: int) -> dict[str, int]:
    """By site, W, rounded down: each rank keeps what it draws before one that is cut before it has
    anything; within a rank in proportion to what each draws. What is over is the first rank's.
    """
    caps_w = dict.fromkeys(drawn_w, 0)
    over_w = max(cap_w - sum(power_w for _, power_w in drawn_w.values()), 0)
    left_w = cap_w - over_w
    for rank in reversed(Rank):
        members = {
            site: power_w for site, (whose, power_w) in drawn_w.items() if whose is rank and power_w
        }
        rank_w = sum(members.values())
        if not members:
            continue
        given_w = min(left_w, rank_w)
        for site, power_w in members.items():
            caps_w[site] = (given_w + over_w) * power_w // rank_w
        left_w, over_w = left_w - given_w, 0
    return caps_w


def said(made: SetpointPlan) -> Mapping[str, object]:
    """What the draft keeps of a plan."""
    return {
        "cap_w": made.cap_w,
        "expected_w": made.expected.power_w,
        "least_w": made.expected.least_w,
        "most_w": made.expected.most_w,
        "fresh": made.expected.fresh,
        "sites": made.expected.stages,
        "oldest_s": made.expected.oldest_s,
        "confidence": made.expected.confidence,
        "shares": [
            {
                "site": each.cut.site,
                "power_w": each.power_w,
                "cap_w": each.cut.cap_w,
                "why": each.why,
            }
            for each in made.shares
        ],
    }


def _divided(ranks: Mapping[str, Rank], loads: Mapping[str, Load], cap_w: int) -> dict[str, int]:
    if len(loads) == 1:
        return dict.fromkeys(loads, cap_w)
    unknown = sorted(site for site, load in loads.items() if load.power_w is None)
    if unknown:
        raise DraftError(
            f"nobody knows what {', '.join(unknown)} draws now, so its share cannot be worked out:"
            " leave it out, or give it a setpoint of its own"
        )
    found = {site: (ranks[site], load.power_w or 0) for site, load in loads.items()}
    if not any(power_w for _, power_w in found.values()):
        raise DraftError("nothing is drawn there now, so there are no shares: name one site")
    return divide(found, cap_w)


def _require_free(connection: Connection, meant: Sequence[Cut], now_ms: int) -> None:
    """A gateway keeps one setpoint: of the site, or of the same stages."""
    by_gateway = {cut.gateway: cut for cut in meant}
    for order in store.load_at(connection, [*by_gateway], now_ms):
        for part in order.parts:
            other = by_gateway[part.cut.gateway]
            if part.cut.cap_w is None or order.terms.is_ahead(now_ms) or not part.may_hold(now_ms):
                continue
            if {*part.cut.stages} != {*other.stages}:
                stages = ", ".join(map(str, part.cut.stages))
                of_what = f"stages {stages}" if stages else "the site"
                raise DraftError(
                    f"{other.site} has a setpoint for {of_what} by order {order.id.hex()[:8]}, and"
                    " its gateway keeps one only: order the same scope, or end that one first"
                )


def _why(rank: Rank, power_w: int | None, cap_w: int, count: int) -> str:
    if count == 1:
        return "it is the only site"
    if not power_w:
        return "it draws nothing, and may draw nothing"
    share = f"{1000 * cap_w // power_w} ‰ of what it draws, as all of its rank"
    if rank is Rank.COMPLIANT:
        return share
    return f"{RANK_WORDS[rank]} gives way before others; {share}"
