"""A configuration that is issued while everything runs reaches its gateway through the broker."""

import json
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

from installation.sites import WITHIN
from installation.world import PATIENCE_S, Installation

from collector.evidence.frame import Event, EventCode
from simulator.demo.programs import esep


def reported(installation: Installation, gateway: str) -> dict[str, Any]:
    rows = json.loads(esep("collector", "status", installation.evidence, "--json"))
    [row] = [row for row in rows["configurations"] if row["gateway"] == gateway]
    found: dict[str, Any] = row
    return found


def test_it_comes_into_force(installation: Installation, tmp_path: Path) -> None:
    gateway = next(name for name, site in installation.gateways.items() if site == WITHIN)
    before = reported(installation, gateway)
    assert before["issued_version"] == before["in_force_version"]
    running = installation.gateway_programs[WITHIN]
    mark = installation.take_facts()

    issued = tmp_path / "configuration.cose"
    esep("registry", "configure", installation.evidence, gateway, "--out", issued)
    installation.await_fact("configuration.sent", after=mark, gateway=gateway)
    until = time.monotonic() + PATIENCE_S
    while installation.gateway_programs[WITHIN] is running:
        installation.check_running()  # which starts it again
        assert time.monotonic() < until
        time.sleep(0.05)

    name = sha256(issued.read_bytes()).hexdigest()
    installation.await_fact(
        "gateway.status",
        lambda fact: fact["status"].get("configuration") == name,
        after=mark,
        gateway=gateway,
    )
    installation.await_receipts()
    told = [
        record.detail[0].hex()
        for frame in installation.frames(WITHIN)
        for record in frame.records
        if isinstance(record, Event) and record.code is EventCode.CONFIGURATION
    ]
    assert told[-1] == name
    after = reported(installation, gateway)
    assert after["in_force_version"] == after["issued_version"] > before["issued_version"]
    assert after["refused"] is None
