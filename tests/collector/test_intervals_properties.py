"""What must hold of the table of intervals, whatever the registers and the order they come in."""

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Any

import pytest
from collector_world import NOW_MS
from hypothesis import given, settings
from hypothesis import strategies as st
from interval_world import (
    HOUR_MS,
    LATE_MS,
    MEASURED,
    QUARTER_MS,
    Table,
    at,
)
from meter_world import METER, OTHER, SERIAL, energy, identity, raw_of, went_back
from sqlalchemy import delete, select

from collector.intervals.closed.closer import Closer
from collector.intervals.closed.interval import ClosedInterval, Quality
from collector.intervals.closed.rebuild import Rebuild
from collector.intervals.energy import energy_between
from collector.intervals.follower import IntervalFollower
from collector.ledger.ledger import Entry
from collector.model.energy import EXPORT, IMPORT
from collector.storage import reading
from collector.storage.tables import (
    clock_event,
    follower,
    frame,
    frame_flag,
    interval_due,
    interval_edit,
    interval_energy,
    interval_meter,
    register_event,
    snapshot,
)
from collector.storage.tables import (
    identity as identity_table,
)

VIEWS = (
    clock_event,
    follower,
    frame,
    frame_flag,
    identity_table,
    interval_due,
    interval_edit,
    interval_energy,
    interval_meter,
    register_event,
    snapshot,
)
LAP_WH = 100_000


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Table:
    """A world for all examples."""
    return Table.make(tmp_path_factory.mktemp("lasting"))


def emptied(meter: Table) -> Table:
    with meter.world.engine.begin() as connection:
        for table in VIEWS:
            connection.execute(delete(table))
    return meter


def quiet_ms(last: int) -> int:
    return at(last) + 10 * LATE_MS


# --- sums

RISES = st.lists(st.integers(0, 3_000_000), min_size=5, max_size=12)
"""In steps of 1 mWh, below what the wiring carries in a quarter."""


@settings(max_examples=25, deadline=None)
@given(rises=RISES, data=st.data(), start=st.integers(0, 1000 * LAP_WH - 1))
def test_any_span_between_registers_is_their_difference(
    lasting: Table, rises: list[int], data: st.DataObject, start: int
) -> None:
    """Over gaps and rollovers, exactly; and an hour is its four quarters."""
    meter = emptied(lasting)
    counts = list(accumulate(rises, initial=start))
    read = data.draw(st.sets(st.sampled_from(range(len(counts))), min_size=2))
    registers = {at(n): Fraction(counts[n] % (1000 * LAP_WH), 1000) for n in sorted(read)}
    offsets = data.draw(st.sampled_from([0, 20, -700]))
    meter.lay_down(registers, modulus=str(1000 * LAP_WH), offset_ms=offsets)
    meter.settle(quiet_ms(len(counts)))
    closed = meter.stands()
    first, last = min(read), max(read)
    assert all(closed[n].quality.is_by_registers for n in range(first, last))
    for start_n in read:
        for end_n in [n for n in read if n > start_n]:
            found = sum((closed[n].energy_wh or 0 for n in range(start_n, end_n)), Fraction(0))
            assert found == Fraction(counts[end_n] - counts[start_n], 1000)
    with reading(meter.world.engine) as connection:
        told = energy_between(connection, METER, at(first), at(last))
    assert told is not None
    assert told.energy_wh == Fraction(counts[last] - counts[first], 1000)
    for n in range(first, last):
        assert abs((closed[n].energy_wh or 0) - Fraction(rises[n], 1000)) <= (
            closed[n].error_wh or 0
        )
        assert closed[n].energy is not None
        assert (closed[n].quality is MEASURED) == ({n, n + 1} <= read)
    hours = meter.stands(HOUR_MS)
    for n, hour in hours.items():
        quarters = [closed[number] for number in range(n, n + 4)]
        if hour.energy_wh is not None:
            assert hour.energy_wh == sum(quarter.energy_wh or 0 for quarter in quarters)


# --- whatever the order


def on_demand(at_ms: int, energy_wh: int) -> list[Any]:
    return [4, 0, at_ms, None, raw_of(active_energy_import=energy_wh)]


def moved(ms: int, at_ms: int) -> list[Any]:
    return [3, at_ms, 2, {0: NOW_MS, 1: NOW_MS + ms, 2: "receipt"}]


TOLD: list[tuple[str, Any]] = [
    ("S", identity(SERIAL, at_ms=at(0))),
    ("S", energy(at(0), 100)),
    ("S", energy(at(1), 200)),
    ("S", energy(at(2), 310, 0, 200_000)),
    ("S", on_demand(at(3) + 1000, 405)),
    ("S", energy(at(6), 700)),
    ("S", went_back(730, 0, at(6) + 100_000)),
    ("S", energy(at(7), 80)),
    ("S", energy(at(8), 180)),
    ("I", energy(at(17), 280)),
    ("I", energy(at(18), 390)),
    ("I", moved(-8 * QUARTER_MS, at(10))),
    ("S", energy(at(11), 480)),
    ("S", identity(OTHER, at_ms=at(11) + 1000)),
    ("S", energy(at(12), 9_000)),
    ("S", identity(SERIAL, at_ms=at(12) + 1000)),
    ("S", energy(at(13), 680)),
    ("S", energy(at(16), 980)),
    ("S", energy(at(19), 1_280)),
]
END_MS = quiet_ms(24)


def told(meter: Table) -> list[bytes]:
    chain = meter.world.gateway.chain()
    return [chain.next(record, letter=letter) for letter, record in TOLD]


def come(
    meter: Table, messages: list[bytes], order: list[int], pauses: set[int]
) -> dict[tuple[str, int, int], ClosedInterval]:
    """Frames that come in an order, with the table closed after some of them; what stands then, by
    the places in the chain of the frames that it rests on.
    """
    emptied(meter)
    meter.closer = Closer(meter.world.engine, meter.world.registry, meter.rules)
    meter.closer.run(NOW_MS - HOUR_MS)
    follow = IntervalFollower(meter.world.configurations)
    for position, number in enumerate(order, 1):
        meter.world.append([messages[number]], END_MS)
        with meter.world.engine.begin() as connection:
            raw, admitted = messages[number], meter.world.admitted(messages[number])
            follow.follow(connection, [Entry(position, END_MS, raw, admitted.hash)])
            connection.execute(delete(follower))
            connection.execute(follower.insert().values(name=follow.name, position=position))
        if position in pauses:
            meter.close(END_MS + position * 3 * LATE_MS)
    meter.settle(END_MS + 100 * LATE_MS)
    places: dict[int | None, int | None] = {None: None}
    places |= {position: 1 + number for position, number in enumerate(order, 1)}
    return {
        (quantity, length_ms, number): replace(
            closed,
            start_position=places[closed.start_position],
            end_position=places[closed.end_position],
        )
        for quantity in (IMPORT, EXPORT)
        for length_ms in (QUARTER_MS, HOUR_MS)
        for number, closed in meter.stands(length_ms, quantity=quantity).items()
        if number < 24
    }


InOrder = tuple[list[bytes], dict[tuple[str, int, int], ClosedInterval]]


@pytest.fixture(scope="module")
def in_order(lasting: Table) -> InOrder:
    """The frames, and the table that they lead to one after the other."""
    messages = told(lasting)
    return messages, come(lasting, messages, list(range(len(TOLD))), set())


@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(len(TOLD))),
    pauses=st.sets(st.integers(1, len(TOLD)), max_size=4),
)
def test_frames_in_any_order_lead_to_the_same_table(
    lasting: Table, in_order: InOrder, order: list[int], pauses: set[int]
) -> None:
    messages, expected = in_order
    assert come(lasting, messages, order, pauses) == expected
    imported = [expected[IMPORT, QUARTER_MS, number] for number in range(19)]
    assert {closed.quality for closed in imported} == {
        Quality.MEASURED,
        Quality.BRIDGED,
        Quality.ESTIMATED,
        Quality.MISSING,
    }


@settings(max_examples=5, deadline=None)
@given(
    order=st.permutations(range(len(TOLD))),
    pauses=st.sets(st.integers(1, len(TOLD)), max_size=4),
)
def test_what_is_computed_again_from_the_ledger_is_what_is_kept(
    lasting: Table, order: list[int], pauses: set[int]
) -> None:
    meter = lasting
    come(meter, told(meter), order, pauses)
    world = meter.world
    rebuild = Rebuild(world.engine, world.registry, world.configurations, meter.rules)
    with reading(world.engine) as connection:
        kept = connection.execute(select(interval_energy)).all()
        views = {view.name: connection.execute(select(view)).all() for view in (snapshot,)}
    now_ms = END_MS + 102 * LATE_MS
    assert rebuild.compute(now_ms, lambda _what, _count: None, keep=False) == []
    assert rebuild.compute(now_ms, lambda _what, _count: None, keep=True) == []
    with reading(world.engine) as connection:
        assert connection.execute(select(interval_energy)).all() == kept
        assert set(connection.execute(select(snapshot)).all()) == set(views["snapshot"])
