"""Many rows by their keys: those that are there, found by the index however long the table is."""

import pytest
from collector_world import TELEMETRY, World
from sqlalchemy import event

from collector.storage import reading
from collector.storage.lookups import rows_of
from collector.storage.tables import frame

KEY = (frame.c.gateway, frame.c.epoch, frame.c.stream, frame.c.seq)


def fill(world: World, count: int) -> None:
    chain = world.gateway.chain(TELEMETRY)
    world.append([chain.next() for _ in range(count)])


def test_of_the_wanted_those_that_are_there_come(world: World) -> None:
    fill(world, 5)
    wanted = [(world.gateway.id, 1, TELEMETRY, seq) for seq in (2, 4, 9)]
    wanted.append((bytes(8), 1, TELEMETRY, 1))
    with reading(world.engine) as connection:
        rows = rows_of(connection, KEY, (frame.c.position, frame.c.seq), wanted)
        assert sorted(tuple(row) for row in rows) == [(2, 2), (4, 4)]
        assert list(rows_of(connection, KEY, (frame.c.position,), [])) == []


def test_more_may_be_wanted_than_a_statement_has_room_for(world: World) -> None:
    fill(world, 3)
    wanted = [(world.gateway.id, 1, TELEMETRY, seq) for seq in range(1, 12_001)]
    with reading(world.engine) as connection:
        assert len(list(rows_of(connection, KEY, (frame.c.position,), wanted))) == 3


@pytest.mark.parametrize("database_of", ["sqlite"], indirect=True)
def test_the_table_is_not_looked_through(world: World) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def keep(*said: object) -> None:
        asked.append((str(said[2]), said[3]))  # type: ignore[arg-type]

    wanted = [(world.gateway.id, 1, TELEMETRY, seq) for seq in range(1, 100)]
    with reading(world.engine) as connection:
        event.listen(connection, "before_cursor_execute", keep)
        list(rows_of(connection, KEY, (frame.c.position,), wanted))
        statement, parameters = asked[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[3] for row in plan]
    assert [step for step in steps if step.startswith("SEARCH of_table USING")]
    assert not [step for step in steps if step.startswith("SCAN of_table")]
