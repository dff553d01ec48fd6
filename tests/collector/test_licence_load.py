"""Load without a valid licence, found to the second; of a site, and of a tenant in it."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from collector_world import NOW_MS, SITE
from licence_night import (
    EVER,
    HOUR,
    MINUTE,
    SECOND,
    TENANT,
    Night,
    act,
    licence,
    suspended,
    tenants,
)

from collector.checks.codes import Code
from collector.checks.states import Lasting
from collector.model.instant import day_end_ms
from collector.model.records import Record
from collector.words.of_findings import finding_text

MINING_W = 900_000.0


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night.make(tmp_path, NOW_MS)


@pytest.mark.parametrize(
    ("start", "day"),
    [
        ("2024-02-29T23:59:00+05:00", date(2024, 2, 29)),  # the second 23:59 of that night
        ("2024-02-28T23:59:00+06:00", date(2024, 2, 28)),
        ("2028-02-29T23:59:00+05:00", date(2028, 2, 29)),
        ("2026-12-31T23:59:00+05:00", date(2026, 12, 31)),
    ],
)
def test_valid_through_a_day_load_is_unlicensed_from_midnight_in_astana(
    tmp_path: Path, start: str, day: date
) -> None:
    night = Night.make(tmp_path, round(datetime.fromisoformat(start).timestamp() * 1000))
    night.record(licence(until_ms=day_end_ms(day)))
    night.draw(0, 90, feeder=MINING_W)
    assert night.look(59.999) == []
    [finding] = night.look(90)
    assert (finding.code, finding.subject) == (Code.UNLICENSED_LOAD, SITE)
    assert finding.first_ms == day_end_ms(day) == night.start_ms + MINUTE


def test_in_the_night_of_the_clocks_the_first_midnight_is_none(tmp_path: Path) -> None:
    """At 24:00 by the old offset it was 23:00 again; the licence held for an hour more."""
    first = round(datetime.fromisoformat("2024-02-29T23:59:30+06:00").timestamp() * 1000)
    night = Night.make(tmp_path, first)
    night.record(licence(until_ms=day_end_ms(date(2024, 2, 29))))
    night.draw(0, 3700, feeder=MINING_W)
    assert night.look(60) == []
    assert night.look(3629.999) == []
    [finding] = night.look(3700)
    assert night.second(finding.first_ms) == 3630


def test_load_that_began_after_the_end_is_found_from_its_first_sample(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS))
    night.draw(0, 99, feeder=0.0)
    night.draw(100, 200, feeder=MINING_W)
    [finding] = night.look(200)
    assert night.second(finding.first_ms) == 100
    assert finding.details["positions"] == [101, 201]
    assert finding.details["ended_ms"] == NOW_MS
    view = night.world.registry.view()
    version = view.version_of(licence())
    assert ["licence", "L-1", version] in finding.details["versions"]


def test_load_from_hours_ago_is_found_to_its_beginning(night: Night) -> None:
    """It is read back by the hour; the collector was away since it began."""
    night.record(licence(until_ms=NOW_MS))
    night.draw(0, 9, feeder=0.0)
    night.draw(10, 9000, feeder=MINING_W)
    [finding] = night.look(9000)
    assert night.second(finding.first_ms) == 10


def test_what_was_not_read_for_long_is_not_called_load(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS))
    night.draw(0, 100, feeder=MINING_W)
    night.draw(1000, 1100, feeder=MINING_W)
    [finding] = night.look(1100)
    assert night.second(finding.first_ms) == 1000


@pytest.mark.parametrize(("pause_s", "beginnings"), [(200, [0, 0]), (400, [0, 501])])
def test_load_that_flaps_is_one_finding(night: Night, pause_s: int, beginnings: list[int]) -> None:
    """Back within `hold_s`, 300 s, it is the same; later it is another."""
    night.record(licence(until_ms=NOW_MS))
    night.draw(0, 100, feeder=MINING_W)
    [first] = night.look(100)
    night.draw(101, 100 + pause_s, feeder=0.0)
    assert night.look(100 + pause_s) == []
    night.draw(101 + pause_s, 110 + pause_s, feeder=MINING_W)
    [second] = night.look(110 + pause_s)
    found = [night.second(finding.first_ms) for finding in (first, second)]
    assert found == beginnings
    assert first.details["positions"][0] == 1


def test_one_look_alone_sees_the_same_beginning_as_many(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS))
    night.draw(0, 100, feeder=MINING_W)
    night.draw(101, 200, feeder=0.0)
    night.draw(201, 210, feeder=MINING_W)
    many = [night.look(second) for second in (50, 100, 210)][-1]
    night.lasting = Lasting()
    assert [each.first_ms for each in night.look(210)] == [each.first_ms for each in many]


def test_a_suspension_that_begins_while_load_is_on(night: Night) -> None:
    begins, ends = NOW_MS + 30_500, NOW_MS + 60_500
    night.record(licence(), suspended(begins, ends))
    night.draw(0, 70, feeder=MINING_W)
    assert night.look(30.499) == []
    [finding] = night.look(30.5)
    assert (finding.code, finding.first_ms) == (Code.SUSPENDED_LOAD, begins)
    [finding] = night.look(60.499)
    assert (finding.first_ms, finding.details["ground"]) == (begins, "suspended")
    assert night.look(60.5) == []
    assert "suspended since 2026-11-23 14:00:30" in finding_text("en", finding)


def test_a_revocation_under_way_is_its_own_finding(night: Night) -> None:
    """The suspension before it is another: the second does not continue the first."""
    night.record(
        licence(), suspended(NOW_MS + 10_000, NOW_MS + HOUR), act("revoked", NOW_MS + 20_000)
    )
    night.draw(0, 40, feeder=MINING_W)
    assert [(each.code, night.second(each.first_ms)) for each in night.look(15)] == [
        (Code.SUSPENDED_LOAD, 10)
    ]
    assert [(each.code, night.second(each.first_ms)) for each in night.look(40)] == [
        (Code.REVOKED_LOAD, 20)
    ]


def test_resumed_and_suspended_again_within_the_hold_are_two(night: Night) -> None:
    night.record(
        licence(),
        suspended(NOW_MS + 10_000, NOW_MS + 20_000),
        suspended(NOW_MS + 30_000, NOW_MS + 40_000),
    )
    night.draw(0, 40, feeder=MINING_W)
    found = [night.look(second) for second in (15, 25, 35)]
    assert [[night.second(each.first_ms) for each in look] for look in found] == [[10], [], [30]]


def test_a_licence_that_ends_inside_a_period_is_judged_at_its_end(night: Night) -> None:
    ends = NOW_MS + 7_250
    night.record(licence(until_ms=ends))
    night.draw(0, 20, feeder=MINING_W)
    assert [each.first_ms for each in night.look(7.25)] == [ends]


def test_a_correction_of_the_register_takes_the_finding_away(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS))
    night.draw(0, 20, feeder=MINING_W)
    assert night.look(10) != []
    night.record(licence(until_ms=EVER))
    assert night.look(20) == []


def test_a_site_that_the_licence_does_not_name_and_never_did(night: Night) -> None:
    night.record(licence(sites=("elsewhere",)))
    night.draw(0, 20, feeder=MINING_W)
    [finding] = night.look(20)
    assert (finding.code, finding.details["ground"]) == (Code.UNLICENSED_LOAD, "not_named")
    assert "no licence in force names it (in force: L-1)" in finding_text("en", finding)


# --- tenants


def stages(night: Night, last_s: int, owner_w: float, tenant_w: float) -> None:
    total_w = owner_w + tenant_w
    night.draw(0, last_s, feeder=total_w, stage_1=owner_w, stage_2=tenant_w)


SECOND_TYPE: dict[str, Any] = {"licensee": TENANT, "subtype": "II", "sites": ()}


def test_a_tenant_without_a_licence_in_a_licensed_centre(night: Night) -> None:
    night.record(licence(), *tenants(2))
    stages(night, 20, MINING_W, 50_000.0)
    [finding] = night.look(20)
    assert (finding.code, finding.subject) == (Code.TENANT_LOAD, f"{SITE}/{TENANT}")
    assert (finding.first_ms, finding.details["power_w"]) == (NOW_MS, "50000")
    assert (finding.details["meters"], finding.details["ground"]) == (["stage-2"], "none")
    assert {kind for kind, *_ in finding.details["versions"]} == {
        "data_centre", "meter", "tenancy"
    }  # fmt: skip
    assert f"tenant {TENANT} of data centre centre drew 0.050 MW" in finding_text("en", finding)


def test_a_tenant_with_his_own_licence_is_let_be_until_it_ends(night: Night) -> None:
    his = licence("L-2", NOW_MS + 10 * SECOND, **SECOND_TYPE)
    night.record(licence(), *tenants(2), his)
    stages(night, 20, 0.0, 50_000.0)
    assert night.look(9.999) == []
    [finding] = night.look(20)
    assert (finding.code, night.second(finding.first_ms)) == (Code.TENANT_LOAD, 10)


def test_a_tenants_stage_at_rest_is_no_load(night: Night) -> None:
    night.record(licence(), *tenants(2))
    stages(night, 20, MINING_W, 10.0)  # below the meter's starting power, 13.8 W
    assert night.look(20) == []


@pytest.mark.parametrize(("owner_w", "is_found"), [(0.0, False), (MINING_W, True)])
def test_of_an_owner_without_a_licence_counts_what_is_not_his_tenants(
    night: Night, owner_w: float, *, is_found: bool
) -> None:
    records: list[Record] = [licence(until_ms=NOW_MS), licence("L-2", **SECOND_TYPE)]
    night.record(*records, *tenants(2))
    stages(night, 20, owner_w, 50_000.0)
    found = night.look(20)
    assert [each.code for each in found] == ([Code.UNLICENSED_LOAD] if is_found else [])
    assert [each.details["power_w"] for each in found] == (["900000"] if is_found else [])


def test_what_is_fed_past_the_owners_stage_meters_is_his(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS), licence("L-2", **SECOND_TYPE), *tenants(2))
    night.draw(0, 20, feeder=MINING_W, stage_1=0.0, stage_2=50_000.0)
    [finding] = night.look(20)
    assert (finding.subject, finding.details["power_w"]) == (SITE, "850000")


def test_without_the_tenants_meter_the_owners_part_is_not_known(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS), licence("L-2", **SECOND_TYPE), *tenants(2))
    night.draw(0, 20, feeder=MINING_W)
    assert night.look(20) == []


def test_owner_and_tenant_without_licences_are_two_findings(night: Night) -> None:
    night.record(licence(until_ms=NOW_MS), *tenants(2))
    stages(night, 20, MINING_W, 50_000.0)
    assert [each.code for each in night.look(20)] == [Code.UNLICENSED_LOAD, Code.TENANT_LOAD]
