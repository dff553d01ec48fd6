"""A meter that is replaced: the register knows when, and both measure their part."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, NOW_MS, SITE, World, allocation, signer_for
from meter_world import METER, OTHER, SERIAL, at, configure, energy, identity, raw_of

from collector.checks import findings, periods
from collector.checks.allocation import PeriodOutcome, PeriodResult
from collector.checks.codes import Code
from collector.checks.runner import Checks
from collector.evidence.configuration import read_configuration
from collector.evidence.downlink import Role
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.model.continuity import Verdict
from collector.model.energy import energy_in
from collector.model.records import Meter
from collector.registry.configuration import compile_configuration
from collector.registry.references import problems
from collector.registry.view import View
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading
from collector.words.of_findings import finding_text

NEW = "04712"
EXCHANGE_MS = at(5) + 2000
"""In the second period, of 20 s; a boundary is every 5 s."""
WITHIN = PeriodOutcome.WITHIN
MOST_W = Fraction(2 * 690 * 10)
"""Of the PM5560 without transformers."""


def meters_of_the_exchange(world: World, at_ms: int = EXCHANGE_MS) -> list[Meter]:
    old = world.registry.view().all(Meter)[METER]
    return [
        old.model_copy(update={"valid_until": at_ms}),
        old.model_copy(update={"serial": NEW, "valid_from": at_ms}),
    ]


def on_demand(at_ms: int, energy_wh: int) -> Any:
    return [4, 0, at_ms, None, raw_of(active_energy_import=energy_wh)]


def check(world: World, directory: Path, now_ms: int) -> list[PeriodResult]:
    advance(world.engine, IntervalFollower(world.configurations))
    checks = Checks(world.engine, world.registry, EmbeddedSeries(directory))
    checks.run(at(0))  # it began then
    checks.run(now_ms)
    with reading(world.engine) as connection:
        return periods.stored(connection)[:3]


@pytest.fixture
def site(world: World) -> World:
    configure(world)
    world.registry.record(
        [allocation(at(number), "0.0001") for number in (0, 4, 8)], bytes(32), NOW_MS
    )
    return world


def exchanged(
    world: World, directory: Path, before: list[Any], after: list[Any]
) -> list[PeriodResult]:
    """Periods of the old meter's frames and, after the register took the new one, of that's."""
    chain = world.gateway.chain(BILLING)
    world.append([chain.next(record) for record in (identity(SERIAL), *before)], at(5))
    check(world, directory, at(7))
    found = problems(
        world.registry.view().with_records(meters_of_the_exchange(world)),
        meters_of_the_exchange(world),
    )
    assert found == [each for each in found if "elsewhere" in each.text or "feeder" in each.text]
    world.registry.record(meters_of_the_exchange(world), bytes(32), EXCHANGE_MS)
    world.gateway.configuration = world.configure(world.gateway, EXCHANGE_MS)
    world.append([chain.next(record) for record in (identity(OTHER), *after)], at(13))
    return check(world, directory, at(13) + 10**6)


BEFORE = [energy(at(number), 5_000 + number) for number in range(6)]
AFTER = [energy(at(number), 70 + number) for number in range(6, 13)]


def test_both_meters_measure_their_part_of_the_period(site: World, tmp_path: Path) -> None:
    read = [on_demand(EXCHANGE_MS - 1000, 5_006)], [on_demand(EXCHANGE_MS + 2000, 75)]
    first, across, after = exchanged(site, tmp_path, BEFORE + read[0], read[1] + AFTER)
    assert (first.meters, first.measured_wh, first.outcome) == ((METER,), Fraction(4), WITHIN)
    assert across.meters == (METER, NEW)
    assert across.measured_wh == (5_006 - 5_004) + (78 - 75)
    not_read_ms = 1000 + 2000
    assert across.error_wh - energy_in(MOST_W, not_read_ms) < Fraction(1, 10)
    assert (across.outcome, across.missing, across.breaks) == (WITHIN, (), ())
    assert (after.meters, after.measured_wh) == ((NEW,), Fraction(4))
    with reading(site.engine) as connection:
        found = findings.stored(connection)
    assert [entry for entry in found if entry.first_ms < at(12)] == []


def test_what_may_have_flowed_unread_decides_nothing(site: World, tmp_path: Path) -> None:
    site.registry.record([allocation(at(4), "0.00001")], bytes(32), NOW_MS)
    read = [on_demand(EXCHANGE_MS - 1000, 5_006)], [on_demand(EXCHANGE_MS + 2000, 75)]
    across = exchanged(site, tmp_path, BEFORE + read[0], read[1] + AFTER)[1]
    assert (across.measured_wh, across.outcome) == (Fraction(5), PeriodOutcome.UNDECIDED)


def test_the_nearest_boundaries_do_where_nothing_was_read_on_demand(
    site: World, tmp_path: Path
) -> None:
    across = exchanged(site, tmp_path, BEFORE, AFTER)[1]
    assert across.measured_wh == (5_005 - 5_004) + (78 - 76)
    assert across.error_wh - energy_in(MOST_W, 2000 + 3000) < Fraction(1, 10)


@pytest.mark.parametrize(
    ("before", "after"), [(BEFORE[:4], AFTER), (BEFORE, AFTER[3:])], ids=["no old", "no new"]
)
def test_a_period_without_a_reading_of_one_of_them_is_unmeasured_and_says_why(
    site: World, tmp_path: Path, before: list[Any], after: list[Any]
) -> None:
    across = exchanged(site, tmp_path, before, after)[1]
    assert (across.outcome, across.measured_wh) == (PeriodOutcome.UNMEASURED, None)
    assert (Verdict.EXCHANGED, EXCHANGE_MS) in [(e.verdict, e.at_ms) for e in across.breaks]
    with reading(site.engine) as connection:
        found = findings.stored(connection)
    assert [entry.code for entry in found if entry.first_ms == at(4)] == [Code.UNMEASURED]
    [why] = [entry for entry in found if entry.first_ms == at(4)]
    assert "meter exchanged, and not read before or after" in finding_text("en", why)


def test_at_a_boundary_each_period_has_one_meter(site: World, tmp_path: Path) -> None:
    view = site.registry.view().with_records(meters_of_the_exchange(site, at(4)))

    def serials(first: int, last: int) -> list[str]:
        return [each.serial for each in view.delivery_meters_between(SITE, at(first), at(last))]

    assert (serials(0, 4), serials(4, 8), serials(0, 8)) == ([METER], [NEW], [METER, NEW])


def test_a_configuration_has_the_meter_of_its_day(site: World) -> None:
    view = site.registry.view().with_records(meters_of_the_exchange(site))

    def serials(issued_ms: int) -> list[str]:
        signer = signer_for(site.root, Role.CONFIGURATION)
        message = compile_configuration(view, site.gateway.id.hex(), issued_ms, signer)
        body = read_configuration(message, site.root.public)
        return [entry[1] for entry in body[8] if entry[0] == 0]

    assert serials(EXCHANGE_MS - 1) == [METER]
    assert serials(EXCHANGE_MS) == [NEW]


@pytest.mark.parametrize(
    ("until_ms", "from_ms", "fits"),
    [
        (EXCHANGE_MS, EXCHANGE_MS, True),
        (EXCHANGE_MS, EXCHANGE_MS + 1, True),
        (EXCHANGE_MS, EXCHANGE_MS - 1, False),
        (None, EXCHANGE_MS, False),
    ],
)
def test_two_meters_have_a_slot_only_one_after_the_other(
    site: World, until_ms: int | None, from_ms: int, *, fits: bool
) -> None:
    old = site.registry.view().all(Meter)[METER]
    pair = [
        old.model_copy(update={"valid_until": until_ms}),
        old.model_copy(update={"serial": NEW, "valid_from": from_ms}),
    ]
    found = [each.text for each in problems(View(pair), pair) if each.field == "slot"]
    if fits:
        assert found == []
    else:
        [text] = found
        assert f"if it took its place, give {METER} a valid_until and {NEW} a valid_from" in text


def test_a_meter_that_ends_before_it_begins_is_refused(site: World) -> None:
    [old, _] = meters_of_the_exchange(site)
    wrong = old.model_copy(update={"valid_from": EXCHANGE_MS})
    found = problems(site.registry.view().with_records([wrong]), [wrong])
    assert "valid_until: it must be after valid_from" in "\n".join(map(str, found))


def test_a_meter_of_an_earlier_register_hangs_there_for_good() -> None:
    body = Meter.model_fields
    assert (body["valid_from"].default, body["valid_until"].default) == (0, None)
    assert Decimal(body["retries"].default) == 1
