"""How wrong clocks were is the same in whatever order frames come; none costs more than another."""

from collections.abc import Sequence
from typing import Any

import pytest
from clock_world import HOUR_MS, YEAR_MS, I, S, Told, errors, flagged, frames, moved
from collector_world import NOW_MS, World
from hypothesis import given, settings
from hypothesis import strategies as st
from meter_world import at, configure, energy
from sqlalchemy import delete, select

from collector.evidence.cose import message_hash
from collector.intervals.follower import IntervalFollower
from collector.ledger.flags import Flag
from collector.ledger.ledger import Entry
from collector.storage import reading
from collector.storage.tables import clock_event, follower, frame_flag, snapshot


@pytest.fixture
def site(world: World) -> World:
    configure(world)
    return world


TOLD: list[Told] = [
    (S, energy(at(0), 100)),
    (I, energy(at(1), 101)),
    (I, moved(-20_000, "ntp")),
    (I, energy(at(2), 102)),
    (I, moved(300, "ntp, slewed")),
    (I, energy(at(3), 103)),
    (S, energy(at(4), 104)),
    (I, energy(at(5), 105)),
    (I, moved(40_000)),
    (I, energy(at(14), 106)),
    ("U", moved(YEAR_MS, "floor")),
    (I, moved(-9000)),
    (I, energy(at(15), 107)),
    (S, energy(at(16), 108)),
]
IN_ORDER = {
    1: None,
    2: -19_700,
    4: 300,
    6: 0,
    7: None,
    8: 40_000,
    10: None,
    13: 0,
    14: None,
}


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world for all examples."""
    world = World.make(tmp_path_factory.mktemp("lasting"))
    configure(world)
    return world


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(range(len(TOLD))))
def test_the_view_is_the_same_in_whatever_order_frames_come(
    lasting: World, order: list[int]
) -> None:
    world = lasting
    with world.engine.begin() as connection:
        for table in (snapshot, clock_event, frame_flag, follower):
            connection.execute(delete(table))
    chain = frames(world, TOLD)
    follow = IntervalFollower(world.configurations)
    with world.engine.begin() as connection:
        for position, number in enumerate(order, 1):
            admitted = world.admitted(chain[number])
            entry = Entry(position, NOW_MS + 2 * HOUR_MS, chain[number], admitted.hash)
            follow.follow(connection, [entry])
    assert errors(world) == IN_ORDER
    assert flagged(world) == {Flag.TIME_WRONG: 2}


Moves = tuple[str, str | None, int]
"""A frame's letter, and of its clock event the source and by how much; or a snapshot."""

_MOVED = st.tuples(
    st.sampled_from((S, I)),
    st.sampled_from(("ntp", "ntp, slewed", "receipt", "receipt, slewed", "floor")),
    st.integers(-30_000, 30_000),
)
_READ = st.tuples(st.sampled_from((S, I, I, "U")), st.none(), st.just(0))


def as_defined(told: Sequence[Moves]) -> dict[int, int | None]:
    """How wrong the clock was for each snapshot, from all that was told after it."""
    errors: dict[int, int | None] = {}
    error_ms: int | None = None
    for seq, (letter, source, ms) in reversed(list(enumerate(told, 1))):
        if source is not None:
            before_ms = None if error_ms is None else error_ms + ms
            error_ms = {"n": before_ms, "r": ms, "f": None}[source[0]]
        elif letter != "U":  # of which no snapshot is kept
            errors[seq] = error_ms if letter == I else None
            error_ms = 0 if letter == S else error_ms
    return errors


@settings(max_examples=30, deadline=None)
@given(data=st.data(), told=st.lists(st.one_of(_MOVED, _READ), max_size=9))
def test_whatever_is_told_each_snapshot_has_what_was_told_after_it(
    lasting: World, data: st.DataObject, told: list[Moves]
) -> None:
    world = lasting
    order = data.draw(st.permutations(range(len(told))))
    with world.engine.begin() as connection:
        for table in (snapshot, clock_event, frame_flag, follower):
            connection.execute(delete(table))
    chain = frames(
        world,
        [
            (letter, energy(at(number), number) if source is None else moved(ms, source))
            for number, (letter, source, ms) in enumerate(told)
        ],
    )
    entries = [
        Entry(position, NOW_MS + 2 * HOUR_MS, chain[number], message_hash(chain[number]))
        for position, number in enumerate(order, 1)
    ]
    follow = IntervalFollower(world.configurations)
    with world.engine.begin() as connection:
        for entry in entries:
            follow.follow(connection, [entry])
    expected = as_defined(told)
    assert errors(world) == expected
    with reading(world.engine) as connection:
        of_wrong = select(frame_flag.c.position).where(frame_flag.c.flag == Flag.TIME_WRONG)
        wrong = set(connection.scalars(of_wrong))
    assert wrong == {
        position
        for position, number in enumerate(order, 1)
        if abs(expected.get(number + 1) or 0) >= 5000
    }


@pytest.mark.parametrize("database_of", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "cycle",
    [
        [(I, None, 0)],
        [(I, None, 0), (I, "ntp", 7)],
        [(I, None, 0), (S, "ntp", 7), (S, None, 0)],
        [(I, None, 0), (I, "receipt", 7)],
    ],
    ids=["never known", "steps alone", "vouched for", "set by receipts"],
)
def test_a_frame_costs_as_much_however_many_came_before(site: World, cycle: list[Moves]) -> None:
    """In steps of the database's own machine, twenty at a time."""
    count = 300
    told = [cycle[number % len(cycle)] for number in range(count)]
    chain = frames(
        site,
        [
            (letter, energy(at(number), number) if source is None else moved(ms, source))
            for number, (letter, source, ms) in enumerate(told)
        ],
    )
    follow, steps, costs = IntervalFollower(site.configurations), [0], []

    def step() -> None:
        steps[0] += 1

    with site.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(step, 20)
        for position, raw in enumerate(chain, 1):
            entry = Entry(position, NOW_MS + HOUR_MS, raw, message_hash(raw))
            steps[0] = 0
            follow.follow(connection, [entry])
            costs.append(steps[0])
        driver.set_progress_handler(None, 20)
    early, late = sum(costs[30:60]), sum(costs[-30:])
    assert late < 1.5 * early, (early, late)
