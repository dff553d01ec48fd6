"""What a licence allows from when until when: as it was issued, and by the acts on it since."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from collector.model.records import Licence, LicenceAct


class LicenceState(StrEnum):
    NOT_YET = "not_yet"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ENDED = "ended"


class Misfit(StrEnum):
    """Why an act changed nothing."""

    STATE = "not_in_this_state"
    EMPTY = "ends_before_it_begins"
    SHORTER = "ends_no_later_than_before"


@dataclass(frozen=True, slots=True)
class Conflict:
    """An act that does not fit what was so, in `state`, when it came."""

    act: LicenceAct
    state: LicenceState
    misfit: Misfit


@dataclass(frozen=True, slots=True)
class Span:
    """From `start_ms` until just before `end_ms`; None: nothing known ends it.

    `ends_ms`: when the licence ended, as it was decided then.
    """

    start_ms: int
    end_ms: int | None
    state: LicenceState
    sites: tuple[str, ...]
    ends_ms: int

    def says_as(self, other: "Span") -> bool:
        return (self.state, self.sites, self.ends_ms) == (other.state, other.sites, other.ends_ms)

    def allows(self, site: str) -> bool:
        return self.state is LicenceState.IN_FORCE and site in self.sites


@dataclass(frozen=True)
class Course:
    """The whole of a licence: `spans` follow each other from the beginning of time.

    `acts`: all that are not withdrawn, in the order in which they were taken.
    """

    licence: Licence
    acts: tuple[LicenceAct, ...]
    spans: tuple[Span, ...]
    conflicts: tuple[Conflict, ...]

    @property
    def sites(self) -> frozenset[str]:
        """Every site that it ever names."""
        return frozenset(site for span in self.spans for site in span.sites)

    def at(self, at_ms: int) -> Span:
        return self.spans[self._place(at_ms)]

    def since(self, at_ms: int, site: str | None = None) -> int:
        """When the state of then began; with a site, when its being named or not did too."""
        place = self._place(at_ms)
        now = self.spans[place]
        while place > 0:
            before = self.spans[place - 1]
            if before.state is not now.state or (
                site is not None and (site in before.sites) is not (site in now.sites)
            ):
                break
            place -= 1
        return self.spans[place].start_ms

    def last_allowed_until(self, site: str, at_ms: int) -> int | None:
        """When it last stopped to allow a site, by then; None when it never had."""
        ends = [
            span.end_ms
            for span in self.spans
            if span.allows(site) and span.end_ms is not None and span.end_ms <= at_ms
        ]
        return max(ends, default=None)

    def is_doubted(self, at_ms: int) -> bool:
        """Whether an act without effect would let it be in force, had it been taken in time."""
        return any(
            conflict.act.valid_from <= at_ms < (conflict.act.ends or self.at(at_ms).ends_ms)
            for conflict in self.conflicts
            if conflict.act.act in _GRANTS and conflict.state in _OVER
        )

    def _place(self, at_ms: int) -> int:
        return bisect_right(self.spans, at_ms, key=lambda span: span.start_ms) - 1


@dataclass(frozen=True, slots=True)
class _Terms:
    begins_ms: int
    ends_ms: int
    sites: tuple[str, ...]
    suspended_until_ms: int = 0
    is_revoked: bool = False

    def state_at(self, at_ms: int) -> LicenceState:
        if self.is_revoked:
            return LicenceState.REVOKED
        if at_ms >= self.ends_ms:
            return LicenceState.ENDED
        if at_ms < self.begins_ms:
            return LicenceState.NOT_YET
        is_suspended = at_ms < self.suspended_until_ms
        return LicenceState.SUSPENDED if is_suspended else LicenceState.IN_FORCE

    def spans(self, start_ms: int, end_ms: int | None) -> Iterator[Span]:
        turns = {self.begins_ms, self.suspended_until_ms, self.ends_ms}
        cuts = sorted(
            turn for turn in turns if start_ms < turn and (end_ms is None or turn < end_ms)
        )
        for start, end in zip([start_ms, *cuts], [*cuts, end_ms], strict=True):
            yield Span(start, end, self.state_at(start), self.sites, self.ends_ms)


_OVER = (LicenceState.REVOKED, LicenceState.ENDED)
_NOT_OVER = (LicenceState.NOT_YET, LicenceState.IN_FORCE, LicenceState.SUSPENDED)
_GRANTS = ("resumed", "extended")


@dataclass(frozen=True, slots=True)
class _Rule:
    """An act, the states that it fits, and what it makes of the terms."""

    act: str
    fits: tuple[LicenceState, ...]
    effect: Callable[[_Terms, LicenceAct], _Terms]


_RULES = (
    _Rule(
        "extended", _NOT_OVER, lambda terms, act: replace(terms, ends_ms=act.ends or terms.ends_ms)
    ),
    _Rule("sites", _NOT_OVER, lambda terms, act: replace(terms, sites=act.sites or ())),
    _Rule(
        "resumed",
        (LicenceState.SUSPENDED,),
        lambda terms, act: replace(terms, suspended_until_ms=act.valid_from),
    ),
    _Rule(
        "suspended",
        _NOT_OVER,
        lambda terms, act: replace(terms, suspended_until_ms=act.valid_until or 0),
    ),
    _Rule("revoked", _NOT_OVER, lambda terms, _: replace(terms, is_revoked=True)),
)
"""In the order in which acts of one moment count: the strictest has the last word."""
_RANKS = {rule.act: rank for rank, rule in enumerate(_RULES)}


def course(licence: Licence, acts: Iterable[LicenceAct]) -> Course:
    """Fold the acts on a licence, given in any order, into what it allowed and allows.

    An act counts from its `valid_from`, before what ends by itself at that moment. One that does
    not fit changes nothing and is named: after its end, or revoked, a licence is not extended.
    """
    taken = sorted(
        (act for act in acts if not act.withdrawn),
        key=lambda act: (act.valid_from, _RANKS[act.act], act.key),
    )
    terms = _Terms(licence.valid_from, licence.valid_until, licence.sites)
    spans, conflicts, start_ms = list[Span](), list[Conflict](), 0
    for act in taken:
        if act.valid_from > start_ms:
            spans += terms.spans(start_ms, act.valid_from)
            start_ms = act.valid_from
        state = terms.state_at(act.valid_from - 1)
        rule = _RULES[_RANKS[act.act]]
        misfit = Misfit.STATE if state not in rule.fits else _misfit(terms, act)
        if misfit is None:
            terms = rule.effect(terms, act)
        else:
            conflicts.append(Conflict(act, state, misfit))
    spans += terms.spans(start_ms, None)
    return Course(licence, tuple(taken), tuple(_joined(spans)), tuple(conflicts))


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Where nothing changed there is one span."""
    joined: list[Span] = []
    for span in spans:
        is_same = bool(joined) and joined[-1].says_as(span)
        joined.append(replace(span, start_ms=joined.pop().start_ms) if is_same else span)
    return joined


def _misfit(terms: _Terms, act: LicenceAct) -> Misfit | None:
    if act.act == "suspended" and act.valid_until is not None:
        return Misfit.EMPTY if act.valid_until <= act.valid_from else None
    if act.act == "extended" and act.ends is not None:
        return Misfit.SHORTER if act.ends <= terms.ends_ms else None
    return None
