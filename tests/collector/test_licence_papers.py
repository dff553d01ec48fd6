"""What the register says of licences: each is a finding as long as it is so."""

from datetime import date, datetime
from typing import Any

import pytest
from checks_control import Control
from collector_world import BIN, LICENSEE, NOW_MS, SITE
from finding_words import check_words
from licence_night import EVER, HOUR, TENANT, act, licence, tenants

from collector.checks import licence_papers
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.licence import Ground, site_standing
from collector.checks.standing import Check
from collector.checks.states import Scene
from collector.model.instant import day_end_ms
from collector.model.records import DataCentre, Record, Tenancy
from collector.storage import reading
from collector.words.of_findings import finding_text

DAY_MS = 24 * HOUR


def look(control: Control, check: Check, now_ms: int) -> list[Finding]:
    view = control.world.registry.view()
    with reading(control.world.engine) as connection:
        scene = Scene(connection, view, control.series, now_ms, 0)
        found = [scene.finding(state) for state in check(scene)]
    for each in found:
        check_words(each)
    return found


def record(control: Control, *records: Record) -> None:
    control.world.registry.record(records, bytes(32), NOW_MS)


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


ENDS_MS = day_end_ms(date(2027, 2, 28))


@pytest.mark.parametrize(
    ("now", "days", "since"),
    [
        ("2026-11-30T23:59:59+05:00", None, None),
        ("2026-12-01T00:00:00+05:00", 90, "2026-12-01T00:00:00+05:00"),
        ("2027-01-29T23:59:59+05:00", 90, "2026-12-01T00:00:00+05:00"),
        ("2027-01-30T00:00:00+05:00", 30, "2027-01-30T00:00:00+05:00"),
        ("2027-02-22T00:00:00+05:00", 7, "2027-02-22T00:00:00+05:00"),
        ("2027-02-28T12:00:00+05:00", 1, "2027-02-28T00:00:00+05:00"),
        ("2027-03-01T00:00:00+05:00", None, None),
    ],
)
def test_each_warning_begins_at_midnight_so_many_days_before_the_end(
    control: Control, now: str, days: int | None, since: str | None
) -> None:
    record(control, licence(until_ms=ENDS_MS))
    found = look(control, licence_papers.judge_ends, moment(now))
    assert [(each.details["days"], each.first_ms) for each in found] == (
        [] if days is None or since is None else [(days, moment(since))]
    )


def test_each_warning_is_one_finding_however_often_it_is_looked_at(control: Control) -> None:
    record(control, licence(until_ms=ENDS_MS))
    start = moment("2026-11-30T00:00:00+05:00")
    for hour in range(0, 91 * 24, 24):
        control.run(start + hour * HOUR)
    found = [each for each in control.findings() if each.code is Code.LICENCE_ENDS]
    assert [each.details["days"] for each in found] == [90, 30, 7, 1]
    assert f"licence L-1 of {BIN} ends 2027-03-01 00:00:00" in finding_text("en", found[0])


def test_an_extension_ends_the_warning_and_a_licence_that_follows_prevents_it(
    control: Control,
) -> None:
    now_ms = moment("2027-02-25T00:00:00+05:00")
    record(control, licence(until_ms=ENDS_MS))
    assert len(look(control, licence_papers.judge_ends, now_ms)) == 1
    record(control, act("extended", now_ms, ends=ENDS_MS + 365 * DAY_MS))
    assert look(control, licence_papers.judge_ends, now_ms) == []
    record(control, act("extended", now_ms, ends=ENDS_MS + 1, withdrawn=True))
    assert len(look(control, licence_papers.judge_ends, now_ms)) == 1
    record(control, licence("L-2", valid_from=ENDS_MS))
    assert look(control, licence_papers.judge_ends, now_ms) == []


def test_a_revoked_licence_is_not_warned_of(control: Control) -> None:
    now_ms = moment("2027-02-25T00:00:00+05:00")
    record(control, licence(until_ms=ENDS_MS), act("revoked", NOW_MS))
    assert look(control, licence_papers.judge_ends, now_ms) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sites": ("elsewhere",)}, Code.SITE_NOT_NAMED),
        ({"licensee": TENANT}, Code.OTHER_HOLDER),
        ({}, None),
        ({"until_ms": NOW_MS}, None),  # of load without a licence its own check tells
    ],
)
def test_a_site_that_no_licence_names_and_one_that_another_holds(
    control: Control, changes: dict[str, Any], code: Code | None
) -> None:
    record(control, LICENSEE.model_copy(update={"bin": TENANT}), licence(**changes))
    found = look(control, licence_papers.judge_sites, NOW_MS)
    assert [each.code for each in found] == ([] if code is None else [code])
    for each in found:
        assert each.subject == SITE
        assert finding_text("en", each)


def test_another_holders_licence_leads_to_no_cut(control: Control) -> None:
    record(control, LICENSEE.model_copy(update={"bin": TENANT}), licence(licensee=TENANT))
    standing = site_standing(control.world.registry.view(), SITE, NOW_MS)
    assert (standing.ground, standing.calls_for_cut) == (Ground.OTHER_HOLDER, False)


def test_subtype_two_without_a_data_centre(control: Control) -> None:
    his = licence("L-2", EVER, licensee=TENANT, subtype="II", sites=())
    record(control, his)
    [finding] = look(control, licence_papers.judge_data_centres, NOW_MS)
    assert (finding.code, finding.subject, finding.first_ms) == (Code.NO_DATA_CENTRE, "L-2", 0)
    record(control, *tenants(2))
    assert look(control, licence_papers.judge_data_centres, NOW_MS) == []
    left = Tenancy(
        data_centre="centre", tenant=TENANT, stages=(2,), valid_from=0, valid_until=NOW_MS - 5
    )
    record(control, left)
    [finding] = look(control, licence_papers.judge_data_centres, NOW_MS)
    assert finding.first_ms == NOW_MS - 5
    assert "is in no data centre" in finding_text("en", finding)


def test_a_data_centre_that_closed_is_none(control: Control) -> None:
    closed = DataCentre(name="centre", owner=BIN, site=SITE, valid_from=0, valid_until=NOW_MS - 9)
    his = licence("L-2", EVER, licensee=TENANT, subtype="II", sites=())
    record(control, his, *tenants(2), closed)
    [finding] = look(control, licence_papers.judge_data_centres, NOW_MS)
    assert finding.first_ms == NOW_MS - 9


def test_acts_that_contradict_each_other_are_told_until_they_are_withdrawn(
    control: Control,
) -> None:
    late = act("extended", NOW_MS - 5, ends=NOW_MS + 5)
    record(control, licence(until_ms=NOW_MS - 9), late)
    [finding] = look(control, licence_papers.judge_conflicts, NOW_MS)
    assert (finding.subject, finding.first_ms) == ("L-1", NOW_MS - 5)
    assert finding.details["acts"] == [late.key]
    assert finding.details["misfits"] == ["not_in_this_state"]
    assert late.key in finding_text("en", finding)
    record(control, late.model_copy(update={"withdrawn": True}))
    assert look(control, licence_papers.judge_conflicts, NOW_MS) == []
