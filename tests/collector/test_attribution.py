"""Whose the readings are: by what the instrument said of itself before them in the chain."""

from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from collector_world import (
    BILLING,
    NOW_MS,
    SITE,
    TestGateway,
    World,
    event,
    gateway_record,
)
from meter_world import (
    METER,
    OTHER,
    PROFILE,
    SERIAL,
    at,
    billed,
    configure,
    energy,
    identity,
    standings,
    went_back,
)

from collector.checks import findings, meters
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.meters import IdentityState
from collector.checks.runner import Checks
from collector.cli import report
from collector.intervals.energy import Metering, meter_between
from collector.intervals.follower import IntervalFollower
from collector.ledger import flags
from collector.ledger.flags import Flag
from collector.ledger.followers import advance
from collector.ledger.identities import Standing
from collector.model.continuity import Verdict
from collector.model.records import Meter
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading

OTHER_METER, OTHER_RATIO = Standing.OTHER_METER, Standing.OTHER_RATIO


@pytest.fixture
def site(world: World) -> World:
    configure(world)
    return world


def frames(world: World, *records: Any) -> list[bytes]:
    """Each record in a frame of its own, in the order of the chain."""
    chain = world.gateway.chain(BILLING)
    return [chain.next(record) for record in records]


def follow(world: World, *messages: bytes) -> None:
    world.append(messages, NOW_MS + 10**6)
    advance(world.engine, IntervalFollower(world.configurations))


def take(world: World, *records: Any) -> None:
    follow(world, *frames(world, *records))


def between(world: World, first: int, last: int) -> Metering:
    with reading(world.engine) as connection:
        return meter_between(connection, METER, at(first), at(last))


def flagged(world: World) -> dict[str, int]:
    with reading(world.engine) as connection:
        return flags.counts(connection)


def state(world: World) -> meters.MeterIdentity:
    meter = world.registry.view().all(Meter)[METER]
    with reading(world.engine) as connection:
        return meters.identity_of(connection, meter)


SWAPPED_AND_BACK = [
    identity(SERIAL, at_ms=at(0)),
    energy(at(0), 100),
    energy(at(1), 105),
    identity(OTHER, at_ms=at(1) + 100),
    energy(at(2), 7_000),
    energy(at(3), 7_001),
    identity(SERIAL, at_ms=at(3) + 100),
    energy(at(4), 110),
    energy(at(5), 111),
]


def test_what_stands_after_a_foreign_identity_is_not_the_meters(site: World) -> None:
    take(site, *SWAPPED_AND_BACK)
    foreign = {at(2): OTHER_METER, at(3): OTHER_METER}
    assert standings(site, METER) == {at(number): None for number in (0, 1, 4, 5)} | foreign
    assert billed(site, METER, at(2)) is None
    assert billed(site, METER, at(4)) is not None
    assert flagged(site) == {}


@pytest.mark.parametrize("order", list(permutations(range(5)))[::6])
def test_it_does_not_depend_on_the_order_of_arrival(site: World, order: tuple[int, ...]) -> None:
    history = [
        energy(at(0), 100),
        identity(OTHER, at_ms=at(0) + 100),
        energy(at(1), 7_000),
        identity(SERIAL, at_ms=at(1) + 100),
        energy(at(2), 110),
    ]
    messages = frames(site, *history)
    for number in order:
        follow(site, messages[number])
    assert standings(site, METER) == {at(0): None, at(1): OTHER_METER, at(2): None}


def test_within_a_frame_the_order_of_its_records_counts(site: World) -> None:
    records = [energy(at(0), 100), identity(OTHER), energy(at(1), 7_000)]
    follow(site, site.gateway.frame(BILLING, 1, records))
    assert standings(site, METER) == {at(0): None, at(1): OTHER_METER}


def test_an_identity_of_an_earlier_epoch_holds_in_the_next(site: World) -> None:
    first, second = site.gateway.chain(BILLING), site.gateway.chain(BILLING, epoch=2)
    later = second.next(energy(at(1), 7_000))
    follow(site, later, first.next(energy(at(0), 100)), first.next(identity(OTHER)))
    assert standings(site, METER) == {at(0): None, at(1): OTHER_METER}


def test_what_could_not_be_read_says_nothing(site: World) -> None:
    """Neither that the meter is another one, nor that the right one is back."""
    unread = identity(OTHER, unread=("serial",))
    take(
        site,
        *[unread, energy(at(0), 100)],
        *[identity(SERIAL), unread, energy(at(1), 105)],
        *[identity(OTHER), energy(at(2), 7_000), unread, energy(at(3), 7_001)],
        *[identity(SERIAL), energy(at(4), 110)],
    )
    foreign = {at(2): OTHER_METER, at(3): OTHER_METER}
    assert standings(site, METER) == {at(0): None, at(1): None, at(4): None} | foreign


@pytest.mark.parametrize("serial", ["4711", "0004711"])
def test_a_serial_is_the_same_with_and_without_leading_zeros(world: World, serial: str) -> None:
    configure(world, serial=serial)
    take(world, identity(SERIAL), energy(at(0), 100))
    assert standings(world, serial) == {at(0): None}


def test_a_ratio_that_is_not_the_registered_one_ends_the_attribution(site: World) -> None:
    take(
        site,
        *[identity(SERIAL), energy(at(0), 100)],
        *[identity(SERIAL, ct=80), energy(at(1), 105)],
        *[identity(SERIAL, unread=("ct_primary", "vt_primary")), energy(at(2), 106)],
        *[identity(OTHER, ct=80), energy(at(3), 107)],
    )
    assert list(standings(site, METER).values()) == [None, OTHER_RATIO, OTHER_RATIO, OTHER_METER]


def test_the_registered_ratio_is_that_of_the_frames_own_configuration(site: World) -> None:
    take(site, identity(SERIAL, ct=80), energy(at(0), 100))
    configure(site, ct=(400, 5))
    chain = site.gateway.chain(BILLING, epoch=2)
    follow(site, chain.next(identity(SERIAL, ct=80)), chain.next(energy(at(1), 105)))
    assert list(standings(site, METER).values()) == [OTHER_RATIO, None]


def test_another_slots_identity_says_nothing(site: World) -> None:
    take(site, identity(OTHER, slot=1), energy(at(0), 100))
    assert standings(site, METER) == {at(0): None}


def test_a_snapshot_of_a_foreign_meter_does_not_keep_out_the_meters_own(site: World) -> None:
    """The meter moved to another gateway; the first still reads for its slot, and came first."""
    first, second = site.gateway, TestGateway()
    who, *foreign = frames(site, identity(OTHER), energy(at(0), 7_000), energy(at(1), 7_001))
    follow(site, *foreign)
    site.registry.record([gateway_record(second)], bytes(32), NOW_MS)
    site.gateway = second
    configure(site)
    take(site, identity(SERIAL), energy(at(0), 100), energy(at(1), 105))
    site.gateway = first
    follow(site, who)
    metered = between(site, 0, 1)
    assert metered.energy is not None
    assert metered.energy.energy_wh == 5


# --- energy, findings, and what is shown


def test_across_a_swap_nothing_is_measured(site: World) -> None:
    """Though the meter is back, and its register went on."""
    take(site, *SWAPPED_AND_BACK)
    assert between(site, 0, 1).energy is not None
    assert between(site, 4, 5).energy is not None
    across = between(site, 1, 4)
    assert across.energy is None
    [turn] = across.breaks
    assert (turn.verdict, turn.before, turn.after) == (Verdict.SWAP, METER, "4712")
    assert (turn.at_ms, turn.positions) == (at(1) + 100, (3, 4, 8))


def test_a_swap_between_two_snapshots_is_seen_too(site: World) -> None:
    take(site, energy(at(0), 100), identity(OTHER), identity(SERIAL), energy(at(1), 105))
    assert [turn.verdict for turn in between(site, 0, 1).breaks] == [Verdict.SWAP]


def test_a_boundary_of_another_meter_says_why_it_is_missing(site: World) -> None:
    take(site, *SWAPPED_AND_BACK)
    metered = between(site, 0, 2)
    assert (metered.energy, metered.is_read) == (None, False)
    assert [(turn.verdict, turn.after) for turn in metered.breaks] == [(Verdict.SWAP, "4712")]


def check(world: World, directory: Path, now_ms: int) -> list[Finding]:
    Checks(world.engine, world.registry, EmbeddedSeries(directory)).run(now_ms)
    with reading(world.engine) as connection:
        return findings.stored(connection)


def test_another_meter_is_a_finding_while_it_answers(site: World, tmp_path: Path) -> None:
    take(site, *SWAPPED_AND_BACK[:5])
    [found] = check(site, tmp_path, at(3))
    assert (found.code, found.subject, found.first_ms) == (Code.REPLACED, METER, at(1) + 100)
    assert found.last_ms == at(3)
    assert (found.details["before"], found.details["after"]) == (METER, "4712")
    assert found.details["sites"] == [SITE]
    [again] = check(site, tmp_path, at(4))
    assert again.last_ms == at(4)


def test_another_ratio_is_a_finding(site: World, tmp_path: Path) -> None:
    take(site, identity(SERIAL, ct=80), energy(at(0), 100))
    [found] = check(site, tmp_path, at(1))
    assert (found.code, found.details["before"], found.details["after"]) == (
        Code.RATIO_CHANGED,
        "1",
        "80",
    )


@pytest.mark.parametrize(
    ("records", "expected", "serial"),
    [
        ([], IdentityState.NOT_READ, None),
        ([identity(SERIAL)], IdentityState.MATCHES, "4711"),
        ([identity(OTHER)], IdentityState.OTHER_METER, "4712"),
        ([identity(SERIAL, ct=80)], IdentityState.OTHER_RATIO, "4711"),
        ([identity(SERIAL, unread=("serial",))], IdentityState.NOT_READABLE, None),
        ([identity(OTHER), identity(SERIAL)], IdentityState.MATCHES, "4711"),
        ([identity(OTHER), identity(1, unread=("serial",))], IdentityState.OTHER_METER, "4712"),
    ],
)
def test_who_was_read_last_is_known(
    site: World, records: list[Any], expected: IdentityState, serial: str | None
) -> None:
    take(site, energy(at(0), 100), *records)
    known = state(site)
    assert known.state is expected
    assert (None if known.last is None else known.last.read.get("serial")) == serial


def test_a_report_tells_who_answered_and_what_is_not_billed(site: World, tmp_path: Path) -> None:
    take(site, *SWAPPED_AND_BACK[:6])
    told = report.full(site.engine, site.registry, tmp_path)["energy"]
    [mine] = [entry for entry in told if entry["meter"] == METER]
    assert mine["profile_status"] == ("confirmed" if PROFILE.confirmed else "unconfirmed")
    assert mine["not_the_meters"] == {"other_meter": 2}
    assert (mine["register_start_wh"], mine["register_end_wh"]) == (100, 105)
    assert mine["identity"]["state"] == "other_meter"
    assert mine["identity"]["read"]["serial"] == "4712"
    assert mine["identity"]["position"] == 4


# --- registers that a gateway saw going back


def test_a_register_event_is_kept_at_its_place(site: World) -> None:
    """The snapshots hide it: from 100 back to 0, and on to 105."""
    take(site, energy(at(0), 100), went_back(100, 0, at(0) + 2000), energy(at(1), 105))
    metered = between(site, 0, 1)
    assert metered.breaks[0].verdict is Verdict.RESET
    assert (metered.breaks[0].before, metered.breaks[0].after) == ("100", "0")
    assert metered.breaks[0].positions == (1, 2, 3)


@pytest.mark.parametrize(
    "detail",
    [
        {0: 63, 1: 0, 2: bytes(8), 3: bytes(8)},
        {0: 0, 1: 60, 2: bytes(8), 3: bytes(8)},
        {0: 0, 1: 0, 2: bytes(7), 3: bytes(8)},
        {0: 0, 1: 2**64 - 1, 2: b"", 3: b""},
    ],
)
def test_a_strange_register_event_is_flagged(site: World, detail: dict[int, Any]) -> None:
    take(site, energy(at(0), 100), event(11, detail), energy(at(1), 105))
    assert flagged(site) == {Flag.UNDECODED: 1}
    assert between(site, 0, 1).energy is not None


@pytest.mark.parametrize(
    "detail", [{0: 63, 1: None, 2: b""}, {0: 0, 1: None, 2: b"x"}, {0: 0, 1: bytes(60), 2: b""}]
)
def test_a_strange_identity_is_flagged_and_says_nothing(
    site: World, detail: dict[int, Any]
) -> None:
    take(site, event(10, detail), energy(at(0), 100))
    assert flagged(site) == {Flag.UNDECODED: 1}
    assert standings(site, METER) == {at(0): None}


def test_ratios_are_exact_fractions(site: World) -> None:
    take(site, identity(SERIAL))
    last = state(site).last
    assert last is not None
    assert Fraction(last.read["ct"]) == Fraction(last.read["configured_ct"]) == 1
