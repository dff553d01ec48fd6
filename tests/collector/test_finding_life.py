"""The life of a finding: who may do what with it, row by row; each step is kept for ever."""

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from collector_world import NOW_MS, World
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from collector.checks import findings, record, rounds, steps
from collector.checks.codes import Code, Round
from collector.checks.findings import Finding
from collector.checks.life import (
    TRANSITIONS,
    Act,
    LifeError,
    Party,
    Standing,
    State,
    Transition,
    Verb,
    judge,
)
from collector.storage import reading
from collector.storage.tables import finding as finding_table

DAY_MS = 86_400_000
LICENSEES, OPERATORS = "A. Bekova", "N. Serikov"
PERSONS = {
    Party.LICENSEE: LICENSEES,
    Party.OPERATOR: OPERATORS,
    Party.COLLECTOR: "collector",
}
BREACH = Finding(Code.BREACH, "100240000017/north", NOW_MS - 20_000, NOW_MS, {"sites": ["a"]})
ROWS = list(TRANSITIONS.values())
BY_PERSONS = [row.verb for row in ROWS if row.party is not Party.COLLECTOR]


def act_of(verb: Verb, at_ms: int = NOW_MS) -> Act:
    return Act(verb, PERSONS[TRANSITIONS[verb].party], "why", at_ms, "letter 17")


def standing(state: State, *, is_present: bool = False, spoke: tuple[str, ...] = ()) -> Standing:
    return Standing(state, NOW_MS, is_present, spoke)


# --- the table


def test_every_verb_has_its_row() -> None:
    assert list(TRANSITIONS) == list(Verb)


@pytest.mark.parametrize(("row", "state"), list(product(ROWS, State)), ids=str)
def test_a_row_says_from_where_it_leads_where(row: Transition, state: State) -> None:
    if state in row.sources:
        assert judge(standing(state), act_of(row.verb), None) is row.target
        return
    with pytest.raises(LifeError, match=f"it is {state}, and to {row.verb} it must be"):
        judge(standing(state), act_of(row.verb), None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.verb)
def test_each_needs_a_person_and_a_reason(row: Transition) -> None:
    for missing in (replace(act_of(row.verb), person="  "), replace(act_of(row.verb), reason="")):
        with pytest.raises(LifeError, match=r"the name of a person \(--by\) and a reason"):
            judge(standing(row.sources[0]), missing, None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.verb)
def test_a_reference_is_asked_for_where_the_table_says_so(row: Transition) -> None:
    without = replace(act_of(row.verb), reference=None)
    if not row.needs_reference:
        assert judge(standing(row.sources[0]), without, None) is row.target
        return
    with pytest.raises(LifeError, match="letter or act"):
        judge(standing(row.sources[0]), without, None)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.verb)
def test_what_is_still_seen_is_not_closed_by_a_person(row: Transition) -> None:
    seen = standing(row.sources[0], is_present=True)
    if not row.only_over:
        assert judge(seen, act_of(row.verb), None) is row.target
        return
    with pytest.raises(LifeError, match="still seen"):
        judge(seen, act_of(row.verb), None)


@pytest.mark.parametrize("verb", [Verb.UPHOLD, Verb.CLOSE])
@pytest.mark.parametrize("name", [LICENSEES, " a. BEKOVA "])
def test_who_spoke_for_the_licensee_does_not_decide(verb: Verb, name: str) -> None:
    disputed = standing(State.DISPUTED, spoke=(LICENSEES,))
    with pytest.raises(LifeError, match="another person must"):
        judge(disputed, replace(act_of(verb), person=name), None)
    assert judge(disputed, act_of(verb), None) is TRANSITIONS[verb].target


@pytest.mark.parametrize(
    ("after_ms", "is_late"), [(0, False), (15 * DAY_MS, False), (15 * DAY_MS + 1, True)]
)
def test_a_dispute_has_the_policys_days(after_ms: int, *, is_late: bool) -> None:
    dispute = act_of(Verb.DISPUTE, NOW_MS + after_ms)
    if not is_late:
        assert judge(standing(State.OPEN), dispute, 15) is State.DISPUTED
        return
    with pytest.raises(LifeError, match=r"15 days \(dispute_days of the policy\).* 1 day\(s\) ago"):
        judge(standing(State.OPEN), dispute, 15)
    assert judge(standing(State.OPEN), dispute, None) is State.DISPUTED


# --- what is kept


@pytest.fixture
def number(world: World) -> int:
    """Of a breach that is kept, and known since the end of its period."""
    with world.engine.begin() as connection:
        findings.keep(connection, BREACH)
        findings.note_opened(connection, NOW_MS)
        return findings.number_of(connection, BREACH)


def do(world: World, number: int, verb: Verb, at_ms: int = NOW_MS, **changes: Any) -> State:
    act = replace(act_of(verb, at_ms), **changes)
    with world.engine.begin() as connection:
        return record.act(connection, number, act, 15, at_ms)


def test_every_step_is_kept_with_who_and_why(world: World, number: int) -> None:
    do(world, number, Verb.EXPLAIN, document=bytes(range(32)))
    do(world, number, Verb.DISPUTE, NOW_MS + 1)
    assert do(world, number, Verb.UPHOLD, NOW_MS + 2, reference=None) is State.UPHELD
    with reading(world.engine) as connection:
        kept = steps.of(connection, number)
        assert record.one(connection, number).state is State.UPHELD
    assert [(step.act.verb, step.state, step.party) for step in kept] == [
        (Verb.EXPLAIN, State.EXPLAINED, Party.LICENSEE),
        (Verb.DISPUTE, State.DISPUTED, Party.LICENSEE),
        (Verb.UPHOLD, State.UPHELD, Party.OPERATOR),
    ]
    assert kept[0].act == Act(Verb.EXPLAIN, LICENSEES, "why", NOW_MS, "letter 17", bytes(range(32)))


def test_what_may_not_be_done_leaves_no_step(world: World, number: int) -> None:
    with pytest.raises(LifeError, match=f"finding {number}: it is open, and to reopen"):
        do(world, number, Verb.REOPEN)
    with pytest.raises(LifeError, match="there is no finding 999999"):
        do(world, 999_999, Verb.EXPLAIN)
    with pytest.raises(LifeError, match="there is no finding"):
        do(world, 2**70, Verb.EXPLAIN)
    with reading(world.engine) as connection:
        assert steps.of(connection, number) == []


def test_closed_and_seen_again_it_is_open_again(world: World, number: int) -> None:
    """Seen by the same figures it stays closed; later or otherwise, it is not over."""
    do(world, number, Verb.CLOSE)
    with world.engine.begin() as connection:
        findings.keep(connection, BREACH)
        assert record.one(connection, number).state is State.CLOSED
        findings.keep(connection, replace(BREACH, details={"sites": ["a"], "measured_wh": "7"}))
        assert record.one(connection, number).state is State.OPEN
        [_, again] = steps.of(connection, number)
    assert (again.act.verb, again.party) == (Verb.REOPEN, Party.COLLECTOR)


def test_another_occurrence_is_another_finding(world: World, number: int) -> None:
    do(world, number, Verb.CLOSE)
    next_one = replace(BREACH, first_ms=BREACH.last_ms, last_ms=BREACH.last_ms + 20_000)
    with world.engine.begin() as connection:
        assert findings.keep(connection, next_one)
        assert record.one(connection, number).state is State.CLOSED
        other = findings.number_of(connection, next_one)
        assert record.one(connection, other).state is State.OPEN


def test_a_condition_that_is_no_longer_seen_is_over_and_not_closed(world: World) -> None:
    seen = Finding(Code.UNREAD, "a", NOW_MS, NOW_MS + 1000, {"site": "a"})
    with world.engine.begin() as connection:
        findings.keep(connection, seen)
        kept = record.one(connection, findings.number_of(connection, seen))
        assert rounds.read(connection, NOW_MS + 6000).show(kept.finding)
        rounds.note(connection, Round.RUN, NOW_MS + 6000)
        assert not rounds.read(connection, NOW_MS + 6000).show(kept.finding)
    assert kept.state is State.OPEN


def test_a_period_judged_anew_closes_what_nobody_decided(world: World, number: int) -> None:
    with world.engine.begin() as connection:
        findings.resolve(connection, BREACH.code, BREACH.subject, BREACH.first_ms, "within", NOW_MS)
        assert record.one(connection, number).state is State.CLOSED
        findings.keep(connection, BREACH)  # judged so once more, by the same figures
        assert record.one(connection, number).state is State.OPEN
    do(world, number, Verb.DISPUTE)
    with world.engine.begin() as connection:
        findings.resolve(connection, BREACH.code, BREACH.subject, BREACH.first_ms, "within", NOW_MS)
        assert record.one(connection, number).state is State.DISPUTED


def test_the_limit_of_a_dispute_counts_from_when_it_was_known(world: World, number: int) -> None:
    """A finding on a period of long ago: the licensee could not know it before we did."""
    late = replace(BREACH, first_ms=1000, last_ms=21_000)
    with world.engine.begin() as connection:
        findings.keep(connection, late)
        findings.note_opened(connection, NOW_MS)
        number = findings.number_of(connection, late)
    assert do(world, number, Verb.DISPUTE, NOW_MS + 15 * DAY_MS) is State.DISPUTED


@given(st.lists(st.tuples(st.sampled_from(list(Verb)), st.booleans()), max_size=12))
def test_the_state_is_where_the_steps_lead(asked: list[tuple[Verb, bool]]) -> None:
    """Whatever is tried in whatever order: only rows of the table move it, and none is undone."""
    state, taken = State.OPEN, list[Verb]()
    for verb, is_present in asked:
        try:
            after = judge(standing(state, is_present=is_present), act_of(verb), None)
        except LifeError:
            continue
        assert state in TRANSITIONS[verb].sources
        assert not (verb is Verb.CLOSE and is_present)
        state = after
        taken.append(verb)
    replayed = State.OPEN
    for verb in taken:
        replayed = judge(standing(replayed), act_of(verb), None)
    assert replayed is state


def test_the_filters_find_what_they_name(world: World, tmp_path: Path) -> None:
    with world.engine.begin() as connection:
        for code, subject, last_ms, details in (
            (Code.BREACH, "100240000017/north", 10, {"sites": ["site-1", "site-2"]}),
            (Code.UNREAD, "site-1", 20, {"site": "site-1"}),
            (Code.UNREAD, "site_1", 30, {"site": "site_1"}),
            (Code.UNREAD, "site-11", 40, {"site": "site-11"}),
        ):
            findings.keep(connection, Finding(code, subject, 1, last_ms, details))

        def found(**asked: Any) -> list[int]:
            wanted = record.Asked(**asked)
            return [kept.finding.last_ms for kept in record.search(connection, wanted, 100)]

        assert found() == [40, 30, 20, 10]
        assert found(site="site-1") == [20, 10]
        assert found(site="site_1") == [30]
        assert found(code=Code.UNREAD) == [40, 30, 20]
        assert found(since_ms=30) == [40, 30]
        assert found(licensee="100240000017") == [10]
        mine = frozenset({"site-11"})
        assert found(licensee="100240000017", licensee_sites=mine) == [40, 10]
        assert found(states=(State.CLOSED,)) == []
        assert len(record.search(connection, record.Asked(), 2)) == 2
        rows = connection.scalars(select(finding_table.c.times)).all()
    assert rows == [1, 1, 1, 1]
