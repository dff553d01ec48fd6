"""What is judged and shown now does not read the history; a report does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from checks_control import Control
from collector_world import BIN, SITE, ZONE
from sqlalchemy import Connection, event, insert

from collector.checks import findings, periods
from collector.checks.allocation import Holder
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.orders import rules
from collector.storage import reading
from collector.storage.tables import finding as finding_table
from collector.storage.tables import period_result
from collector.web.board import read_board

LONG_AGO_MS = 10**12
HOLDER = Holder(BIN, ZONE, (SITE,))
UNREADABLE = "a failure to whoever reads it"


@pytest.fixture
def aged(control: Control) -> Control:
    """Twelve periods in breach of today, and rows of long ago that nobody may read."""
    for number in range(13):
        control.register(control.start_ms + number * control.period_ms, str(5000 + number))
    control.run(now_ms(control))
    old = range(LONG_AGO_MS, LONG_AGO_MS + 50)
    found = [
        {
            "code": Code.BREACH,
            "subject": f"{BIN}/{ZONE}",
            "first_ms": at_ms,
            "last_ms": at_ms,
            "severity": "breach",
            "body": UNREADABLE,
        }
        for at_ms in old
    ]
    closed = [
        {"licensee": BIN, "zone": ZONE, "start_ms": at_ms, "version": 1, "body": UNREADABLE}
        for at_ms in old
    ]
    with control.world.engine.begin() as connection:
        connection.execute(insert(finding_table), found)
        connection.execute(insert(period_result), closed)
    return control


def now_ms(control: Control) -> int:
    return control.start_ms + 12 * control.period_ms


def test_orders_read_only_findings_that_may_call_for_one(aged: Control) -> None:
    view = aged.world.registry.view()
    with reading(aged.world.engine) as connection:
        [terms] = rules.wanted(connection, view, [], now_ms(aged))
    assert terms.finding["first_ms"] >= now_ms(aged) - 2 * aged.period_ms


def test_the_board_reads_only_what_it_shows(aged: Control) -> None:
    world = aged.world
    board = read_board(world.engine, world.registry, aged.series, {}, now_ms(aged))
    ends = [now_ms(aged) - number * aged.period_ms for number in range(4)]
    assert [period.end_ms for period in board.sites[0].periods] == ends
    assert [finding.last_ms for finding in board.findings][:4] == ends
    assert len(board.findings) == 10


def test_checks_go_on_from_the_newest_period(aged: Control) -> None:
    aged.register(now_ms(aged) + aged.period_ms, "6000")
    aged.checks.run(now_ms(aged) + aged.period_ms)
    with reading(aged.world.engine) as connection:
        [last] = periods.newest(connection, HOLDER, 1)
    assert last.end_ms == now_ms(aged) + aged.period_ms


def test_the_record_is_read_whole(aged: Control) -> None:
    with reading(aged.world.engine) as connection:
        with pytest.raises(json.JSONDecodeError):
            findings.stored(connection)
        with pytest.raises(json.JSONDecodeError):
            periods.stored(connection)


def test_findings_by_when_they_were_last_seen(control: Control) -> None:
    """One that is seen again is among the newest, however old it is."""
    with control.world.engine.begin() as connection:
        for first_ms, last_ms in ((1, 1), (2, 2), (3, 3), (1, 9)):
            findings.keep(connection, Finding(Code.UNREAD, "a", first_ms, last_ms, {}))
        found = [(entry.first_ms, entry.last_ms) for entry in findings.newest(connection, 2)]
        assert found == [(1, 9), (3, 3)]
        since = [entry.first_ms for entry in findings.seen_since(connection, 3)]
        assert since == [3, 1]
        assert len(findings.stored(connection)) == 3


@pytest.mark.parametrize(
    ("read", "index"),
    [
        (lambda connection: findings.seen_since(connection, 1), "finding_by_last"),
        (lambda connection: findings.newest(connection, 9), "finding_by_last"),
        (lambda connection: periods.newest(connection, HOLDER, 4), "(licensee=? AND zone=?)"),
        (lambda connection: periods.completed(connection, HOLDER, 4), "(licensee=? AND zone=?)"),
    ],
)
def test_what_is_read_often_is_found_by_an_index(
    control: Control, read: Callable[[Connection], object], index: str
) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        sent.append((statement, values))

    event.listen(control.world.engine, "before_cursor_execute", note)
    with reading(control.world.engine) as connection:
        read(connection)
        statement, values = sent[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert index in str(plan)
    assert "SCAN" not in str(plan).replace(f"SCAN finding USING INDEX {index}", "")
