"""Validly signed frames that no honest gateway sends: kept, flagged, and in nobody's way."""

import secrets
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from collector_world import (
    BILLING,
    NOW_MS,
    SITE,
    TELEMETRY,
    TestGateway,
    World,
    boot_event,
    command_event,
    dropped_event,
    epoch_event,
    event,
    gateway_record,
    health_event,
    interval,
    sample,
    signer_for,
)
from sqlalchemy import select

from collector.checks.runner import Checks
from collector.cli import report
from collector.evidence.downlink import Role
from collector.intake import receipts
from collector.intervals.energy import first_snapshot, snapshot_at
from collector.intervals.follower import IntervalFollower
from collector.ledger import flags
from collector.ledger.chain import ChainFollower
from collector.ledger.flags import Flag
from collector.ledger.followers import Follower, advance
from collector.ledger.ledger import Ledger
from collector.model.records import OrderReason
from collector.orders import store
from collector.orders.desk import Desk
from collector.orders.follower import OrderFollower
from collector.orders.order import Cut, Terms
from collector.orders.permit.schedule_store import ScheduleFollower
from collector.registry.profiles import load_profile
from collector.series.embedded import EmbeddedSeries
from collector.series.follower import SeriesFollower
from collector.storage import reading
from collector.storage.tables import follower as follower_table
from collector.storage.tables import gateway_fact, issued
from collector.web.board import read_board

HUGE = [2**63 - 1, 2**63, 2**64 - 1]
PROFILE = load_profile("schneider-pm5560")


def raw_of(*, interval_only: bool, energy_wh: int = 1000) -> bytes:
    """The bytes of a good reading: every energy the same, all else zero."""
    formats = {"int64": ">q", "int32": ">i", "int16": ">h", "float32": ">f"}
    return b"".join(
        struct.pack(formats[entry.type], energy_wh if entry.type == "int64" else 0)
        for entry in PROFILE.registers
        if entry.interval or not interval_only
    )


class Collector:
    """Everything that follows the ledger, and what is made of it."""

    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        self.directory = directory
        self.series = EmbeddedSeries(directory)
        self.followers: list[Follower] = [
            ChainFollower(),
            IntervalFollower(world.configurations),
            OrderFollower(),
            ScheduleFollower(),
            SeriesFollower(self.series, world.configurations),
        ]
        signer = signer_for(world.root, Role.ORDERS)
        self.desk = Desk(world.engine, world.registry, self.series, signer)
        self.checks = Checks(world.engine, world.registry, self.series)

    def take(self, *messages: bytes, now_ms: int = NOW_MS) -> None:
        """Append, follow to the end, and use every view once."""
        self.world.append(messages, now_ms)
        for follower in self.followers:
            while advance(self.world.engine, follower):
                pass
        self.checks.run(now_ms)
        self.desk.run(now_ms)
        receipts.make_all(self.world.engine, signer_for(self.world.root, Role.RECEIPTS), now_ms)
        report.full(self.world.engine, self.world.registry, self.directory)
        read_board(self.world.engine, self.world.registry, self.series, {}, now_ms)

    def positions(self) -> set[int]:
        with reading(self.world.engine) as connection:
            return set(connection.scalars(select(follower_table.c.position)))

    def flagged(self) -> dict[str, int]:
        with reading(self.world.engine) as connection:
            return flags.counts(connection)


@pytest.fixture
def collector(world: World, tmp_path: Path) -> Collector:
    return Collector(world, tmp_path)


def billing(world: World, *records: list[Any], **changes: Any) -> bytes:
    return world.gateway.frame(BILLING, secrets.randbelow(2**31) + 1, records, **changes)


def poisons() -> dict[str, Any]:
    """Name → function of the gateway that makes the frame."""
    good = raw_of(interval_only=True)
    order = secrets.token_bytes(16)
    records: dict[str, list[Any]] = {
        "slot unknown": interval(63, NOW_MS, good),
        "no bytes": interval(0, NOW_MS, b""),
        "a byte short": interval(0, NOW_MS, good[:-1]),
        "a byte long": interval(0, NOW_MS, good + b"\0"),
        "qualities that do not fit": interval(0, NOW_MS, good, quality=bytes(60)),
        "offset huge": interval(0, NOW_MS, good, offset_ms=2**62),
        "offset negative": interval(0, NOW_MS, good, offset_ms=-(2**62)),
        "at zero": interval(0, 0, good),
        "order unknown": command_event(order, 2**64 - 1, 2),
        "refusal with a huge counter": command_event(order, 1, 3, last=2**64 - 1, reason="x"),
        "configuration event": event(3, {0: bytes(32), 1: 2**64 - 1}),
        "meter event": event(6, {0: 63, 1: 0}),
        "stage unknown": event(5, {0: 32, 1: 0, 2: "local"}),
        "dropped backwards": dropped_event(1, 9, 2),
        "dropped to the end": dropped_event(2**32 - 1, 1, 2**32 - 1),
        "epoch event": epoch_event(None),
        "fault event": event(9, {0: "\0" * 90, 1: "<b>" * 900}),
    }
    for at_ms in HUGE:
        records |= {
            f"interval at {at_ms}": interval(0, at_ms, good),
            f"reading at {at_ms}": [4, 0, at_ms, None, good],
            f"boot at {at_ms}": boot_event(at_ms),
            f"health at {at_ms}": health_event(at_ms),
            f"health of {at_ms}": health_event(
                uptime_s=at_ms,
                free=at_ms,
                stall_ms=at_ms,
                days=[at_ms, at_ms],
                erasures=at_ms,
                dbm=-at_ms // 2,
                buses=[[0, at_ms], [at_ms, 0]],
                drift=-at_ms // 2,
            ),
            f"clock event at {at_ms}": event(2, {0: at_ms, 1: at_ms, 2: "x"}, at_ms),
            f"command event at {at_ms}": command_event(order, 1, 1, at_ms),
            f"limiter event of {at_ms}": event(
                16,
                {
                    0: [0, 0],
                    1: [4, 4],
                    2: "x" * 900,
                    3: [None, at_ms],
                    4: [at_ms, at_ms, at_ms],
                    5: 1,
                    6: at_ms,
                    7: [32] * 32,
                },
                at_ms,
            ),
            f"schedule event of {at_ms}": event(17, {0: bytes(32), 1: at_ms, 2: 1}, at_ms),
            f"schedule refused at {at_ms}": event(
                17, {0: bytes(32), 1: at_ms, 2: 2, 3: "\0"}, at_ms
            ),
        }
    made: dict[str, Any] = {
        name: (lambda gateway, record=record: gateway.frame(BILLING, 1, [record]))
        for name, record in records.items()
    }
    for at_ms in HUGE:
        made[f"sample at {at_ms}"] = lambda gateway, at_ms=at_ms: gateway.frame(
            TELEMETRY, 1, [sample(0, at_ms, raw_of(interval_only=False))]
        )
        made[f"clock of {at_ms}"] = lambda gateway, at_ms=at_ms: gateway.frame(at_ms=at_ms)
    made["configuration unknown"] = lambda gateway: gateway.frame(
        BILLING, 1, [interval(0, NOW_MS, good)], configuration=bytes(32)
    )
    made["last name there is"] = lambda gateway: gateway.frame(
        BILLING, 2**32 - 1, [epoch_event()], epoch=2**32 - 1
    )
    return made


POISONS = poisons()


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Collector:
    """One collector takes all of them, one after the other."""
    directory = tmp_path_factory.mktemp("long-lived")
    return Collector(World.make(directory), directory)


@pytest.mark.parametrize("name", POISONS)
def test_a_strange_frame_is_kept_and_stops_nothing(long_lived: Collector, name: str) -> None:
    gateway = long_lived.world.gateway
    head = Ledger(long_lived.world.engine).head()
    at_ms, energy_wh = NOW_MS - 10**6 + head, 1000 + head
    good = interval(0, at_ms, raw_of(interval_only=True, energy_wh=energy_wh))
    poison, after = POISONS[name](gateway), gateway.frame(BILLING, 1000 + head, [good])
    long_lived.take(poison)
    long_lived.take(after)
    kept = Ledger(long_lived.world.engine).entries(after=head)
    assert [entry.raw for entry in kept] == [poison, after]
    assert long_lived.positions() == {head + 2}
    with reading(long_lived.world.engine) as connection:
        snapshot = snapshot_at(connection, "feeder", at_ms)
    assert snapshot is not None
    assert snapshot.energy_wh == Fraction(energy_wh)


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        ("slot unknown", Flag.UNDECODED),
        ("no bytes", Flag.UNDECODED),
        ("configuration unknown", Flag.UNDECODED),
        ("offset huge", Flag.TIME_IMPOSSIBLE),
        ("at zero", Flag.TIME_IMPOSSIBLE),
        (f"interval at {2**64 - 1}", Flag.TIME_IMPOSSIBLE),
        (f"sample at {2**64 - 1}", Flag.TIME_IMPOSSIBLE),
        (f"boot at {2**64 - 1}", Flag.TIME_IMPOSSIBLE),
        (f"health at {2**64 - 1}", Flag.TIME_IMPOSSIBLE),
    ],
)
def test_it_is_flagged(collector: Collector, name: str, flag: Flag) -> None:
    collector.take(POISONS[name](collector.world.gateway))
    assert collector.flagged() == {flag: 1}


def test_one_bad_reading_costs_no_other_of_its_frame(collector: Collector) -> None:
    whole = raw_of(interval_only=False)
    records = [
        sample(63, NOW_MS, whole),
        sample(0, 2**64 - 1, whole),
        sample(1, NOW_MS, whole),
        sample(2, NOW_MS, b""),
    ]
    collector.take(collector.world.gateway.frame(TELEMETRY, 1, records))
    assert collector.series.points() == 1
    assert collector.series.latest("stage-1", 2**62) is not None
    assert collector.flagged() == {Flag.UNDECODED: 1, Flag.TIME_IMPOSSIBLE: 1}


def test_readings_of_an_unknown_clock_are_not_billed(collector: Collector) -> None:
    world = collector.world
    good = interval(0, NOW_MS, raw_of(interval_only=True))
    collector.take(world.gateway.frame(BILLING, 1, [good], letter="U"))
    with reading(world.engine) as connection:
        assert first_snapshot(connection, "feeder") is None
    assert collector.flagged() == {Flag.TIME_UNKNOWN: 1}


def test_a_gateway_cannot_report_for_the_meters_of_another(collector: Collector) -> None:
    """By naming the other's configuration in frames that it signs rightly itself."""
    world, other = collector.world, TestGateway()
    world.registry.record([gateway_record(other, site="elsewhere")], bytes(32), NOW_MS)
    message = other.frame(
        BILLING,
        1,
        [interval(0, NOW_MS, raw_of(interval_only=True))],
        configuration=world.gateway.configuration,
    )
    world.gateway, honest = other, world.gateway
    collector.take(message)
    with reading(world.engine) as connection:
        assert first_snapshot(connection, "feeder") is None
    assert collector.flagged() == {Flag.UNDECODED: 1}
    world.gateway = honest


def test_a_configuration_that_cannot_be_decoded_stops_nothing(collector: Collector) -> None:
    """A hash of something else that the operator keeps."""
    world = collector.world
    with world.engine.begin() as connection:
        profile = connection.scalar(select(issued.c.hash).where(issued.c.kind == "profile"))
    assert profile is not None
    record = interval(0, NOW_MS, raw_of(interval_only=True))
    collector.take(world.gateway.frame(BILLING, 1, [record], configuration=profile))
    assert collector.flagged() == {Flag.UNDECODED: 1}


def test_an_old_boot_that_comes_late_does_not_replace_the_newer(collector: Collector) -> None:
    frames = [
        collector.world.gateway.frame(BILLING, seq, [boot_event(NOW_MS - 10**6 // seq, firmware)])
        for seq, firmware in ((1, "old"), (2, "new"))
    ]
    collector.take(frames[1])
    collector.take(frames[0])
    with reading(collector.world.engine) as connection:
        body = connection.scalar(select(gateway_fact.c.body))
    assert '"new"' in str(body)


@pytest.mark.parametrize("phases", [(5, 4, 3, 2, 1), (2, 2, 5, 5, 1), (4, 2, 5), (3, 1, 2), (5, 5)])
@pytest.mark.parametrize("at_ms", [0, NOW_MS, 2**64 - 1])
def test_command_events_in_any_order_stop_nothing(
    collector: Collector, phases: tuple[int, ...], at_ms: int
) -> None:
    world = collector.world
    terms = Terms(
        reason=OrderReason.LICENCE,
        cuts=(Cut(SITE, world.gateway.id.hex(), "100240000017", (1,)),),
        rule="test",
        authority="authority-1",
        document_sha256="ab" * 32,
        official="x",
        notice_s=0,
        hold_s=600,
    )
    with world.engine.begin() as connection:
        order = store.draft(connection, terms, NOW_MS)
    for _ in range(3):
        collector.desk.run(NOW_MS)
    records = [command_event(order.id, 1, phase, at_ms) for phase in phases]
    collector.take(world.gateway.frame(BILLING, 1, records), billing(world, *records))
    assert collector.positions() == {2}
    with reading(world.engine) as connection:
        known = store.load(connection, order.id)
    assert known is not None
    # a time that cannot be is not taken for the device's
    assert all(abs(step.at_ms - NOW_MS) <= 60_000 for step in known.steps.values())
