"""Many meters read at once: the same energy, to the last fraction, as each asked by itself."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from collector_world import database
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, insert

from collector.intervals.energy import energy_until, meter_between
from collector.intervals.exchange import meter_while_it_hung
from collector.intervals.many import Register, meter_many
from collector.intervals.running import RunningPeriod, used_until
from collector.model.energy import IMPORT
from collector.storage import reading
from collector.storage.tables import register_event, snapshot

QUARTER, HOUR = 900_000, 3_600_000
START, END = 100 * HOUR, 101 * HOUR


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return database(tmp_path)


def lay_down(engine: Engine, meters: dict[str, list[dict[str, Any]]]) -> None:
    rows = [
        {
            "meter": meter,
            "quantity": IMPORT,
            "kind": "interval",
            "quantum": "1/10",
            "clock": "S",
            "position": number + 1,
            "interval_ms": QUARTER,
            "modulus": "100000",
            "greatest_w": "40000",
            "delay_ms": 1000,
            **row,
        }
        for meter, registers in meters.items()
        for number, row in enumerate(registers)
    ]
    with engine.begin() as connection:
        for table in (snapshot, register_event):
            connection.execute(delete(table))
        if rows:
            connection.execute(insert(snapshot), rows)


_EXAMPLES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
_REGISTER = st.fixed_dictionaries(
    {
        "count": st.integers(0, 99_999),
        "offset_ms": st.sampled_from([0, 20, -20, 1_999, 2_001, 100_000]),
        "clock_error_ms": st.sampled_from([None, 0, 3_000]),
    }
)
_METER = st.dictionaries(
    st.sampled_from([START + number * QUARTER // 2 for number in range(-4, 17)]), _REGISTER
)


def course(registers: dict[int, dict[str, Any]], *, rises: bool) -> list[dict[str, Any]]:
    counts = [register["count"] for register in registers.values()]
    ordered = sorted(counts) if rises else counts
    return [
        register | {"at_ms": at_ms, "count": count}
        for (at_ms, register), count in zip(sorted(registers.items()), ordered, strict=True)
    ]


@_EXAMPLES
@given(
    drawn=st.lists(st.tuples(_METER, st.booleans()), min_size=1, max_size=4),
    exchanged=st.booleans(),
)
def test_at_once_as_one_by_one(
    engine: Engine, drawn: list[tuple[dict[int, dict[str, Any]], bool]], *, exchanged: bool
) -> None:
    meters = {
        f"m{number}": course(registers, rises=rises)
        for number, (registers, rises) in enumerate(drawn)
    }
    lay_down(engine, meters)
    span = (START + 700_000, None) if exchanged else (0, None)
    registers = [Register(meter, *span) for meter in meters]
    with reading(engine) as connection:
        found = meter_many(connection, registers, START, END, QUARTER)
        for register in registers:
            alone = meter_while_it_hung(connection, register.meter, span, START, END)
            assert found[register].whole == alone
            for quarter in found[register].quarters:
                same = meter_between(connection, register.meter, quarter.start_ms, quarter.end_ms)
                assert same.energy is not None
                assert quarter.energy.energy_wh == same.energy.energy_wh
                assert quarter.energy.error_wh == same.energy.error_wh
                assert quarter.energy.quantum_wh == same.energy.quantum_wh


@_EXAMPLES
@given(
    registers=_METER,
    rises=st.booleans(),
    after_ms=st.integers(-1000, HOUR),
    last=st.integers(0, 10_000),
)
def test_a_running_period_as_asked_anew(
    engine: Engine, registers: dict[int, dict[str, Any]], after_ms: int, last: int, *, rises: bool
) -> None:
    rows = course(registers, rises=rises)
    at_ms, import_wh = START + after_ms, Fraction(last)
    running = RunningPeriod()
    for count in (len(rows) // 2, len(rows)):
        lay_down(engine, {"m": rows[:count]})
        with reading(engine) as connection:
            running.look(connection, ["m"], START, max(at_ms, START))
            used = running.used(connection, "m", at_ms, import_wh)
            alone = energy_until(connection, "m", START, at_ms, import_wh)
            assert (None if used is None else used.energy_wh) == alone
            assert used == used_until(connection, "m", START, at_ms, import_wh)


def test_a_meter_of_which_more_was_seen_is_asked_by_itself(engine: Engine) -> None:
    """It went back and rose again: its boundaries alone would not show it."""
    registers = {START: 100, END: 200}
    rows: list[dict[str, Any]] = [
        {"at_ms": at_ms, "count": count, "offset_ms": 0, "gateway": b"g" * 8, "slot": 0, "epoch": 1}
        | {"seq": 5 * place, "record": 0}
        for place, (at_ms, count) in enumerate(registers.items(), 1)
    ]
    lay_down(engine, {"m": rows})
    event = {
        "position": 9,
        "record": 0,
        "gateway": b"g" * 8,
        "epoch": 1,
        "seq": 7,
        "meter": "m",
        "quantity": IMPORT,
        "at_ms": START + 1000,
        "before": 150,
        "after": 0,
        "before_quantum": "1/10",
        "after_quantum": "1/10",
    }
    register = Register("m")
    with reading(engine) as connection:
        plain = meter_many(connection, [register], START, END, QUARTER)[register].whole
    assert plain.energy is not None
    assert plain.energy.energy_wh == 10
    with engine.begin() as connection:
        connection.execute(insert(register_event).values(event))
    with reading(engine) as connection:
        found = meter_many(connection, [register], START, END, QUARTER)[register].whole
        assert found == meter_while_it_hung(connection, "m", (0, None), START, END)
    assert found.energy is None
