"""What is made of a gateway's health events: its newest condition, and what is wrong with it."""

import itertools
from pathlib import Path
from typing import Any

import pytest
from collector_world import BILLING, NOW_MS, SITE, World, boot_event, event, health_event

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.runner import Checks
from collector.cli import report
from collector.intervals.follower import IntervalFollower
from collector.intervals.gateways import Condition, conditions
from collector.ledger.followers import advance
from collector.model.health import Ailment, BusCount, Health
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading

HOUR_MS = 3_600_000


def frames(world: World, *records: list[Any]) -> list[bytes]:
    return [world.gateway.frame(BILLING, seq, [each]) for seq, each in enumerate(records, 1)]


def condition(world: World, messages: list[bytes], now_ms: int = NOW_MS) -> Condition:
    for message in messages:
        world.append([message], now_ms)
        while advance(world.engine, IntervalFollower(world.configurations)):
            pass
    with reading(world.engine) as connection:
        return conditions(connection)[world.gateway.id.hex()]


def found(world: World, directory: Path, now_ms: int) -> list[Finding]:
    Checks(world.engine, world.registry, EmbeddedSeries(directory)).run(now_ms)
    with reading(world.engine) as connection:
        return [each for each in findings.stored(connection) if each.code is Code.AILING]


def test_the_newest_health_of_a_gateway_that_does_well(world: World, tmp_path: Path) -> None:
    now = condition(world, frames(world, boot_event(NOW_MS - 60_000), health_event()))
    assert now.health == Health(
        uptime_s=60,
        free_bytes=30_000,
        stall_ms=40,
        pending=(1, 6),
        days=(400, 12),
        erasures=7,
        signal_dbm=None,
        buses=(BusCount(900, 3),),
        drift_ppb=-2_100,
    )
    assert (now.health_ms, now.booted_ms, now.ailments) == (NOW_MS, NOW_MS - 60_000, ())
    assert found(world, tmp_path, NOW_MS) == []
    (told,) = report.full(world.engine, world.registry, tmp_path)["health"]
    assert (told["gateway"], told["days"]) == (world.gateway.id.hex(), (400, 12))


@pytest.mark.parametrize(
    ("changes", "ailment"),
    [
        ({"days": [2, None]}, Ailment.ROOM),
        ({"days": [None, 2]}, None),  # telemetry is thinned by design
        ({"days": [3, 0]}, None),
        ({"buses": [[900, 3], [100, 6]]}, Ailment.BUS),
        ({"buses": [[100, 5], [19, 19], [0, 0]]}, None),
        ({"stall_ms": 1001}, Ailment.STALL),
        ({"stall_ms": 1000}, None),
        ({"free": 8191}, Ailment.HEAP),
        ({"erasures": 80_001}, Ailment.FLASH),
        ({"drift": -100_001}, Ailment.DRIFT),
        ({"drift": None}, None),
    ],
)
def test_what_is_to_be_looked_at(
    world: World, tmp_path: Path, changes: dict[str, Any], ailment: Ailment | None
) -> None:
    booted_ms = NOW_MS - 60_000
    now = condition(world, frames(world, boot_event(booted_ms), health_event(**changes)))
    assert now.ailments == (() if ailment is None else (ailment,))
    told = [
        (each.subject, each.first_ms, each.last_ms, dict(each.details))
        for each in found(world, tmp_path, NOW_MS + HOUR_MS)
    ]
    details = {"site": SITE, "ailments": list(now.ailments)}
    one = (world.gateway.id.hex(), booted_ms, NOW_MS + HOUR_MS, details)
    assert told == ([one] if ailment else [])


def test_a_bus_is_judged_by_what_failed_since_the_health_before(world: World) -> None:
    """Ten days without a failure, then an hour of which all failed."""
    before = health_event(buses=[[100_000, 0]])
    now = health_event(buses=[[100_400, 400]], uptime_s=860_000)
    assert condition(world, frames(world, boot_event(), before, now)).health is not None
    with reading(world.engine) as connection:
        (known,) = conditions(connection).values()
    assert known.health is not None
    assert known.health.buses == (BusCount(400, 400),)
    assert known.ailments == (Ailment.BUS,)


def test_a_start_counts_from_zero(world: World) -> None:
    said = [boot_event(), health_event(buses=[[900, 3]]), boot_event()]
    again = condition(world, frames(world, *said, health_event(buses=[[1000, 90]])))
    assert again.health is not None
    assert again.health.buses == (BusCount(1000, 90),)


def test_health_of_the_start_before_says_nothing_now(world: World, tmp_path: Path) -> None:
    ill = health_event(stall_ms=9_000)
    now = condition(world, frames(world, boot_event(), ill, boot_event()))
    assert (now.health, now.ailments) == (None, ())
    assert found(world, tmp_path, NOW_MS) == []


def test_safe_mode_lasts_until_health_is_told(world: World, tmp_path: Path) -> None:
    safe, well = frames(world, boot_event(is_safe=True), health_event())
    assert condition(world, [safe]).ailments == (Ailment.SAFE_MODE,)
    assert len(found(world, tmp_path, NOW_MS)) == 1
    assert condition(world, [well]).ailments == ()


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_the_newest_stands_whatever_comes_last(world: World, order: tuple[int, ...]) -> None:
    said = frames(world, boot_event(), health_event(stall_ms=1), health_event(stall_ms=2))
    now = condition(world, [said[place] for place in order])
    assert now.health is not None
    assert (now.booted_ms, now.health.stall_ms) == (NOW_MS, 2)


def test_the_last_fault_is_kept(world: World) -> None:
    said = [event(9, {0: task, 1: "OSError"}) for task in ("stages", "uplink")]
    now = condition(world, frames(world, boot_event(), *said))
    assert (now.fault, now.fault_ms, now.ailments) == ("uplink: OSError", NOW_MS, ())


def test_old_health_is_no_finding(world: World, tmp_path: Path) -> None:
    condition(world, frames(world, boot_event(), health_event(stall_ms=9_000)))
    assert len(found(world, tmp_path, NOW_MS + 2 * HOUR_MS)) == 1
    (last,) = found(world, tmp_path, NOW_MS + 3 * HOUR_MS)
    assert last.last_ms == NOW_MS + 2 * HOUR_MS
