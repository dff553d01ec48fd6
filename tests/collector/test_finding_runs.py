"""What fails period after period by one cause is one finding, with each period as a member."""

import json
from dataclasses import replace
from typing import Any

from collector_world import World
from sqlalchemy import Connection

from collector.checks import findings, members, record, steps
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.life import COLLECTOR, Act, State, Verb
from collector.checks.record import Asked, Kept

HOUR_MS = 3_600_000


def unmeasured(hour: int, *missing: str, **details: Any) -> Finding:
    start_ms = hour * HOUR_MS
    known = {"missing": list(missing), "positions": [hour]} | details
    return Finding(Code.UNMEASURED, "bin/north", start_ms, start_ms + HOUR_MS, known)


def kept(connection: Connection) -> list[Kept]:
    """Oldest first."""
    return record.search(connection, Asked(code=Code.UNMEASURED), 100)[::-1]


def test_hours_in_a_row_without_one_meter_are_one_finding(world: World) -> None:
    with world.engine.begin() as connection:
        for hour in range(1, 73):
            findings.keep(connection, unmeasured(hour, "feeder"))
        [run] = kept(connection)
        found, left = members.of(connection, run.number, 2)
    assert (run.times, run.finding.first_ms, run.finding.last_ms) == (72, HOUR_MS, 73 * HOUR_MS)
    assert [(each.first_ms, each.last_ms) for each in found] == [
        (HOUR_MS, 2 * HOUR_MS),
        (2 * HOUR_MS, 3 * HOUR_MS),
    ]
    assert left == 70
    assert [json.loads(each.body)["positions"] for each in found] == [[1], [2]]


def test_an_hour_between_or_another_meter_ends_it(world: World) -> None:
    with world.engine.begin() as connection:
        for hour, meter in ((1, "a"), (2, "a"), (4, "a"), (5, "b"), (6, "b")):
            findings.keep(connection, unmeasured(hour, meter))
        assert [run.times for run in kept(connection)] == [2, 1, 2]


def test_running_again_changes_nothing(world: World) -> None:
    with world.engine.begin() as connection:
        for _ in range(3):
            for hour in (1, 2, 3):
                findings.keep(connection, unmeasured(hour, "a"))
        [run] = kept(connection)
        assert (run.times, members.of(connection, run.number, 9)[1]) == (3, 0)


def test_breaches_in_a_row_are_each_a_finding(world: World) -> None:
    with world.engine.begin() as connection:
        for hour in (1, 2, 3):
            one = replace(unmeasured(hour, "a"), code=Code.BREACH)
            assert findings.keep(connection, one)
        assert len(record.search(connection, Asked(code=Code.BREACH), 9)) == 3


def test_a_member_that_is_judged_anew_is_changed_where_it_stands(world: World) -> None:
    with world.engine.begin() as connection:
        for hour in (1, 2, 3):
            findings.keep(connection, unmeasured(hour, "a"))
        findings.keep(connection, unmeasured(2, "a", "b"))
        [run] = kept(connection)
        found, _ = members.of(connection, run.number, 9)
    assert run.times == 3
    assert [json.loads(each.body)["missing"] for each in found] == [["a"], ["a", "b"], ["a"]]
    assert run.finding.details["positions"] == [3]


def test_a_closed_run_goes_on_as_another(world: World) -> None:
    with world.engine.begin() as connection:
        findings.keep(connection, unmeasured(1, "a"))
        findings.keep(connection, unmeasured(2, "a"))
        [run] = kept(connection)
        close = Act(Verb.CLOSE, "N. Serikov", "gateway exchanged", 9 * HOUR_MS)
        record.act(connection, run.number, close, None, 9 * HOUR_MS)
        assert findings.keep(connection, unmeasured(3, "a"))
        assert [each.state for each in kept(connection)] == [State.CLOSED, State.OPEN]


def test_readings_that_come_later_close_it_when_nothing_is_left(world: World) -> None:
    def measured(connection: Connection, hour: int) -> None:
        findings.resolve(
            connection, Code.UNMEASURED, "bin/north", hour * HOUR_MS, "closed again: within", 9
        )

    with world.engine.begin() as connection:
        for hour in (1, 2, 3):
            findings.keep(connection, unmeasured(hour, "a"))
        for hour in (2, 3, 7):
            measured(connection, hour)
        [run] = kept(connection)
        assert run.state is State.OPEN
        measured(connection, 1)
        [run] = kept(connection)
        [step] = steps.of(connection, run.number)
        found, _ = members.of(connection, run.number, 9)
    assert (run.state, step.act.person, step.act.reason) == (
        State.CLOSED,
        COLLECTOR,
        "closed again: within",
    )
    assert len(found) == 3
