"""A condition is present while the last rounds of the checks saw it, however long they take."""

from dataclasses import replace

import pytest
from collector_world import NOW_MS, World

from collector.checks import findings, rounds
from collector.checks.codes import LASTING, Code, Round
from collector.checks.findings import Finding
from collector.checks.rounds import STALE_MS
from collector.storage import reading

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
SEEN = Finding(Code.UNREAD, "a", NOW_MS, NOW_MS, {"site": "a"})
ENDS = Finding(Code.LICENCE_ENDS, "L-1", NOW_MS, NOW_MS, {"licence": "L-1"})


def see(world: World, finding: Finding, at_ms: int) -> Finding:
    seen = replace(finding, last_ms=at_ms)
    with world.engine.begin() as connection:
        findings.keep(connection, seen)
    return seen


def finish(world: World, kind: Round, at_ms: int) -> None:
    with world.engine.begin() as connection:
        rounds.note(connection, kind, at_ms)


def shows(world: World, finding: Finding, now_ms: int) -> bool:
    with reading(world.engine) as connection:
        return rounds.read(connection, now_ms).show(finding)


def test_what_the_last_round_saw_is_present_until_the_next_has_finished(world: World) -> None:
    finish(world, Round.RUN, NOW_MS)
    assert shows(world, SEEN, NOW_MS + 5 * MINUTE_MS)  # of very many meters a round takes long
    finish(world, Round.RUN, NOW_MS + 5 * MINUTE_MS)
    assert not shows(world, SEEN, NOW_MS + 5 * MINUTE_MS)
    assert shows(world, replace(SEEN, last_ms=NOW_MS + 5 * MINUTE_MS), NOW_MS + 5 * MINUTE_MS)


def test_what_a_round_saw_that_has_not_finished_is_present(world: World) -> None:
    finish(world, Round.RUN, NOW_MS)
    assert shows(world, replace(SEEN, last_ms=NOW_MS + MINUTE_MS), NOW_MS + MINUTE_MS)


@pytest.mark.parametrize("kind", list(Round))
def test_rounds_of_one_kind_say_nothing_of_what_another_sees(world: World, kind: Round) -> None:
    finish(world, kind, NOW_MS + MINUTE_MS)
    for code in Code:
        seen = replace(SEEN, code=code)
        is_its_own = LASTING.get(code, kind) is kind
        assert shows(world, seen, NOW_MS + MINUTE_MS) is not is_its_own


def test_where_no_round_comes_any_more_nothing_is_known_to_be_so(world: World) -> None:
    finish(world, Round.RUN, NOW_MS)
    assert shows(world, SEEN, NOW_MS + STALE_MS)
    assert not shows(world, SEEN, NOW_MS + STALE_MS + 1)


def test_what_is_seldom_looked_at_is_present_while_the_checks_run(world: World) -> None:
    finish(world, Round.LOOK, NOW_MS)
    finish(world, Round.RUN, NOW_MS + HOUR_MS)
    assert shows(world, ENDS, NOW_MS + HOUR_MS)
    assert not shows(world, ENDS, NOW_MS + HOUR_MS + STALE_MS + 1)


def test_a_round_is_noted_when_something_is_over_and_else_once_a_minute(world: World) -> None:
    def is_worth_noting(at_ms: int) -> bool:
        with reading(world.engine) as connection:
            return rounds.is_worth_noting(connection, Round.RUN, at_ms)

    assert not is_worth_noting(NOW_MS)  # nothing was ever found
    seen = see(world, SEEN, NOW_MS)
    assert is_worth_noting(NOW_MS)
    finish(world, Round.RUN, NOW_MS)
    see(world, replace(SEEN, code=Code.DISK), NOW_MS)  # which another round sees
    assert is_worth_noting(NOW_MS + 1)
    see(world, seen, NOW_MS + 1)
    assert not is_worth_noting(NOW_MS + 1)
    assert is_worth_noting(NOW_MS + MINUTE_MS)
    assert is_worth_noting(NOW_MS - 1)  # the clock was set back
