"""The collector watches itself: disk, certificates, followers, clock."""

import shutil
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_world import follow, run, run_json, with_keys
from collector_world import BILLING, NOW_MS, POLICY, TestGateway, World, gateway_record
from structlog.testing import capture_logs

from collector.checks import condition, findings, rounds
from collector.checks.codes import Code
from collector.checks.watch import PERIOD_S, Watch
from collector.intake.admission import Delivery
from collector.storage import reading

DAY_MS = 86_400_000
GIB = 1024**3


class Disk(NamedTuple):
    free: int


class Bench:
    """A watch whose clocks, disk and broker are the test's."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world, self.directory = world, directory
        self.now_ms, self.now_s = NOW_MS, 1000.0
        self.certificates = {"orders": NOW_MS + 90 * DAY_MS}
        self.is_connected = True
        self.watch = self.started()

    def started(self) -> Watch:
        return Watch(
            self.world.engine,
            self.world.registry,
            self.directory,
            lambda: self.certificates,
            lambda: self.is_connected,
            lambda: self.now_ms,
            lambda: self.now_s,
        )

    def look(self, after_s: float = PERIOD_S, *, clock_s: float | None = None) -> list[str]:
        """Look again after a while, by the clock `clock_s`; the names of the alarms."""
        self.now_s += after_s
        self.now_ms += int(1000 * (after_s if clock_s is None else clock_s))
        self.watch.look()
        return sorted(self.watch.alarms)


@pytest.fixture
def bench(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(100 * GIB))
    return Bench(world, tmp_path)


def test_all_is_well(bench: Bench) -> None:
    assert bench.look() == []
    assert bench.watch.unready() == []


def test_little_room_on_the_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(GIB - 1))
    with capture_logs() as logs:
        assert bench.look() == ["disk"]
        bench.look()
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(100 * GIB))
        assert bench.look() == []
    told = [(line["event"], line["alarm"]) for line in logs if "alarm" in line]
    assert told == [("collector.alarm", "disk"), ("collector.alarm_over", "disk")]


def test_the_thresholds_are_the_policys(bench: Bench) -> None:
    policy = POLICY.model_copy(update={"disk_free_mib": 200 * 1024, "certificate_days": 100})
    bench.world.registry.record([policy], bytes(32), NOW_MS)
    assert bench.look() == ["certificate orders", "disk"]


def test_a_certificate_that_ends_soon(bench: Bench) -> None:
    bench.certificates = {"orders": NOW_MS + 29 * DAY_MS, "ca": NOW_MS + 31 * DAY_MS}
    assert bench.look() == ["certificate orders"]
    bench.certificates = {"orders": NOW_MS - DAY_MS}
    assert bench.look() == ["certificate orders"]
    assert bench.watch.alarms["certificate orders"]["days"] == -1


def test_a_follower_that_is_late(bench: Bench) -> None:
    """Late it is when the oldest frame waits; that it stands still, when its cursor does too."""
    world, chain = bench.world, bench.world.gateway.chain(BILLING)
    policy = POLICY.model_copy(update={"checkpoint_s": Decimal(86_400)})
    world.registry.record([policy], bytes(32), NOW_MS)
    world.append([chain.next()], NOW_MS)
    follow(world)
    world.append([chain.next()], NOW_MS)
    assert bench.look() == []
    assert bench.look(301) == ["lag chain"]
    assert bench.watch.alarms["lag chain"]["frames"] == 1
    assert bench.watch.unready() == ["follower chain stands still"]
    follow(world)
    world.append([chain.next()], NOW_MS)
    assert bench.look() == ["lag chain"]
    assert bench.watch.unready() == []
    follow(world)
    assert bench.look() == []


def test_a_checkpoint_that_does_not_come(bench: Bench) -> None:
    """Each frame is under one within twice the policy's period, 20 s here."""
    world, chain = bench.world, bench.world.gateway.chain(BILLING)
    checkpoints = with_keys(world, bench.directory)
    world.append([chain.next()], NOW_MS)
    assert bench.look(40) == []
    assert bench.look(1) == ["checkpoint"]
    checkpoints.sign(bench.now_ms)
    assert bench.look(1000) == []
    world.append([chain.next()], bench.now_ms)
    assert bench.look(40) == []
    assert bench.look(1) == ["checkpoint"]


@pytest.mark.parametrize("clock_s", [PERIOD_S + 11, PERIOD_S - 11])
def test_a_clock_that_is_set_is_told_for_a_minute(bench: Bench, clock_s: float) -> None:
    bench.look()
    assert bench.look(clock_s=clock_s) == ["clock"]
    assert [bench.look() for _ in range(6)] == [["clock"]] * 5 + [[]]
    assert bench.watch.clock_steps == 1


def test_a_clock_that_went_back_while_the_collector_was_off(bench: Bench) -> None:
    bench.look()
    bench.watch = bench.started()
    assert bench.look(clock_s=3600) == []
    bench.watch = bench.started()
    assert bench.look(clock_s=-3600) == ["clock"]


def gateways(bench: Bench, *behind_s: int) -> None:
    """Each sends a frame out of an outage, and one that its clock dates so long before it comes."""
    late = 600
    for number, lag_s in enumerate(behind_s):
        gateway = TestGateway(configuration=bench.world.gateway.configuration)
        bench.world.registry.record([gateway_record(gateway)], bytes(32), NOW_MS + number)
        chain = gateway.chain(BILLING)
        for seconds in (late, lag_s):
            message = chain.next(at_ms=NOW_MS - 1000 * seconds)
            bench.world.intake().keep([Delivery.of(gateway.topic, message)])


@pytest.mark.parametrize(
    ("behind_s", "found"),
    [
        ((0, 1, 2), []),
        ((600, 0, 1), []),  # one is late, or wrong
        ((20, 15, 12), ["clock"]),  # all come late: our clock is ahead
        ((-20, -15, -12), ["clock"]),  # all come before their time: it is behind
        ((-20, -20), []),  # too few to tell
    ],
)
def test_the_clock_is_held_against_the_gateways(
    bench: Bench, behind_s: tuple[int, ...], found: list[str]
) -> None:
    gateways(bench, *behind_s)
    assert bench.look() == found


def test_it_is_not_ready_without_broker_or_database(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.watch.unready() == ["the database takes no commit"]
    bench.look()
    bench.is_connected = False
    assert bench.watch.unready() == ["the broker is not connected"]
    bench.is_connected = True
    bench.now_s += 31
    assert bench.watch.unready() == ["the database takes no commit"]
    bench.look()
    assert bench.watch.unready() == []


# --- `esep collector status`


def test_status_says_how_the_collector_is(world: World, tmp_path: Path) -> None:
    checkpoints = with_keys(world, tmp_path)
    chain = world.gateway.chain(BILLING)
    world.append([chain.next()])
    follow(world)
    checkpoints.sign(NOW_MS)
    world.append([chain.next()])
    checkpoints.sign(NOW_MS)
    with reading(world.engine) as connection:
        free = condition.read_condition(connection, tmp_path, {}, NOW_MS).disk_free_bytes
    assert free > 0
    record = POLICY.model_copy(update={"disk_free_mib": 0, "lag_s": 10**9})
    world.registry.record([record], bytes(32), NOW_MS)
    own = run_json("status", tmp_path)["collector"]
    [lag] = own["followers"]
    assert (lag["name"], lag["position"], lag["lag_frames"]) == ("chain", 1, 1)
    assert own["checkpoint"]["frames"] == 2
    assert set(own["certificates"]) == {"receipts", "orders", "configuration", "checkpoints"}
    assert "follower chain: at 1, 1 frames" in run("status", tmp_path).stdout


def test_status_fails_with_an_alarm(world: World, tmp_path: Path) -> None:
    with_keys(world, tmp_path)
    record = POLICY.model_copy(update={"disk_free_mib": 2**40})
    world.registry.record([record], bytes(32), NOW_MS)
    assert list(run_json("status", tmp_path, code=1)["alarms"]) == ["disk"]
    assert "ALARM disk: free_mib" in run("status", tmp_path, code=1).stdout


# --- alarms as findings


def test_an_alarm_is_a_finding_while_it_stands(bench: Bench) -> None:
    bench.certificates = {"orders": NOW_MS + 29 * DAY_MS, "ca": NOW_MS + 28 * DAY_MS}
    bench.look()
    bench.look()
    bench.watch = bench.started()
    bench.look()
    with reading(bench.world.engine) as connection:
        found = findings.stored(connection)
        assert all(map(rounds.read(connection, bench.now_ms).show, found))
    bench.certificates = {"orders": NOW_MS + 90 * DAY_MS}
    bench.look()
    with reading(bench.world.engine) as connection:
        found = findings.stored(connection)
        assert not any(map(rounds.read(connection, bench.now_ms).show, found))
    assert [(each.code, each.subject, each.first_ms, each.last_ms) for each in found] == [
        (Code.CERTIFICATE, f"collector/{name}", NOW_MS + 10_000, NOW_MS + 30_000)
        for name in ("orders", "ca")
    ]
    assert found[0].details == {"certificate": "orders", "days": 29.0}


def test_an_alarm_that_comes_back_a_day_later_is_another(bench: Bench) -> None:
    bench.look()
    for _ in range(2):
        bench.look(86_400, clock_s=86_420)
        for _ in range(6):
            bench.look()
    with reading(bench.world.engine) as connection:
        found = findings.stored(connection)
    assert [(each.code, each.subject) for each in found] == [(Code.CLOCK, "collector")] * 2
    assert found[0].details == {"stepped_s": 20.0, "ahead_of_gateways_s": None}
