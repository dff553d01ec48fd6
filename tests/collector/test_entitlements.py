"""Allocations, nominations and quotas: versions by period, and what was known when."""

import json
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from collector_world import BIN, NOW_MS, World, database
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from collector.model.records import Allocation, Nomination, Quota, Record, Zone
from collector.registry import entitlements
from collector.registry.entitlements import Version
from collector.registry.store import Registry
from collector.registry.view import View
from collector.storage import open_database, reading
from collector.storage.migrate import configuration, migrate

HOUR_MS = 3_600_000
START_MS = NOW_MS - NOW_MS % HOUR_MS
OTHER = "200240000019"


def bought(mwh: str, **changes: Any) -> Allocation:
    told = {"licensee": BIN, "zone": "north-south", "start": START_MS, "energy_mwh": mwh}
    return Allocation(**(told | changes))


def energies(versions: Iterable[Version[Allocation]]) -> list[tuple[str, str, Decimal]]:
    found = (version.record for version in versions)
    return [(record.source, record.lot, record.energy_mwh) for record in found]


def record(world: World, *records: Record, at_ms: int = NOW_MS, document: bytes = b"d") -> None:
    world.registry.record(records, document.ljust(32), at_ms)


def test_lots_and_sources_of_a_period_stand_beside_one_another(world: World) -> None:
    record(
        world,
        bought("1"),
        bought("2.5", lot="2", price_kzt_mwh="21000.5", prepaid_kzt="52501.25"),
        bought("0.25", source="own_renewable"),
        bought("7", licensee=OTHER),
        bought("8", zone="west"),
        bought("9", start=START_MS + HOUR_MS),
    )
    with reading(world.engine) as connection:
        versions = entitlements.allocations(connection, BIN, "north-south", START_MS)
        zone = entitlements.allocations_of_zone(connection, "north-south", START_MS)
    assert energies(versions) == [
        ("auction", "1", Decimal(1)),
        ("auction", "2", Decimal("2.5")),
        ("own_renewable", "1", Decimal("0.25")),
    ]
    assert versions[1].record.price_kzt_mwh == Decimal("21000.5")
    assert {version.record.licensee for version in zone} == {BIN, OTHER}


def test_a_version_says_its_number_its_moment_and_its_document(world: World) -> None:
    record(world, bought("1"), at_ms=NOW_MS, document=b"first")
    record(world, bought("2"), at_ms=NOW_MS + 1, document=b"second")
    with reading(world.engine) as connection:
        [version] = entitlements.allocations(connection, BIN, "north-south", START_MS)
        both = entitlements.history(connection, BIN, "north-south", START_MS, START_MS + 1)
    assert (version.recorded_ms, version.document) == (NOW_MS + 1, b"second".ljust(32))
    assert [entry.record.energy_mwh for entry in both] == [1, 2]
    assert [entry.id for entry in both] == sorted(entry.id for entry in both)
    assert both[-1] == version


def test_a_cancellation_allows_nothing_from_when_it_was_known(world: World) -> None:
    record(world, bought("1"), bought("2", lot="2"), at_ms=NOW_MS)
    record(world, bought("1", cancelled=True), at_ms=NOW_MS + 10)

    def known(at_ms: int | None) -> list[tuple[str, str, Decimal]]:
        with reading(world.engine) as connection:
            found = entitlements.allocations(connection, BIN, "north-south", START_MS, at_ms)
        return energies(found)

    assert known(NOW_MS - 1) == []
    assert len(known(NOW_MS + 9)) == 2
    assert known(NOW_MS + 10) == known(None) == [("auction", "2", Decimal(2))]


def test_quotas_and_nominations_have_versions_too(world: World) -> None:
    def quota(mwh: str) -> Quota:
        document = "ab" * 32
        return Quota(
            zone="north-south", start=START_MS, energy_mwh=Decimal(mwh), document_sha256=document
        )

    def nominated(site: str, mwh: str) -> Nomination:
        return Nomination(site=site, start=START_MS, energy_mwh=Decimal(mwh))

    record(world, quota("300"), nominated("a", "1"), nominated("b", "2"), at_ms=NOW_MS)
    record(world, quota("150"), nominated("a", "3"), at_ms=NOW_MS + 1)
    with reading(world.engine) as connection:
        now = entitlements.quota(connection, "north-south", START_MS)
        then = entitlements.quota(connection, "north-south", START_MS, NOW_MS)
        none = entitlements.quota(connection, "west", START_MS)
        split = entitlements.nominations(connection, ["a", "b", "c"], START_MS)
    assert now is not None and now.record.energy_mwh == 150
    assert then is not None and then.record.energy_mwh == 300
    assert none is None
    assert {entry.record.site: entry.record.energy_mwh for entry in split} == {"a": 3, "b": 2}


def test_they_are_in_no_view_and_change_none(world: World) -> None:
    before = world.registry.view()
    record(world, bought("1"))
    assert world.registry.view() is before
    assert before.all(Allocation) == {}


def test_an_allocation_is_of_the_zone_in_which_its_sites_zone_is_sold() -> None:
    view = View([Zone(name="north", auction="north-south")])
    assert view.auction_zone("north") == "north-south"
    assert view.auction_zone("west") == "west"


Change = tuple[str, str, int, bool]
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["auction", "import"]),
        st.sampled_from(["1", "2"]),
        st.integers(0, 9),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(changes=CHANGES)
def test_as_known_on_gives_what_was_answered_then(
    tmp_path_factory: pytest.TempPathFactory, changes: list[Change]
) -> None:
    engine = database(tmp_path_factory.mktemp("known"))
    registry = Registry(engine)

    def answer(connection: Connection, known_ms: int | None = None) -> Any:
        return entitlements.allocations(connection, BIN, "north-south", START_MS, known_ms)

    answers = []
    for number, (source, lot, mwh, cancelled) in enumerate(changes):
        change = bought(str(mwh), source=source, lot=lot, cancelled=cancelled)
        registry.record([change], bytes(32), NOW_MS + number)
        with reading(engine) as connection:
            answers.append(answer(connection))
    with reading(engine) as connection:
        again = [answer(connection, NOW_MS + number) for number in range(len(changes))]
    assert again == answers
    engine.dispose()


@settings(max_examples=25, deadline=None)
@given(changes=CHANGES, data=st.data())
def test_records_of_different_places_may_come_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, changes: list[Change], data: st.DataObject
) -> None:
    """Of one place the later version stands; between places nothing depends on order."""
    records = [
        bought(str(mwh), source=source, lot=lot, cancelled=cancelled)
        for source, lot, mwh, cancelled in changes
    ]
    newest = {each.key: each for each in records}
    places = data.draw(st.permutations(sorted(newest)))
    in_order = [each for place in places for each in records if each.key == place]
    found = []
    for order in (records, in_order):
        engine = database(tmp_path_factory.mktemp("order"))
        for each in order:
            Registry(engine).record([each], bytes(32), NOW_MS)
        with reading(engine) as connection:
            found.append(
                energies(entitlements.allocations(connection, BIN, "north-south", START_MS))
            )
        engine.dispose()
    standing = [each for each in newest.values() if not each.cancelled]
    assert found[0] == found[1]
    assert sorted(found[0]) == sorted((e.source, e.lot, e.energy_mwh) for e in standing)


def test_allocations_of_an_older_database_are_moved(database_of: str, tmp_path: Path) -> None:
    """Their key was licensee, zone and start; they had neither source nor lot."""
    engine = open_database(tmp_path, create=True)
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        command.upgrade(config, "0006")
        for number, mwh in enumerate(["0.1", "0.2"]):
            body = {"licensee": BIN, "zone": "north", "start": START_MS, "energy_mwh": mwh}
            _put(connection, "allocation", f"{BIN}/north/{START_MS}", NOW_MS + number, body)
        _put(connection, "licensee", BIN, NOW_MS, {"bin": BIN, "name": "Alatau"})
    migrate(engine)
    with reading(engine) as connection:
        [now] = entitlements.allocations(connection, BIN, "north", START_MS)
        [then] = entitlements.allocations(connection, BIN, "north", START_MS, NOW_MS)
        kept = connection.execute(text("SELECT kind FROM registry_version")).scalars().all()
    assert (then.record.energy_mwh, now.record.energy_mwh) == (Decimal("0.1"), Decimal("0.2"))
    assert (now.record.source, now.record.lot, now.document) == ("auction", "1", b"old")
    assert kept == ["licensee"]
    Registry(engine).record([bought("3", zone="north")], bytes(32), NOW_MS + 2)
    with reading(engine) as connection:
        [corrected] = entitlements.allocations(connection, BIN, "north", START_MS)
    assert corrected.record.energy_mwh == 3
    assert corrected.id > now.id


def _put(connection: Connection, kind: str, key: str, at_ms: int, body: dict[str, Any]) -> None:
    statement = text(
        "INSERT INTO registry_version (kind, key, recorded_ms, document, body)"
        " VALUES (:kind, :key, :at_ms, :document, :body)"
    )
    row = {"kind": kind, "key": key, "at_ms": at_ms, "document": b"old", "body": json.dumps(body)}
    connection.execute(statement, row)
