"""How good the data is: silence, gaps, clocks, values that stand still, coarse registers."""

from pathlib import Path

import pytest
from collector_world import (
    BILLING,
    DEMO,
    NOW_MS,
    SITE,
    TELEMETRY,
    World,
    dropped_event,
    interval,
)
from evidence_world import zeros
from finding_words import check_words
from licence_night import HOUR, MINUTE
from sqlalchemy import insert

from collector.checks import data
from collector.checks.codes import Code
from collector.checks.data import gaps
from collector.checks.standing import Check
from collector.checks.states import Scene, State
from collector.intervals.follower import IntervalFollower
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.model.records import DeliveryPoint
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading
from collector.storage.tables import snapshot


class Room:
    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.series = world, EmbeddedSeries(directory)

    @property
    def id(self) -> str:
        return self.world.gateway.id.hex()

    def take(self, messages: list[bytes], now_ms: int) -> None:
        self.world.append(messages, now_ms)
        for follower in (ChainFollower(), IntervalFollower(self.world.configurations)):
            while advance(self.world.engine, follower):
                pass

    def look(self, check: Check, now_ms: int, began_ms: int = 0) -> list[State]:
        view = self.world.registry.view()
        with reading(self.world.engine) as connection:
            scene = Scene(connection, view, self.series, now_ms, began_ms)
            states = list(check(scene))
            for state in states:
                check_words(scene.finding(state))
        return states


@pytest.fixture
def room(world: World, tmp_path: Path) -> Room:
    return Room(world, tmp_path)


def test_a_gateway_is_silent_since_its_last_frame(room: Room) -> None:
    assert room.look(data.judge_gateways, NOW_MS + HOUR) == []  # never heard: not known
    chain = room.world.gateway.chain()
    room.take([chain.next(), chain.next()], NOW_MS)
    assert room.look(data.judge_gateways, NOW_MS + 900_000) == []
    [state] = room.look(data.judge_gateways, NOW_MS + 900_001)
    assert (state.code, state.subject, state.since_ms) == (Code.GATEWAY_SILENT, room.id, NOW_MS)
    assert (state.positions, state.details["site"]) == ((2,), SITE)
    room.take([room.world.gateway.chain(TELEMETRY).next()], NOW_MS + 901_000)
    assert room.look(data.judge_gateways, NOW_MS + 902_000) == []


def test_silence_is_the_gateways_not_the_collectors(room: Room) -> None:
    chain = room.world.gateway.chain()
    room.take([chain.next()], NOW_MS)
    back = NOW_MS + HOUR
    assert room.look(data.judge_gateways, back + 900_000, began_ms=back) == []
    assert len(room.look(data.judge_gateways, back + 900_001, began_ms=back)) == 1
    room.world.append([chain.next()], back)  # has come, and is not followed yet
    assert room.look(data.judge_gateways, back + 900_001, began_ms=back) == []


@pytest.mark.parametrize(
    ("upto", "held", "dropped", "expected"),
    [
        (3, [(6, 7)], [], [((4, 5), 6)]),
        (3, [(6, 7), (9, 9)], [], [((4, 5), 6), ((8, 8), 9)]),
        (3, [(6, 7), (9, 9)], [(4, 5)], [((8, 8), 9)]),
        (3, [(9, 9)], [(5, 6)], [((4, 4), 9), ((7, 8), 9)]),
        (0, [(2, 3)], [], [((1, 1), 2)]),
        (3, [], [], []),
    ],
)
def test_what_is_missing_before_what_is_held(
    upto: int,
    held: list[tuple[int, int]],
    dropped: list[tuple[int, int]],
    expected: list[tuple[tuple[int, int], int]],
) -> None:
    assert list(gaps(upto, held, dropped)) == expected


def test_a_gap_that_stays_open_is_told_once_for_its_chain(room: Room) -> None:
    chain = room.world.gateway.chain()
    messages = [chain.next() for _ in range(6)]
    room.take([messages[0], messages[2], messages[5]], NOW_MS)
    assert room.look(data.judge_gaps, NOW_MS + HOUR - 1) == []
    [state] = room.look(data.judge_gaps, NOW_MS + HOUR)
    assert (state.code, state.subject) == (Code.CHAIN_GAP, f"{room.id}/1/billing")
    assert (state.since_ms, state.positions) == (NOW_MS, (2,))
    assert (state.details["first_seq"], state.details["last_seq"]) == (2, 2)
    room.take([messages[1]], NOW_MS + HOUR)
    [state] = room.look(data.judge_gaps, NOW_MS + HOUR)
    assert (state.details["first_seq"], state.details["last_seq"]) == (4, 5)
    room.take(messages[3:5], NOW_MS + HOUR)
    assert room.look(data.judge_gaps, NOW_MS + HOUR) == []


def test_what_a_gateway_says_that_it_dropped_is_no_gap(room: Room) -> None:
    telemetry, billing = room.world.gateway.chain(TELEMETRY), room.world.gateway.chain()
    messages = [telemetry.next() for _ in range(5)]
    room.take([messages[0], messages[4]], NOW_MS)
    assert len(room.look(data.judge_gaps, NOW_MS + HOUR)) == 1
    room.take([billing.next(dropped_event(1, 2, 4))], NOW_MS)
    assert room.look(data.judge_gaps, NOW_MS + HOUR) == []


def billed(room: Room, letters: str) -> list[bytes]:
    """A snapshot each five seconds, with these letters."""
    chain = room.world.gateway.chain(BILLING)
    raw = zeros(interval_only=True)
    return [
        chain.next(
            interval(0, NOW_MS + 5000 * place, raw), at_ms=NOW_MS + 5000 * place, letter=letter
        )
        for place, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("letters", "since"), [("SSS", None), ("SIS", None), ("SSII", 2), ("III", 0)]
)
def test_a_clock_that_nobody_vouches_for_since(room: Room, letters: str, since: int | None) -> None:
    room.take(billed(room, letters), NOW_MS)
    found = [
        each
        for each in room.look(data.judge_gateways, NOW_MS + HOUR + 30_000)
        if each.code is Code.CLOCK_DOUBTED
    ]
    expected = [] if since is None else [(NOW_MS + 5000 * since, "I")]
    assert [(each.since_ms, each.details["letter"]) for each in found] == expected


def test_a_gateway_that_does_not_know_the_time(room: Room) -> None:
    chain = room.world.gateway.chain(BILLING)
    raw = zeros(interval_only=True)
    room.take([chain.next(interval(0, NOW_MS, raw), letter="U")], NOW_MS)
    found = room.look(data.judge_gateways, NOW_MS + HOUR + 1)
    assert [each.details["letter"] for each in found if each.code is Code.CLOCK_DOUBTED] == ["U"]


def test_values_that_stand_still(room: Room) -> None:
    """The gateway does not believe them, and says so; what it believed last was ten minutes ago."""
    stale = {"stale": ("active_power", "active_energy_import")}
    room.series.write([Point("feeder", NOW_MS, {"active_power": 5.0}, 7)])
    room.series.write([Point("feeder", NOW_MS + 600_000, {}, 8, doubts=stale)])
    assert room.look(data.judge_stale, NOW_MS + 600_000) == []
    room.series.write([Point("feeder", NOW_MS + 600_001, {}, 9, doubts=stale)])
    [state] = room.look(data.judge_stale, NOW_MS + 600_001)
    assert (state.code, state.subject, state.since_ms) == (Code.STALE, "feeder", NOW_MS)
    assert (state.positions, state.details["quantities"]) == ((9,), list(stale["stale"]))
    room.series.write([Point("feeder", NOW_MS + MINUTE * 11, {"active_power": 5.0}, 10)])
    assert room.look(data.judge_stale, NOW_MS + MINUTE * 11) == []


@pytest.mark.parametrize(
    ("contracted_w", "is_found"),
    # a step of 1 Wh; an interval of 5 s at 144 kW has 200 Wh, of which 0.5 % are that step
    [(144_000, False), (143_999, True)],
)
def test_a_register_that_is_too_coarse_for_the_contracted_power(
    room: Room, contracted_w: int, *, is_found: bool
) -> None:
    assert DEMO.interval_s == 5
    point = DeliveryPoint(
        name="d", site=SITE, capacity_w=10**6, contracted_w=contracted_w, valid_from=NOW_MS - 5
    )
    room.world.registry.record([point], bytes(32), NOW_MS)
    row = {
        "meter": "feeder",
        "quantity": "active_energy_import",
        "at_ms": NOW_MS,
        "kind": "interval",
        "count": 5000,
        "quantum": "1",
        "offset_ms": 0,
        "clock": "S",
        "position": 3,
    }
    with room.world.engine.begin() as connection:
        connection.execute(insert(snapshot).values(row))
    found = room.look(data.judge_quanta, NOW_MS)
    assert [(each.code, each.since_ms, each.positions) for each in found] == (
        [(Code.QUANTUM_COARSE, NOW_MS - 5, (3,))] if is_found else []
    )


def test_nothing_known_is_nothing_found(room: Room) -> None:
    for check in (data.judge_gateways, data.judge_gaps, data.judge_stale, data.judge_quanta):
        assert room.look(check, NOW_MS) == []
