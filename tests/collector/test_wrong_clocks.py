"""Gateways whose clocks are wrong: what they dated is not believed, and hides nothing."""

from fractions import Fraction
from pathlib import Path

import pytest
from clock_world import HOUR_MS, YEAR_MS, I, S, Told, errors, flagged, frames, moved, take
from collector_world import NOW_MS, REAL, TELEMETRY, World, boot_event, event
from meter_world import METER, at, configure, energy, power
from sqlalchemy import select

from collector.checks import meters
from collector.intervals.energy import MeteredEnergy, energy_between
from collector.intervals.follower import IntervalFollower
from collector.intervals.snapshots import snapshot_at
from collector.ledger.flags import Flag
from collector.ledger.followers import advance
from collector.model.records import Meter
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.series.store import Point
from collector.storage import reading
from collector.storage.tables import gateway_fact


@pytest.fixture
def site(world: World) -> World:
    configure(world)
    return world


def stands(world: World, at_ms: int) -> int | None:
    """The register that stands for a boundary, in Wh."""
    with reading(world.engine) as connection:
        found = snapshot_at(connection, METER, at_ms)
    return None if found is None else int(found.energy_wh)


def measured(world: World, first: int, last: int) -> MeteredEnergy | None:
    with reading(world.engine) as connection:
        return energy_between(connection, METER, at(first), at(last))


# ---- boundaries ----------------------------------------------------------------------------------


def test_what_a_wrong_clock_dated_is_flagged_and_stands_for_no_boundary(site: World) -> None:
    """It was 20 s ahead until a receipt set it: four intervals of 5 s."""
    take(site, (S, energy(at(0), 100)), (I, energy(at(5), 101)), (I, energy(at(6), 102)))
    assert (stands(site, at(5)), flagged(site)) == (101, {})
    take_more = [(I, moved(-20_000)), (I, energy(at(3), 103)), (S, energy(at(4), 104))]
    chain = frames(site, [(S, energy(at(0), 100)), (I, 0), (I, 0), *take_more])[3:]
    site.append(chain, NOW_MS + 2 * HOUR_MS)
    advance(site.engine, IntervalFollower(site.configurations))
    assert errors(site) == {1: None, 2: -20_000, 3: -20_000, 5: 0, 6: None}
    assert [stands(site, at(number)) for number in (0, 3, 4, 5, 6)] == [100, 103, 104, None, None]
    assert flagged(site) == {Flag.TIME_WRONG: 2}


@pytest.mark.parametrize("error_ms", [-3000, 3000])
def test_a_clock_that_was_less_than_an_interval_wrong_makes_energy_uncertain(
    site: World, error_ms: int
) -> None:
    take(
        site,
        (S, energy(at(0), 0)),
        (I, energy(at(1), 1)),
        (I, energy(at(2), 2)),
        (I, moved(error_ms)),
        (S, energy(at(3), 3)),
    )
    certain, uncertain = measured(site, 0, 3), measured(site, 0, 2)
    assert certain is not None
    assert uncertain is not None
    assert [certain.energy_wh, certain.error_wh] == [3, 0]
    assert [uncertain.energy_wh, uncertain.error_wh] == [2, Fraction(2 * 3, 10 - 3)]
    assert flagged(site) == {}


def test_a_clock_that_is_set_back_seems_no_jump_of_the_register(site: World) -> None:
    """Between two boundaries more time passed than they show."""
    take(
        site,
        (I, energy(at(1), 0)),
        (I, moved(-4000)),
        (I, energy(at(2), 30)),  # 13.8 kW are the most: 23 Wh in 5 s and one of delay
    )
    found = measured(site, 1, 2)
    assert found is not None
    assert found.energy_wh == 30


def test_what_receipts_vouched_for_stands(site: World) -> None:
    take(
        site,
        (I, energy(at(0), 100)),
        (S, energy(at(1), 101)),
        (I, energy(at(2), 102)),
        (I, moved(HOUR_MS)),
    )
    assert errors(site) == {1: 0, 2: None, 3: HOUR_MS}


def test_who_leads_a_clock_astray_spoils_only_what_it_dated_meanwhile(site: World) -> None:
    """NTP an hour ahead, and back: what came before it was right."""
    take(
        site,
        (I, energy(at(0), 100)),
        (I, moved(HOUR_MS, "ntp")),
        (I, energy(at(1) + HOUR_MS, 101)),
        (I, moved(1 - HOUR_MS)),
        (I, energy(at(2), 102)),
    )
    assert errors(site) == {1: 1, 3: 1 - HOUR_MS, 5: None}


def test_what_ntp_says_alone_says_nothing_of_the_time_before_it(site: World) -> None:
    take(site, (I, energy(at(0), 100)), (I, moved(-HOUR_MS, "ntp")), (I, energy(at(1), 101)))
    assert errors(site) == {1: None, 3: None}


def test_a_clock_that_lost_its_time_says_nothing_of_the_time_before_it(site: World) -> None:
    take(
        site,
        (I, energy(at(0), 100)),
        ("U", moved(26 * YEAR_MS, "floor")),
        (I, moved(HOUR_MS)),
        (I, energy(at(1), 101)),
    )
    assert errors(site) == {1: None, 4: None}
    assert stands(site, at(0)) == 100


@pytest.mark.parametrize("ms", [2**63, 2**64 - 1 - NOW_MS, -NOW_MS])
def test_a_step_from_nowhere_stops_nothing(site: World, ms: int) -> None:
    take(site, (I, energy(at(0), 100)), (I, moved(ms)), (S, energy(at(1), 101)))
    assert stands(site, at(1)) == 101


def test_steps_that_add_up_to_too_much_stop_nothing(site: World) -> None:
    take(
        site,
        (I, energy(at(0), 100)),
        (I, moved(2**62, "ntp")),
        (I, energy(at(1), 101)),
        (I, moved(2**62, "ntp")),
        (S, energy(at(2), 102)),
    )
    assert errors(site) == {1: None, 3: 2**62, 5: None}


def test_the_greatest_step_back_stops_nothing(site: World) -> None:
    back = event(2, {0: 2**63, 1: 0, 2: "receipt"})
    take(site, (I, energy(at(0), 100)), (I, back), (S, energy(at(1), 101)))
    assert [stands(site, at(0)), stands(site, at(1))] == [100, 101]


# ---- a day of a site -----------------------------------------------------------------------------

QUARTER_MS, POWER_KW = 900_000, 6
LOST, FOUND, END = (hours * HOUR_MS for hours in (2, 10, 14))


def day(error_ms: int, drift_ms: int) -> list[Told]:
    """Boundaries of a steady load; from hour 2 to 10 without receipts, by a clock that is wrong.

    By `error_ms` at first, and by what it drifts in a day. No boundary is recorded twice.
    """
    told: list[Told] = []
    seen = set()

    def error(ms: int) -> int:
        is_wrong = LOST <= ms < FOUND
        return error_ms + drift_ms * (ms - LOST) // (24 * HOUR_MS) if is_wrong else 0

    for second in range(END // 1000 + 1):
        ms = second * 1000
        if ms == FOUND:
            told.append((I, moved(-error(ms - 1))))
        boundary_ms = (NOW_MS + ms + error(ms)) // QUARTER_MS * QUARTER_MS
        is_due = boundary_ms != (NOW_MS + ms - 1000 + error(ms - 1000)) // QUARTER_MS * QUARTER_MS
        if is_due and boundary_ms not in seen:
            seen.add(boundary_ms)
            late_ms = NOW_MS + ms + error(ms) - boundary_ms
            if late_ms <= QUARTER_MS // 2:
                letter = I if LOST <= ms < FOUND else S
                told.append((letter, energy(boundary_ms, ms * POWER_KW // 3600, 0, late_ms)))
    return told


@pytest.mark.parametrize(
    ("error_ms", "drift_ms", "flag"),
    [
        (YEAR_MS, 0, Flag.TIME_IMPOSSIBLE),
        (-24 * HOUR_MS, 0, Flag.TIME_WRONG),
        (HOUR_MS, 0, Flag.TIME_WRONG),
        (-HOUR_MS, 0, Flag.TIME_WRONG),
        (0, 5 * 60_000, None),
        (0, -5 * 60_000, None),
        (-10 * 60_000, -5 * 60_000, None),
        (10 * 60_000, 5 * 60_000, None),
    ],
)
def test_whatever_stands_is_right_within_what_is_said_of_it(
    tmp_path: Path, error_ms: int, drift_ms: int, flag: Flag | None
) -> None:
    site = World.make(tmp_path, REAL)
    configure(site)
    take(site, *day(error_ms, drift_ms), now_ms=NOW_MS + END)
    certain = 0
    for quarter in range(-100, END // QUARTER_MS):
        start_ms = NOW_MS + quarter * QUARTER_MS
        with reading(site.engine) as connection:
            found = energy_between(connection, METER, start_ms, start_ms + QUARTER_MS)
        if found is not None:
            assert quarter >= 0
            assert abs(found.energy_wh - 250 * POWER_KW) <= found.error_wh + 2
            certain += found.error_wh == 0
    assert certain >= 2 * 4 + 3 * 4 - 1
    assert (flag is None) == (flagged(site) == {})
    assert flag is None or flagged(site)[flag] > 20
    with reading(site.engine) as connection:
        whole = energy_between(connection, METER, NOW_MS, NOW_MS + END)
    assert whole is not None
    assert [whole.energy_wh, whole.error_wh] == [END * POWER_KW // 3600, 0]


# ---- newest values -------------------------------------------------------------------------------


@pytest.fixture
def series(tmp_path: Path) -> EmbeddedSeries:
    return EmbeddedSeries(tmp_path)


def sampled(world: World, series: EmbeddedSeries, *ahead_ms: int) -> None:
    """Samples of 1 kW, 2 kW, … one after the other, each so far ahead of its receipt."""
    chain = world.gateway.chain(TELEMETRY)
    for number, ms in enumerate(ahead_ms):
        received_ms = at(number)
        frame = chain.next(power(received_ms + ms, 1 + number), letter=I)
        world.append([frame], received_ms)
    while advance(world.engine, SeriesFollower(series, world.configurations)):
        pass


@pytest.mark.parametrize("ahead_ms", [11_000, 59_000, 61_000, YEAR_MS, -86_400_000])
def test_readings_of_another_time_hide_none_of_now(
    site: World, series: EmbeddedSeries, ahead_ms: int
) -> None:
    sampled(site, series, -1000, ahead_ms, -1000)
    for newest in (series.latest, series.last_power):
        point = newest(METER, at(2) + meters.AHEAD_MS)
        assert point is not None
        assert (point.at_ms, point.values["active_power"]) == (at(2) - 1000, 3000)


def test_the_power_of_now_is_that_of_the_newest_reading_not_ahead_of_it(
    site: World, series: EmbeddedSeries
) -> None:
    view = site.registry.view()
    meter = view.all(Meter)[METER]
    for at_ms, power_w in ((NOW_MS, 1000), (NOW_MS + 5000, 2000), (NOW_MS + 50_000, 3000)):
        series.write([Point(METER, at_ms, {"active_power": power_w}, 1)])
    seen = [meters.power_w(view, series, [meter], NOW_MS + ms) for ms in (-5001, -5000, 0, 45_000)]
    assert seen == [None, 1000, 2000, 3000]


def test_a_boot_of_an_unknown_clock_is_dated_when_it_came(site: World) -> None:
    take(site, ("U", boot_event(NOW_MS - YEAR_MS)), now_ms=NOW_MS)
    with reading(site.engine) as connection:
        assert connection.scalar(select(gateway_fact.c.at_ms)) == NOW_MS
