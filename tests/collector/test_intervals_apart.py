"""What fails with the intervals of one meter holds up no other, and a mark is never lost."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from interval_world import HOUR_MS, LATE_MS, MEASURED, Table, at
from meter_world import METER
from sqlalchemy import insert, select

from collector.intervals import due
from collector.intervals.closed import closer as closer_module
from collector.intervals.closed import table
from collector.model.energy import IMPORT
from collector.storage import reading
from collector.storage.tables import interval_due, snapshot

OTHER = "another"
MIGRATION = "collector.storage.migrations.versions.0005_interval_energy"


@pytest.fixture
def meter(tmp_path: Path) -> Table:
    return Table.make(tmp_path)


def marks(meter: Table) -> list[int]:
    with reading(meter.world.engine) as connection:
        return list(connection.scalars(select(interval_due.c.due_ms)))


def test_killed_before_the_commit_it_closes_the_same_again(
    meter: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    write = table.add

    def fail(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(table, "add", fail)
    with pytest.raises(OSError, match="disk"):
        meter.close(at(1))
    assert (meter.stands(), marks(meter)) == ({}, [due.FRESH, due.FRESH])
    monkeypatch.setattr(table, "add", write)
    meter.close(at(1))
    assert meter.energies() == {0: (MEASURED, 100)}


def test_a_register_that_cannot_be_closed_is_tried_again_and_holds_up_no_other(
    meter: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.lay_down({at(0): 0, at(1): 70}, meter=OTHER)
    with meter.world.engine.begin() as connection:
        due.mark(connection, {(OTHER, IMPORT, at(0)), (OTHER, IMPORT, at(1))})
    close: Callable[..., Any] = closer_module._Round._close

    def poisoned(self: Any, register: Any) -> Any:
        if register[0] == METER:
            raise ValueError("poison")
        return close(self, register)

    monkeypatch.setattr(closer_module._Round, "_close", poisoned)
    meter.close(at(1))
    assert [closed.energy_wh for closed in meter.stands(meter=OTHER).values()] == [70]
    assert meter.stands() == {}
    monkeypatch.setattr(closer_module._Round, "_close", close)
    meter.close(at(1) + 60_000)
    assert meter.energies() == {0: (MEASURED, 100)}


def test_with_nothing_to_do_nothing_is_locked(meter: Table) -> None:
    meter.lay_down({at(0): 0, at(1): 100})
    meter.settle(at(1))
    with meter.world.engine.begin():
        assert meter.closer.run(at(1) + LATE_MS) == 0


def test_registers_of_before_the_table_was_are_closed_by_the_migration(meter: Table) -> None:
    """The statement of the migration, over snapshots without marks."""
    rows = {"meter": METER, "quantity": IMPORT, "kind": "interval", "quantum": "1", "clock": "S"}
    with meter.world.engine.begin() as connection:
        for number in range(5):
            row = rows | {"at_ms": at(number), "count": 9 * number, "offset_ms": 0, "position": 1}
            connection.execute(insert(snapshot).values(row))
        connection.exec_driver_sql(import_module(MIGRATION).MARK_ALL)
    meter.settle(at(4))
    assert meter.energies(HOUR_MS) == {0: (MEASURED, 36)}
