"""The gateway's own limit, through the whole installation: observed, and enforced with the network
down. Each signed word of it is in the evidence.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from installation.world import Installation

from collector.model.records import DeliveryPoint, FailSafe, LimitPolicy, Record
from collector.registry.store import Registry
from simulator.demo import plan

SITE = "site-a"
AMPLE_W, SCARCE_W = 5_000_000, 1_500_000
"""What may be drawn at any time; its two halls draw 2.3 MW, and less than was bought."""
LIMITS = LimitPolicy(over_s=1, under_s=1, emergency_over_s=1, fail_safe=(FailSafe(name="none"),))
PATIENCE_S = 90


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    sites = [site for site in plan.plan_sites(1) if site.name == SITE]
    world = Installation(tmp_path_factory.mktemp("limit"), sites)
    try:
        world.open()
        yield world
    finally:
        world.close()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def record(installation: Installation, *records: Record) -> None:
    Registry(installation.engine).record(records, bytes(32), now_ms())


def policy(installation: Installation, mode: str) -> Record:
    standing = Registry(installation.engine).view().policy
    return standing.model_copy(update={"limits": LIMITS.model_copy(update={"mode": mode})})


def point(contracted_w: int, from_ms: int = 0, until_ms: int | None = None) -> Record:
    return DeliveryPoint(
        name="point-1",
        site=SITE,
        capacity_w=AMPLE_W,
        contracted_w=contracted_w,
        valid_from=from_ms,
        valid_until=until_ms,
    )


def outputs(installation: Installation) -> list[bytes]:
    folder = installation.folders[SITE]
    return [folder.output(stage).read_bytes() for stage in (1, 2)]


def test_under_observe_an_excess_is_an_event_and_under_enforce_it_opens_a_stage_offline(
    installation: Installation,
) -> None:
    mark = installation.take_facts()
    record(installation, point(SCARCE_W), policy(installation, "observe"))
    issued = installation.await_fact("schedule.issued", after=mark, site=SITE)
    taken = installation.await_fact("gateway.schedule", after=mark, patience_s=PATIENCE_S)
    assert (taken["serial"], taken["result"]) == (issued["serial"], "observe")
    seen = installation.await_fact(
        "gateway.limiter", after=mark, cause="limit", patience_s=PATIENCE_S
    )
    assert (seen["enforced"], seen["load"]) == (False, "shed")
    assert seen["limit"][1] == SCARCE_W
    assert seen["stages"]
    assert outputs(installation) == [b"1", b"1"]

    mark = installation.take_facts()
    period_ms = plan.PERIOD_S * 1000
    scarce_ms = (now_ms() // period_ms + 2) * period_ms
    record(
        installation,
        point(AMPLE_W, 0, scarce_ms),
        point(SCARCE_W, scarce_ms),
        policy(installation, "enforce"),
    )
    installation.await_fact("gateway.schedule", after=mark, result="enforce", patience_s=PATIENCE_S)
    assert now_ms() < scarce_ms, "the machine is too slow to tell before from after"
    installation.kill(installation.collector)
    installation.kill(installation.broker)
    assert outputs(installation) == [b"1", b"1"]
    until = time.monotonic() + 3 * plan.PERIOD_S
    while outputs(installation) == [b"1", b"1"] and time.monotonic() < until:
        time.sleep(0.1)
    assert now_ms() >= scarce_ms
    assert b"0" in outputs(installation)


def test_what_it_did_offline_comes_in_with_the_network_and_is_proven(
    installation: Installation,
) -> None:
    installation.start_broker()
    mark = installation.take_facts()
    installation.start_collector(None)
    opened = installation.await_fact(
        "gateway.limiter", after=mark, enforced=True, cause="limit", patience_s=PATIENCE_S
    )
    assert opened["limit"][1] == SCARCE_W
    installation.close_books()
    assert installation.verify()["faults"] == []
    assert "Verdict: everything holds." in installation.audit()
    schedules = list((Path(installation.directory) / "export" / "schedules").iterdir())
    assert len(schedules) >= 2
