"""The life of a finding: who may do what with it. docs/findings.md prints the table from here."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.model.persons import same_person

COLLECTOR = "collector"
"""Who it is that finds."""
_DAY_MS = 86_400_000


class State(StrEnum):
    OPEN = "open"
    EXPLAINED = "explained"
    DISPUTED = "disputed"
    UPHELD = "upheld"
    CLOSED = "closed"


class Verb(StrEnum):
    EXPLAIN = "explain"
    DISPUTE = "dispute"
    UPHOLD = "uphold"
    CLOSE = "close"
    REOPEN = "reopen"
    MERGE = "merge"
    RESOLVE = "resolve"


class Party(StrEnum):
    """On whose behalf a person speaks."""

    LICENSEE = "licensee"
    OPERATOR = "operator"
    COLLECTOR = "collector"


class LifeError(ValueError):
    """It cannot be done; the text says why, and what can."""


@dataclass(frozen=True)
class Transition:
    """`needs_reference`: the letter or act by which it was said. `only_over`: not of a condition
    that is still seen. `within_policy`: until `dispute_days` of the policy have passed.
    """

    verb: Verb
    party: Party
    sources: tuple[State, ...]
    target: State
    meaning: str
    needs_reference: bool = False
    only_over: bool = False
    within_policy: bool = False


_UNDECIDED = (State.OPEN, State.EXPLAINED)

TRANSITIONS = {
    entry.verb: entry
    for entry in (
        Transition(
            Verb.EXPLAIN,
            Party.LICENSEE,
            _UNDECIDED,
            State.EXPLAINED,
            "says how it came; may be added to",
        ),
        Transition(
            Verb.DISPUTE,
            Party.LICENSEE,
            _UNDECIDED,
            State.DISPUTED,
            "says that it is not so",
            needs_reference=True,
            within_policy=True,
        ),
        Transition(
            Verb.UPHOLD,
            Party.OPERATOR,
            (*_UNDECIDED, State.DISPUTED),
            State.UPHELD,
            "decides that it stands",
        ),
        Transition(
            Verb.CLOSE,
            Party.OPERATOR,
            (*_UNDECIDED, State.DISPUTED, State.UPHELD),
            State.CLOSED,
            "decides that nothing is left to do",
            only_over=True,
        ),
        Transition(
            Verb.REOPEN,
            Party.COLLECTOR,
            (State.CLOSED,),
            State.OPEN,
            "sees the same again, later or with other figures",
        ),
        Transition(
            Verb.MERGE,
            Party.COLLECTOR,
            (State.OPEN,),
            State.CLOSED,
            "finds that it is part of a storm, which is one finding",
            needs_reference=True,
        ),
        Transition(
            Verb.RESOLVE,
            Party.COLLECTOR,
            _UNDECIDED,
            State.CLOSED,
            "judges the same anew, by data that came later, and it is not so",
        ),
    )
}
"""One row a verb."""


@dataclass(frozen=True)
class Act:
    """`person` is named in full; `document` is the SHA-256 of what he laid before us."""

    verb: Verb
    person: str
    reason: str
    at_ms: int
    reference: str | None = None
    document: bytes | None = None


@dataclass(frozen=True)
class Standing:
    """How a finding stands. `known_ms`: when it was found, or last seen if that was later;
    `spoke`: who spoke for the licensee.
    """

    state: State
    known_ms: int
    is_present: bool
    spoke: Sequence[str] = ()


def judge(standing: Standing, act: Act, dispute_days: int | None) -> State:
    """The state that an act leads to; raises LifeError when it may not be done."""
    row = TRANSITIONS[act.verb]
    if not act.person.strip() or not act.reason.strip():
        raise LifeError(f"to {act.verb} needs the name of a person (--by) and a reason (--reason)")
    if standing.state not in row.sources:
        raise LifeError(
            f"it is {standing.state}, and to {act.verb} it must be {_or(row.sources)};"
            f" {_possible(standing.state)}"
        )
    if row.needs_reference and not (act.reference or "").strip():
        raise LifeError(
            f"to {act.verb} needs the number and date of the letter or act (--reference)"
        )
    if row.only_over and standing.is_present:
        raise LifeError(f"it is still seen: {act.verb} it when it is over, or uphold it")
    if row.party is Party.OPERATOR and any(
        same_person(act.person, each) for each in standing.spoke
    ):
        raise LifeError(
            f"{act.person} spoke for the licensee: another person must {act.verb} it (--by)"
        )
    if row.within_policy and dispute_days is not None:
        late_ms = act.at_ms - standing.known_ms - dispute_days * _DAY_MS
        if late_ms > 0:
            raise LifeError(
                f"the {dispute_days} days (dispute_days of the policy) in which it could be"
                f" disputed ended {-(-late_ms // _DAY_MS)} day(s) ago; it can still be explained"
            )
    return row.target


def _possible(state: State) -> str:
    verbs = [
        row.verb
        for row in TRANSITIONS.values()
        if state in row.sources and row.party is not Party.COLLECTOR
    ]
    return f"possible now: {', '.join(verbs)}" if verbs else "it opens again when it is seen again"


def _or(states: Sequence[State]) -> str:
    *first, last = states
    return f"{', '.join(first)} or {last}" if first else last
