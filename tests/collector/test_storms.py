"""Many sites that fall silent by one cause are one finding; those that stay silent are told."""

import json
import random
from pathlib import Path

import pytest
from cli_world import follow
from collector_world import NOW_MS, POLICY, Chain, TestGateway, World, gateway_record
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from collector.checks import findings, members, record, silence, steps
from collector.checks.codes import Code
from collector.checks.life import State, Verb
from collector.checks.record import Asked, Kept
from collector.checks.runner import Checks
from collector.checks.storms import Ongoing, Rule, Silence, Storm, group
from collector.intake.admission import Delivery
from collector.series.embedded import EmbeddedSeries
from collector.storage.tables import finding, finding_member

RULE = Rule(least=10, window_ms=60_000)
MANY = {"north": 100, "south": 100}


def silent(
    count: int, zone: str = "north", since_ms: int = NOW_MS, apart_ms: int = 100
) -> list[Silence]:
    return [
        Silence(
            f"{zone}-{number:05d}",
            zone,
            since_ms + number * apart_ms,
            {"site": f"{zone}-{number:05d}", "meters": [f"m{number}"], "last_ms": since_ms},
        )
        for number in range(count)
    ]


def grouped(
    silences: list[Silence],
    watched: dict[str, int] | None = None,
    ongoing: list[Ongoing] | None = None,
) -> tuple[list[tuple[str | None, int]], int]:
    """Zone and number of sites of each storm; how many are alone."""
    storms, alone = group(silences, watched or MANY, ongoing or [], RULE)
    return [(storm.zone, len(storm.silences)) for storm in storms], len(alone)


# --- the rule


def test_nine_at_once_are_nine_and_ten_are_one() -> None:
    assert grouped(silent(9)) == ([], 9)
    assert grouped(silent(10)) == ([("north", 10)], 0)


def test_ten_far_apart_are_ten() -> None:
    """They fell silent each for itself, however many are silent now."""
    assert grouped(silent(50, apart_ms=60_000)) == ([], 50)
    assert grouped(silent(10, apart_ms=6_667)) == ([], 10)
    assert grouped(silent(10, apart_ms=6_666)) == ([("north", 10)], 0)


def test_of_a_small_fleet_all_are_one() -> None:
    assert grouped(silent(3), {"north": 3}) == ([("north", 3)], 0)
    assert grouped(silent(3), {"north": 4}) == ([], 3)
    assert grouped(silent(2), {"north": 2}) == ([], 2)
    two_zones = [*silent(2), *silent(1, "south")]
    assert grouped(two_zones, {"north": 2, "south": 1}) == ([(None, 3)], 0)


def test_half_of_two_zones_have_one_cause_on_our_side() -> None:
    assert grouped([*silent(50), *silent(50, "south")]) == ([(None, 100)], 0)


def test_one_zone_is_its_network_and_others_are_not_drawn_into_it() -> None:
    assert grouped([*silent(60), *silent(3, "south")]) == ([("north", 60)], 3)
    assert grouped([*silent(20), *silent(20, "south")]) == ([("north", 20), ("south", 20)], 0)


def test_who_was_silent_long_before_is_no_part_of_it() -> None:
    long_ago = [Silence("old", "north", NOW_MS - 3_600_000)]
    assert grouped([*long_ago, *silent(50)]) == ([("north", 50)], 1)


def test_two_storms_one_after_the_other_are_two() -> None:
    later = [
        Silence(f"late-{each.subject}", each.zone, each.since_ms + 3_600_000) for each in silent(20)
    ]
    assert grouped([*silent(30), *later]) == ([("north", 30), ("north", 20)], 0)


def test_a_storm_that_goes_on_keeps_its_name_while_ten_are_silent() -> None:
    before = Ongoing("north", NOW_MS, {each.subject: each.since_ms for each in silent(50)})
    rest = silent(50)[20:]
    storms, alone = group(rest, MANY, [before], RULE)
    assert [(storm.first_ms, len(storm.silences)) for storm in storms] == [(NOW_MS, 30)]
    assert alone == []
    assert grouped(silent(50)[41:], ongoing=[before]) == ([], 9)


def test_a_site_that_fell_silent_anew_is_not_the_storms() -> None:
    before = Ongoing("north", NOW_MS, {each.subject: each.since_ms for each in silent(50)})
    again = Silence("north-00000", "north", NOW_MS + 3_600_000)
    storms, alone = group([again, *silent(50)[1:]], MANY, [before], RULE)
    assert (len(storms[0].silences), alone) == (49, [again])


_SILENCES = st.lists(
    st.builds(
        Silence,
        st.integers(0, 80).map("site-{}".format),
        st.sampled_from(["north", "south", "west"]),
        st.integers(0, 400_000),
    ),
    max_size=80,
    unique_by=lambda each: each.subject,
)


@given(_SILENCES, st.randoms())
def test_everybody_is_told_once_in_whatever_order_they_come(
    silences: list[Silence], chance: random.Random
) -> None:
    watched = {"north": 40, "south": 30, "west": 10}
    storms, alone = group(silences, watched, [], RULE)
    told = [each for storm in storms for each in storm.silences] + alone
    assert sorted(told, key=lambda each: each.subject) == sorted(
        silences, key=lambda each: each.subject
    )
    for storm in storms:
        began = [each.since_ms for each in storm.silences]
        assert max(began) - min(began) <= RULE.window_ms
        assert storm.first_ms == min(began)
        assert storm.zone is None or {each.zone for each in storm.silences} == {storm.zone}
    chance.shuffle(silences)
    assert group(silences, watched, [], RULE) == (storms, alone)


@given(_SILENCES)
def test_what_goes_on_is_grouped_as_it_was(silences: list[Silence]) -> None:
    watched = {"north": 40, "south": 30, "west": 10}
    storms, alone = group(silences, watched, [], RULE)
    known = [
        Ongoing(each.zone, each.first_ms, {one.subject: one.since_ms for one in each.silences})
        for each in storms
    ]
    again, still = group(silences, watched, known, RULE)

    def names(found: list[Storm]) -> set[tuple[str | None, int]]:
        return {(storm.zone, storm.first_ms) for storm in found}

    assert names(again) == names(storms)
    assert set(still) <= set(alone)


# --- what is kept of it


def keep(world: World, silences: list[Silence], now_ms: int, watched: int = 5000) -> None:
    zones = {"north": watched, "south": watched}
    with world.engine.begin() as connection:
        silence.keep(connection, Code.UNREAD, silences, zones, POLICY, now_ms)


def kept(connection: Connection, code: Code) -> list[Kept]:
    return record.search(connection, Asked(code=code), 1000)


def test_ten_thousand_silent_sites_are_one_finding(world: World) -> None:
    """The broker dies; it comes back, and three stay silent."""
    fleet = [*silent(5000, apart_ms=1), *silent(5000, "south", apart_ms=1)]
    now = NOW_MS + 20_000
    keep(world, fleet, now)
    keep(world, fleet, now + 500)
    with world.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(finding)) == 1
        [one] = kept(connection, Code.UNREAD_TOGETHER)
        assert (one.finding.first_ms, one.finding.last_ms) == (NOW_MS, now + 500)
        details = one.finding.details
        assert (details["zone"], details["count"], details["watched"]) == (None, 10_000, 10_000)
        assert (len(details["members"]), details["more"]) == (10, 9990)
        assert connection.scalar(select(func.count()).select_from(finding_member)) == 10_000
        [first], left = members.of(connection, one.number, 1)
        assert (json.loads(first.body)["meters"], left) == (["m0"], 9999)
    keep(world, fleet[:3], now + 60_000)
    with world.engine.begin() as connection:
        assert [each.finding.subject for each in kept(connection, Code.UNREAD)] == [
            "north-00002",
            "north-00001",
            "north-00000",
        ]
        assert {each.finding.first_ms for each in kept(connection, Code.UNREAD)} == {
            each.since_ms for each in fleet[:3]
        }
        [one] = kept(connection, Code.UNREAD_TOGETHER)
        assert one.finding.last_ms == now + 500
        assert members.present(connection, one.number) == {}


def test_a_zone_that_is_down_names_itself(world: World) -> None:
    keep(world, silent(12, "south"), NOW_MS + 9000, watched=40)
    with world.engine.begin() as connection:
        [one] = kept(connection, Code.UNREAD_TOGETHER)
    assert (one.finding.subject, one.finding.details["zone"]) == ("zone/south", "south")


def test_what_was_told_one_by_one_becomes_part_of_the_storm_and_is_told_again_after_it(
    world: World,
) -> None:
    fleet = silent(12)
    keep(world, fleet[:2], NOW_MS + 8000)
    keep(world, fleet, NOW_MS + 9000)
    with world.engine.begin() as connection:
        [storm] = kept(connection, Code.UNREAD_TOGETHER)
        singles = kept(connection, Code.UNREAD)
        assert {each.state for each in singles} == {State.CLOSED}
        [merged] = steps.of(connection, singles[0].number)
        assert (merged.act.verb, merged.act.reference) == (Verb.MERGE, str(storm.number))
    keep(world, fleet[:1], NOW_MS + 60_000)
    with world.engine.begin() as connection:
        states = {each.finding.subject: each.state for each in kept(connection, Code.UNREAD)}
    assert states == {"north-00000": State.OPEN, "north-00001": State.CLOSED}


def test_members_that_come_back_are_kept_with_when(world: World) -> None:
    fleet = silent(14)
    keep(world, fleet, NOW_MS + 9000)
    keep(world, fleet[3:], NOW_MS + 30_000)
    with world.engine.begin() as connection:
        [storm] = kept(connection, Code.UNREAD_TOGETHER)
        found, _ = members.of(connection, storm.number, 20)
    assert [each.last_ms for each in found[:4]] == [NOW_MS + 30_000] * 3 + [None]
    assert storm.finding.details["count"] == 11


def test_a_site_that_joins_late_is_added(world: World) -> None:
    fleet = silent(20)
    keep(world, fleet[:15], NOW_MS + 9000)
    keep(world, fleet, NOW_MS + 10_000)
    with world.engine.begin() as connection:
        [storm] = kept(connection, Code.UNREAD_TOGETHER)
        assert len(members.present(connection, storm.number)) == 20
        assert kept(connection, Code.UNREAD) == []


def test_running_again_changes_nothing(world: World) -> None:
    for _ in range(3):
        keep(world, silent(20), NOW_MS + 9000)
    with world.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(finding)) == 1
        assert connection.scalar(select(func.count()).select_from(finding_member)) == 20
        [storm] = kept(connection, Code.UNREAD_TOGETHER)
        assert steps.of(connection, storm.number) == []


def test_a_storm_that_was_left_and_comes_again_by_the_same_silences_is_the_same(
    world: World,
) -> None:
    keep(world, silent(20), NOW_MS + 9000)
    keep(world, [], NOW_MS + 10_000)
    keep(world, silent(20), NOW_MS + 11_000)
    with world.engine.begin() as connection:
        [storm] = kept(connection, Code.UNREAD_TOGETHER)
        assert len(members.present(connection, storm.number)) == 20


@pytest.mark.parametrize("least", [2, 5, 30])
def test_how_many_they_must_be_is_the_policys(world: World, least: int) -> None:
    policy = POLICY.model_copy(update={"storm_sites": least})
    with world.engine.begin() as connection:
        silence.keep(connection, Code.UNREAD, silent(20), {"north": 500}, policy, NOW_MS + 9000)
        assert len(kept(connection, Code.UNREAD_TOGETHER)) == (least <= 20)
        assert findings.stored(connection)


def take(world: World, chains: list[Chain], now_ms: int) -> None:
    """The next frame of each."""
    received = [Delivery.of(chain.gateway.topic, chain.next()) for chain in chains]
    world.intake(now_ms).keep(received)
    follow(world)


def test_gateways_that_fall_silent_together_are_one_finding(world: World, tmp_path: Path) -> None:
    """Twelve, and then two: told by their own checks, as they run."""
    fleet = [TestGateway(configuration=world.gateway.configuration) for _ in range(12)]
    world.registry.record([gateway_record(each) for each in fleet], bytes(32), NOW_MS)
    chains = [each.chain() for each in fleet]
    take(world, chains, NOW_MS)
    checks = Checks(world.engine, world.registry, EmbeddedSeries(tmp_path))
    checks.run(NOW_MS)
    checks.run(NOW_MS + 901_000)
    with world.engine.begin() as connection:
        [storm] = kept(connection, Code.GATEWAYS_SILENT)
        assert kept(connection, Code.GATEWAY_SILENT) == []
        found, _ = members.of(connection, storm.number, 1)
    assert (storm.finding.details["count"], storm.finding.first_ms) == (12, NOW_MS)
    assert json.loads(found[0].body)["positions"]
    take(world, chains[2:], NOW_MS + 950_000)
    checks.run(NOW_MS + 961_000)
    with world.engine.begin() as connection:
        singles = kept(connection, Code.GATEWAY_SILENT)
        [storm] = kept(connection, Code.GATEWAYS_SILENT)
    assert {each.finding.subject for each in singles} == {each.id.hex() for each in fleet[:2]}
    assert storm.finding.last_ms == NOW_MS + 901_000
