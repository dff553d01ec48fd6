"""An order as a person drafts it: what the register and the authority say to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.model.priorities import PRIORITIES
from collector.model.records import Authority, Feeder, OrderReason, Site, Stage
from collector.orders.loads import can_measure
from collector.orders.order import Cut, Terms, Touched
from collector.registry.view import View


class DraftError(ValueError):
    """It cannot be ordered so; the text says why, and what would be right."""


class ActError(ValueError):
    """It cannot be done with what there is; the text says why, and what can."""


@dataclass(frozen=True)
class Asked:
    """What a person wants. `cuts`: by site its stages, None for all that are no line's.

    Its end is `hold_s` after it is issued, or `until_ms`, or whichever is sooner. `authority`: the
    name of one; None: the one that allows it. `is_by_zone`: the cuts are all there is in zones.
    `caps_w`: a setpoint, by site what it may draw, W; then a site's stages None are the whole site.
    """

    reason: OrderReason
    cuts: Sequence[tuple[str, tuple[int, ...] | None]]
    person: str
    why: str
    reference: str | None = None
    hold_s: int | None = None
    until_ms: int | None = None
    authority: str | None = None
    is_by_zone: bool = False
    caps_w: Mapping[str, int] | None = None
    cap_w: int | None = None


def terms_of(view: View, asked: Asked, now_ms: int) -> Terms:
    """The terms of an order. Raises DraftError."""
    require_person(asked.person)
    if not asked.why.strip():
        raise DraftError("an order needs its reason in words (--why)")
    if PRIORITIES[asked.reason].needs_reference and not (asked.reference or "").strip():
        raise DraftError(
            f"an order for {asked.reason} names the call or letter that asked for it (--reference)"
        )
    authority = _authority(view, asked, now_ms)
    cuts = tuple(
        _cut(view, site, stages)
        if asked.caps_w is None
        else setpoint_cut(view, site, stages, asked.caps_w[site], now_ms)
        for site, stages in _each_once(asked)
    )
    upstream = tuple(dict.fromkeys(_upstream(view, cuts)))
    if upstream and not authority.allows_upstream:
        raise DraftError(
            f"stages of it open {', '.join(upstream)}, and {authority.id} does not allow to open"
            " what feeds other sites (allows_upstream); name the sites' own stages"
        )
    hold_s = _hold_s(asked, authority, now_ms)
    sites = {cut.site for cut in cuts}
    touched = tuple(_touched(view, upstream, now_ms))
    return Terms(
        reason=asked.reason,
        cuts=cuts,
        authority=authority.id,
        document_sha256=authority.document_sha256,
        official=authority.official,
        notice_s=authority.notice_s,
        notice_channel=authority.notice_channel,
        notice_proof=authority.notice_proof,
        hold_s=hold_s,
        until_ms=asked.until_ms,
        drafted_by=asked.person.strip(),
        why=asked.why.strip(),
        reference=asked.reference,
        two_persons=bool(upstream) or len(sites) > view.policy.one_person_sites,
        upstream=upstream,
        touched=touched,
        is_by_zone=asked.is_by_zone,
        cap_w=asked.cap_w,
    )


def require_person(name: str) -> None:
    """Raises DraftError when it cannot be a person's name."""
    if not any(letter.isalpha() for letter in name):
        raise DraftError(f"{name!r} is nobody's name; give the person's full name (--by)")


def _authority(view: View, asked: Asked, now_ms: int) -> Authority:
    allowing = [
        each
        for each in view.all(Authority).values()
        if asked.reason in each.reasons and each.is_valid(now_ms)
    ]
    if asked.authority is None:
        if not allowing:
            raise DraftError(
                f"no authority that is loaded and valid allows orders for {asked.reason}: nothing"
                " can be cut; load the document's record with: esep registry import"
            )
        return allowing[0]
    found = next((each for each in allowing if each.id == asked.authority), None)
    if found is None:
        names = ", ".join(each.id for each in allowing) or "none"
        raise DraftError(
            f"authority {asked.authority} does not allow orders for {asked.reason} now; of those"
            f" that are loaded these do: {names}"
        )
    return found


def _each_once(asked: Asked) -> Iterator[tuple[str, tuple[int, ...] | None]]:
    if not asked.cuts:
        raise DraftError("name a site to cut (--site NAME, or NAME:STAGE,STAGE)")
    seen = set()
    for site, stages in asked.cuts:
        if site in seen:
            raise DraftError(f"{site} is named twice; name all its stages once: {site}:1,2")
        seen.add(site)
        yield site, stages


def _cut(view: View, name: str, stages: tuple[int, ...] | None) -> Cut:
    site = view.all(Site).get(name)
    if site is None:
        raise DraftError(f"there is no site {name!r} in the register")
    known = {stage.id for stage in site.stages}
    if stages is None:
        stages = tuple(stage.id for stage in site.stages if stage.feeder is None)
    strange = sorted({*stages} - known)
    if strange or not stages:
        there = ", ".join(map(str, sorted(known))) or "none"
        said = f"no stage {', '.join(map(str, strange))}" if strange else "no stage of its own"
        raise DraftError(f"{name} has {said}; its stages are: {there}")
    ordered = tuple(stage.id for stage in site.stages if stage.id in stages)
    return Cut(site.name, site.gateway, site.licensee, ordered)


def setpoint_cut(
    view: View, name: str, stages: tuple[int, ...] | None, cap_w: int, now_ms: int
) -> Cut:
    """A setpoint that the site's gateway can keep by itself. Raises DraftError."""
    cut = _cut(view, name, stages)
    site = view.one(Site, name)
    meant = [stage for stage in site.stages if stages is None or stage.id in stages]
    if lines := [stage.feeder for stage in meant if stage.feeder is not None]:
        raise DraftError(
            f"{name} has a stage that opens the line {', '.join(lines)}: its gateway would choose"
            f" by itself to open it, which only a person may; name its own stages: {name}:"
            f"{','.join(map(str, cut.stages))}"
        )
    points: list[object] = ["delivery"] if stages is None else [*cut.stages]
    blind = [point for point in points if not can_measure(view, name, point, now_ms)]
    if blind:
        of_what = "its delivery point" if stages is None else f"stage {', '.join(map(str, blind))}"
        raise DraftError(
            f"the gateway of {name} cannot keep a setpoint: no meter that it can count by itself"
            f" measures {of_what}; cut by --mw, --percent, or in stages"
        )
    return replace(cut, stages=() if stages is None else cut.stages, cap_w=cap_w)


def _hold_s(asked: Asked, authority: Authority, now_ms: int) -> int:
    """The longest that it may hold, from when it is issued."""
    if asked.hold_s is None and asked.until_ms is None:
        raise DraftError("every cut has an end: give --hold, --until, or both")
    if asked.until_ms is not None and asked.until_ms <= now_ms:
        raise DraftError("its end (--until) is past; name a moment to come")
    if asked.hold_s is not None and asked.hold_s <= 0:
        raise DraftError("--hold must be longer than nothing")
    most_s = authority.max_hold_s
    asked_s = asked.hold_s
    if asked_s is None:
        # from now: it is issued later, and so holds for less
        asked_s = -(-((asked.until_ms or now_ms) - now_ms) // 1000)
    if most_s is not None and asked_s > most_s:
        raise DraftError(
            f"{authority.id} allows cuts of at most {most_s} s, and {asked_s} s are asked for; a"
            " longer one must be renewed by a new order"
        )
    return asked_s


def _lines(view: View, cuts: Sequence[Cut]) -> Iterator[Stage]:
    for cut in cuts:
        stages = {stage.id: stage for stage in view.one(Site, cut.site).stages}
        yield from (stages[stage] for stage in cut.stages)


def _upstream(view: View, cuts: Sequence[Cut]) -> Iterator[str]:
    return (stage.feeder for stage in _lines(view, cuts) if stage.feeder is not None)


def _touched(view: View, upstream: Sequence[str], now_ms: int) -> Iterator[Touched]:
    """Every site on these lines and on what hangs on them, with whoever has equipment there."""
    lines = {*upstream}
    while more := {
        name
        for name, feeder in view.all(Feeder).items()
        if feeder.parent in lines and name not in lines and feeder.holds_at(now_ms)
    }:
        lines |= more
    for site in view.all(Site).values():
        if site.feeder in lines:
            tenants = [tenancy.tenant for _, tenancy in view.tenancies_at(site.name, now_ms)]
            yield Touched(site.name, site.licensee, tuple(dict.fromkeys(tenants)))
