"""The gateway as a black box whose own clock is wrong: what is metered stays right and is told."""

import json
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.authority import Authority
from plant.collector import BILLING, Collector, now_ms
from plant.ntp import NtpServer
from plant.site import ENERGY_WORDS, Plant

SECOND_MS, DAY_MS = 1000, 86_400_000
NEVER_SET_MS = 946_684_800_000  # 2000-01-01: an ESP32 without a battery
YEAR_MS = 365 * DAY_MS
PERIOD_MS = 1000
ENERGY = struct.pack(">4H", *ENERGY_WORDS)
NEAR_MS = 15 * SECOND_MS  # how long a frame may take to come, on a busy machine

Make = Callable[..., Plant]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    plants = []

    def make_plant(offset_ms: int = 0, drift_ppm: int = 0, **options: Any) -> Plant:
        plant = Plant(tmp_path, **options)
        plants.append(plant)
        plant.gateway.set_clock(offset_ms, drift_ppm)
        plant.gateway.start()
        return plant

    yield make_plant
    for plant in plants:
        plant.close()


@pytest.fixture
def ntp() -> Iterator[Callable[[int], str]]:
    servers = []

    def start(offset_ms: int) -> str:
        servers.append(NtpServer(offset_ms))
        return servers[-1].name

    yield start
    for server in servers:
        server.close()


def billing(collector: Collector) -> list[Any]:
    """Bodies of the frames, in order."""
    return [collector.bodies[key] for key in sorted(collector.bodies) if key[0] == BILLING]


def intervals(collector: Collector) -> list[list[Any]]:
    return [record for record in collector.records(BILLING) if record[0] == 1]


def clock_events(collector: Collector) -> list[tuple[int, int, str]]:
    return [(event[0], event[1], event[2]) for event in collector.events(2)]


def letters(collector: Collector) -> str:
    """Of the frames in turn, each once as long as it stays."""
    told = ""
    for body in billing(collector):
        told += body[7][1] if not told.endswith(body[7][1]) else ""
    return told


def receipts_until(plant: Plant, condition: Callable[[], Any]) -> None:
    """A receipt for each new frame, as fresh as can be."""
    collector = plant.collector
    collector.receipt_every = 1
    collector.wait(condition)
    collector.receipt_every = 0


def check(collector: Collector) -> None:
    """Energy is as the meters have it, each boundary is there once, and the chain is whole."""
    collector.check_chains()
    taken = intervals(collector)
    assert {(quality, raw) for _, _, _, _, quality, raw in taken} == {(None, ENERGY)}
    assert all(boundary_ms % PERIOD_MS == 0 for _, _, boundary_ms, _, _, _ in taken)
    names = [(slot, boundary_ms) for _, slot, boundary_ms, _, _, _ in taken]
    assert len(names) == len(set(names))
    assert all(offset_ms >= 0 for _, _, _, offset_ms, _, _ in taken)


@pytest.mark.parametrize("error_ms", [YEAR_MS, -DAY_MS])
def test_a_wrong_clock_is_informative_until_receipts_set_it(make: Make, error_ms: int) -> None:
    plant = make(error_ms)
    collector = plant.collector
    collector.wait(lambda: len(intervals(collector)) >= 4)
    assert letters(collector) == "I"
    assert all(abs(entry[2] - error_ms - now_ms()) < NEAR_MS for entry in intervals(collector))
    receipts_until(plant, lambda: letters(collector) == "IS")
    ((before_ms, after_ms, source),) = clock_events(collector)
    assert source == "receipt"
    assert abs(before_ms - after_ms - error_ms) < NEAR_MS
    seen = len(intervals(collector))
    collector.wait(lambda: len(intervals(collector)) >= seen + 4)
    assert all(abs(entry[2] - now_ms()) < NEAR_MS for entry in intervals(collector)[seen + 2 :])
    assert abs(plant.gateway.clock_offset_ms()) < NEAR_MS
    check(collector)


def test_a_clock_that_was_never_set_begins_where_the_configuration_was_issued(make: Make) -> None:
    plant = make(NEVER_SET_MS - now_ms())
    collector = plant.collector
    collector.wait(lambda: len(intervals(collector)) >= 4)
    assert letters(collector) == "U"
    ((before_ms, after_ms, source),) = clock_events(collector)
    assert source == "floor"
    assert abs(before_ms - NEVER_SET_MS) < NEAR_MS
    assert abs(after_ms - now_ms()) < 2 * NEAR_MS
    receipts_until(plant, lambda: letters(collector) in ("US", "UIS"))
    check(collector)


@pytest.mark.parametrize("drift_ppm", [-300_000, 500_000])
def test_a_drifting_clock_is_set_again_and_again(make: Make, drift_ppm: int) -> None:
    """By a third or a half, so that seconds show what hours of a bad crystal would."""
    plant = make(0, drift_ppm)
    collector = plant.collector

    def steps() -> list[tuple[int, int, str]]:
        return [event for event in clock_events(collector) if event[2] == "receipt"]

    receipts_until(plant, lambda: len(steps()) >= 2)
    assert "receipt, slewed" in {source for _, _, source in clock_events(collector)}
    forward = drift_ppm < 0
    assert all((after_ms > before_ms) == forward for before_ms, after_ms, _ in steps())
    assert all(abs(after_ms - before_ms) < NEAR_MS for before_ms, after_ms, _ in steps())
    check(collector)


def test_a_start_with_a_clock_that_went_back_records_no_boundary_again(make: Make) -> None:
    plant = make()
    collector = plant.collector
    receipts_until(plant, lambda: len(intervals(collector)) >= 8)
    plant.gateway.kill()
    seen = len(intervals(collector))
    newest_ms = max(entry[2] for entry in intervals(collector))
    plant.gateway.set_clock(newest_ms - 3 * SECOND_MS - now_ms())
    plant.gateway.start()
    collector.wait(lambda: len(intervals(collector)) >= seen + 4)
    assert min(entry[2] for entry in intervals(collector)[seen:]) > newest_ms - SECOND_MS
    check(collector)


def test_ntp_sets_a_wrong_clock_and_makes_it_no_more_than_informative(
    make: Make, ntp: Callable[[int], str]
) -> None:
    """Of three servers one lies."""
    plant = make(YEAR_MS, network={"ntp": [ntp(DAY_MS), ntp(0), ntp(0)]})
    collector = plant.collector
    collector.wait(lambda: clock_events(collector))
    seen = len(intervals(collector))
    collector.wait(lambda: len(intervals(collector)) >= seen + 4)
    ((before_ms, after_ms, source),) = clock_events(collector)
    assert source == "ntp"
    assert abs(before_ms - after_ms - YEAR_MS) < NEAR_MS
    assert all(abs(entry[2] - now_ms()) < NEAR_MS for entry in intervals(collector)[seen + 2 :])
    assert letters(collector) == "I"
    receipts_until(plant, lambda: letters(collector) == "IS")
    assert len(clock_events(collector)) == 1  # the collector agrees
    check(collector)


def test_a_clock_led_beyond_all_certificates_comes_back(
    make: Make, ntp: Callable[[int], str]
) -> None:
    """Receipts are believed though their certificate seems to have ended."""
    lie_ms = 10 * YEAR_MS
    authority = Authority(until_ms=now_ms() + YEAR_MS)
    plant = make(0, authority=authority, network={"ntp": [ntp(lie_ms)]})
    collector = plant.collector
    collector.wait(lambda: clock_events(collector))
    receipts_until(plant, lambda: letters(collector) == "IS")
    (_, led), (_, back) = (event[:2] for event in clock_events(collector))
    assert led - back > lie_ms - NEAR_MS
    check(collector)


def test_a_clock_that_ntp_leads_astray_ends_no_order(make: Make, ntp: Callable[[int], str]) -> None:
    """Who owns the network answers for NTP too; only receipts can end a cut before its time."""
    plant = make()
    collector = plant.collector
    collector.wait(lambda: intervals(collector))
    order = bytes(15) + b"\x01"
    collector.send(
        plant.site.command(
            1, stages=[1], order=order, until_ms=now_ms() + 600 * SECOND_MS, ramp=[0, 0]
        )
    )
    collector.wait(lambda: (2, None) in collector.results(order))
    plant.gateway.kill()
    settings = json.loads(plant.gateway.setting("network.json") or b"")
    liar = settings | {"ntp": [ntp(DAY_MS)]}
    (plant.gateway.directory / "network.json").write_text(json.dumps(liar))
    plant.gateway.start()
    collector.wait(lambda: clock_events(collector))
    seen = len(intervals(collector))
    collector.wait(lambda: len(intervals(collector)) >= seen + 4)
    assert not plant.gateway.output(1)
    assert (5, None) not in collector.results(order)
    receipts_until(plant, lambda: letters(collector).endswith("S"))
    assert not plant.gateway.output(1)


def hold(plant: Plant, order: bytes, stage: int, until_ms: int) -> None:
    """Open the stage; the command is good by a clock that is days ahead."""
    expires_ms = now_ms() + 2 * DAY_MS
    plant.collector.send(
        plant.site.command(
            1, stages=[stage], order=order, until_ms=until_ms, expires_ms=expires_ms, ramp=[0, 0]
        )
    )
    plant.collector.wait(lambda: (2, None) in plant.collector.results(order))


def restart(plant: Plant) -> None:
    starts = len(plant.collector.events(1))
    plant.gateway.start()
    plant.collector.wait(lambda: len(plant.collector.events(1)) > starts)


def wait_for_intervals(collector: Collector, count: int) -> None:
    seen = len(intervals(collector))
    collector.wait(lambda: len(intervals(collector)) >= seen + count)


def test_a_restart_with_a_clock_that_was_led_astray_ends_no_order(
    make: Make, ntp: Callable[[int], str]
) -> None:
    """What NTP made of the clock outlives a restart; what ends an order is what receipts prove."""
    plant = make(network={"ntp": [ntp(DAY_MS)]})
    collector = plant.collector
    collector.wait(lambda: clock_events(collector))
    before, after = bytes(15) + b"\x01", bytes(15) + b"\x02"
    until_ms = now_ms() + 600 * SECOND_MS
    for order, stage in ((before, 1), (after, 2)):
        hold(plant, order, stage, until_ms)
        plant.gateway.kill()
        assert plant.gateway.clock_offset_ms() > DAY_MS - NEAR_MS
        restart(plant)
        wait_for_intervals(collector, 4)
        assert not plant.gateway.output(stage)
    receipts_until(plant, lambda: letters(collector).endswith("S"))
    assert not any(map(plant.gateway.output, (1, 2)))
    assert (5, None) not in collector.results(before) + collector.results(after)


def test_an_order_that_went_through_a_restart_ends_by_receipts(make: Make) -> None:
    plant = make(-DAY_MS)
    collector = plant.collector
    collector.wait(lambda: intervals(collector))
    order = bytes(15) + b"\x01"
    until_ms = now_ms() + 12 * SECOND_MS
    hold(plant, order, 1, until_ms)
    plant.gateway.kill()
    plant.gateway.set_clock(-DAY_MS)
    plant.gateway.start()
    receipts_until(plant, lambda: (5, None) in collector.results(order))
    assert now_ms() >= until_ms


# ---- boundaries that pass without power ----------------------------------------------------------


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_boundary_that_passed_without_power_is_read_late_and_says_so(
    make: Make, is_lost: bool
) -> None:
    """At once after the start, or when receipts set a clock that was lost. The newest of them."""
    period_ms = 8 * SECOND_MS
    plant = make(periods_ms=(period_ms, 500, 1000))
    collector = plant.collector
    receipts_until(plant, lambda: intervals(collector) and letters(collector).endswith("S"))
    plant.gateway.kill()
    known = {entry[2] for entry in intervals(collector)}
    boundary_ms = now_ms() // period_ms * period_ms + 2 * period_ms
    time.sleep((boundary_ms + period_ms * 5 // 8 - now_ms()) / 1000)  # past its half
    if is_lost:
        plant.gateway.set_clock(NEVER_SET_MS - now_ms())
    starting_ms = now_ms()
    plant.gateway.start()
    collector.receipt_every = 1
    late = collector.wait(
        lambda: [entry for entry in intervals(collector) if entry[2] == boundary_ms][1:]
    )
    collector.wait(
        lambda: any(entry[2] == boundary_ms + period_ms for entry in intervals(collector))
    )
    assert boundary_ms - period_ms not in known | {entry[2] for entry in intervals(collector)}
    read_ms = boundary_ms + late[0][3]
    assert starting_ms - SECOND_MS <= read_ms <= now_ms()
    assert late[0][4:] == [None, ENERGY]
    assert letter_of(collector, boundary_ms) in ("S", "I")
    collector.check_chains()


def letter_of(collector: Collector, boundary_ms: int) -> str:
    """Of the frame that has a boundary's first record."""
    found: list[str] = [
        body[7][1]
        for body in billing(collector)
        if any(record[0] == 1 and record[2] == boundary_ms for record in body[8])
    ]
    return found[0]
