"""November 2026 by hand (golden/month.md) against the program: all it finds, every energy."""

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction

import pytest
from golden_document import HOUR_MS, Row, moment, spans, tables
from golden_month import QUARTER_MS, Month
from golden_records import BEGIN_MS, END_MS, bins
from small_market import KEPT
from sqlalchemy import Connection, select

from collector.checks import periods
from collector.intervals.closed import table
from collector.intervals.closed.rebuild import Rebuild
from collector.intervals.closed.rules import read_rules
from collector.model.energy import EXPORT, IMPORT
from collector.model.instant import astana
from collector.model.records import Meter
from collector.registry import entitlements
from collector.storage import reading
from collector.storage.tables import finding


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """The whole of it; nothing of it is changed by what the tests ask."""
    month = Month(tmp_path_factory.mktemp("month"))
    month.go()
    return month


@pytest.fixture
def connection(month: Month) -> Iterator[Connection]:
    with reading(month.world.engine) as connection:
        yield connection


def when(at_ms: int) -> str:
    return astana(at_ms).strftime("%d %b %Y %H:%M:%S")


def subject(month: Month, text: str) -> str:
    """As the program names it."""
    for site, station in month.stations.items():
        text = text.replace(f"gateway of {site}", station.gateway.id.hex())
    parts = text.split("/")
    return "/".join(bins().get(part, part) for part in parts)


def test_all_that_is_found_is_what_was_predicted_and_nothing_else(
    month: Month, connection: Connection
) -> None:
    expected = Counter(
        (
            row["code"],
            subject(month, row["subject"]),
            when(moment(row["first"])),
            when(moment(row["last"])),
            row["severity"],
            row["state"],
            int(row["times"]),
        )
        for row in tables()["findings"]
    )
    found = Counter(
        (
            row.code,
            row.subject,
            when(row.first_ms),
            when(row.last_ms),
            row.severity,
            row.state,
            row.times,
        )
        for row in connection.execute(select(finding))
    )
    assert sorted(found - expected) == [], "found, and not predicted"
    assert sorted(expected - found) == [], "predicted, and not found"


@pytest.mark.parametrize(("heading", "length_ms"), [("quarters", QUARTER_MS), ("hours", HOUR_MS)])
def test_the_energy_of_each_meter_is_what_its_register_counted(
    month: Month, connection: Connection, heading: str, length_ms: int
) -> None:
    expected = {
        (row["meter"], start_ms): (_energy_wh(row), row["quality"], int(row["closings"]))
        for row in tables()[heading]
        for start_ms in spans(row, length_ms)
    }
    found = {
        (meter, version.closed.start_ms): (
            version.closed.energy_wh,
            version.closed.quality.value,
            version.number,
        )
        for meter in month.world.registry.view().all(Meter)
        for version in table.of_register(connection, (meter, IMPORT), length_ms, 0, 2**62)
    }
    assert differing(found, expected) == []


def test_nothing_was_fed_into_the_grid(month: Month, connection: Connection) -> None:
    for meter in month.world.registry.view().all(Meter):
        for version in table.of_register(connection, (meter, EXPORT), QUARTER_MS, 0, 2**62):
            assert not version.closed.energy_wh


def _energy_wh(row: Row) -> Fraction | None:
    return int(row["counts"]) * Fraction(row["step_wh"]) if row["counts"] else None


def test_each_licensee_in_each_zone_and_hour_is_judged_as_predicted(
    connection: Connection,
) -> None:
    expected = {
        (bins()[row["licensee"]] + "/" + row["zone"], start_ms): (
            Fraction(row["measured_wh"]) if row["measured_wh"] else None,
            Fraction(row["allowed_wh"]),
            Fraction(row["tolerance_wh"]),
            row["outcome"],
            int(row["closings"]),
        )
        for row in tables()["periods"]
        for start_ms in spans(row, HOUR_MS)
    }
    found = {
        (f"{each.licensee}/{each.zone}", each.start_ms): (
            each.measured_wh,
            each.allowed_wh,
            each.tolerance_wh,
            each.outcome.value,
            each.version,
        )
        for each in periods.stored(connection)
    }
    assert differing(found, expected) == []
    assert len(found) == 4 * (END_MS - BEGIN_MS) // HOUR_MS


def differing(
    found: Mapping[tuple[str, int], object], expected: Mapping[tuple[str, int], object]
) -> list[str]:
    """Whatever is on one side only, or otherwise on both; a few of it."""
    both = {*found, *expected}
    keys = sorted(key for key in both if found.get(key) != expected.get(key))
    return [
        f"{subject} {when(at_ms)}: found {found.get((subject, at_ms))},"
        f" predicted {expected.get((subject, at_ms))}"
        for subject, at_ms in keys[:20]
    ]


def test_what_is_computed_again_from_the_ledger_is_what_is_kept(month: Month) -> None:
    world = month.world
    rebuild = Rebuild(world.engine, world.registry, world.configurations, read_rules())
    now_ms = month.last_ms + 1
    assert rebuild.compute(now_ms, lambda _what, _count: None, keep=False) == []


def test_looking_again_changes_nothing(month: Month, connection: Connection) -> None:
    """Also by a collector that starts anew, which has forgotten all that it had looked at."""
    kept = [connection.execute(select(each)).all() for each in KEPT]
    month.run.look(month.last_ms)
    month.run.start()
    month.run.look(month.last_ms)
    with reading(month.world.engine) as after:
        assert [after.execute(select(each)).all() for each in KEPT] == kept


def test_asked_as_known_then_an_hour_is_what_was_answered_then(connection: Connection) -> None:
    for row in tables()["answers"]:
        hour_ms = moment(row["hour"])
        known = periods.known(connection, hour_ms, hour_ms + 1, moment(row["known"]))
        found = [
            (str(each.measured_wh), str(each.allowed_wh), each.outcome.value)
            for each in known
            if (each.licensee, each.zone) == (bins()[row["licensee"]], row["zone"])
        ]
        said = (row["measured_wh"] or "None", row["allowed_wh"], row["outcome"])
        assert found == ([said] if row["outcome"] else []), row


def test_asked_as_known_then_what_was_bought_is_what_was_known(connection: Connection) -> None:
    for row in tables()["bought"]:
        whose = (bins()[row["licensee"]], row["zone"], moment(row["hour"]))
        [found] = entitlements.allocations(connection, *whose, moment(row["known"]))
        assert str(found.record.energy_mwh) == row["energy_mwh"], row
