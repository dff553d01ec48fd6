"""A setpoint, from a person's command line to a real gateway that keeps it by itself, and back."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installation.world import Installation

from auditor import curtailment
from auditor.proof import read_root
from collector.model.records import Authority, OrderReason
from collector.registry.store import Registry
from simulator.demo import plan
from simulator.demo.programs import esep

SITE = "site-a"
CAP_MW, CAP_W = "1.5", 1_500_000
"""Its two halls draw 2.3 MW."""
PATIENCE_S = 90


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    sites = [site for site in plan.plan_sites(1) if site.name == SITE]
    world = Installation(tmp_path_factory.mktemp("setpoint"), sites)
    try:
        world.open()
        yield world
    finally:
        world.close()


def outputs(installation: Installation) -> list[bytes]:
    return [installation.folders[SITE].output(stage).read_bytes() for stage in (1, 2)]


def test_a_person_caps_a_site_and_its_gateway_keeps_to_it(
    installation: Installation, tmp_path: Path
) -> None:
    directory = installation.evidence
    registry = Registry(installation.engine)
    reasons = tuple(OrderReason)
    records = [
        each.model_copy(update={"reasons": reasons, "notice_s": 0})
        for each in registry.view().all(Authority).values()
    ]
    registry.record(records, bytes(32), time.time_ns() // 1_000_000)
    installation.await_frame(SITE)
    by = ("--by", "Айгүл Серік")
    assert _planned(directory)["sites"][0]["opens"]
    why = ("--reason", "manual", "--why", "the line is loaded", "--hold", "10m")
    drafted = json.loads(
        esep("curtail", "draft", directory, "--site", SITE, "--to-mw", CAP_MW, *why, *by, "--json")
    )
    mark = installation.take_facts()
    esep("curtail", "approve", directory, drafted["order"], *by)
    installation.await_fact("order.step", after=mark, step="applied", patience_s=PATIENCE_S)
    limited = installation.await_fact(
        "gateway.limiter", after=mark, cause="limit", enforced=True, patience_s=PATIENCE_S
    )
    assert limited["limit"][1] == CAP_W
    verified = installation.await_fact(
        "order.step", after=mark, step="verified", patience_s=PATIENCE_S
    )
    details = verified["details"]
    assert (details["result"], details["cap_w"]) == ("full", CAP_W)
    assert details["stage_after_w"] <= CAP_W < details["stage_before_w"]
    assert b"0" in outputs(installation)
    esep("curtail", "release", directory, drafted["order"], *by, "--reason", "no longer loaded")
    installation.await_fact("order.step", after=mark, step="restored", patience_s=PATIENCE_S)
    installation.await_fact("gateway.limiter", after=mark, cause="ended", patience_s=PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while outputs(installation) != [b"1", b"1"] and time.monotonic() < until:
        time.sleep(0.1)
    assert outputs(installation) == [b"1", b"1"]
    file = tmp_path / "certificate.json"
    esep("collector", "checkpoint", directory)
    esep("curtail", "certificate", directory, drafted["order"], "--out", file)
    lines = curtailment.judge(curtailment.read_certificate(file), read_root(directory / "root.pub"))
    assert any(line.endswith(": full") for line in lines)


def _planned(directory: Path) -> Any:
    """The plan, as soon as samples say that the site draws more."""
    until = time.monotonic() + PATIENCE_S
    while True:
        said = json.loads(
            esep("curtail", "plan", directory, "--site", SITE, "--to-mw", CAP_MW, "--json")
        )
        if said["sites"][0]["opens"] or time.monotonic() > until:
            return said
        time.sleep(0.5)
