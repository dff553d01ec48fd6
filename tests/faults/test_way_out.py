"""No broker at all: what a gateway metered comes as a file, while the collector runs."""

import json
import time
from pathlib import Path

from installation.proof import close_and_prove
from installation.world import Installation

from collector.evidence.frame import Interval
from simulator.demo import plan
from simulator.demo.programs import esep

SITE = "site-a"


def test_frames_come_by_hand_while_the_broker_is_away(
    installation: Installation, tmp_path: Path
) -> None:
    installation.kill(installation.broker)
    step_ms = plan.INTERVAL_S * 1000
    boundary_ms = -(-time.time_ns() // 1_000_000 // step_ms) * step_ms
    time.sleep(max(boundary_ms + 2000 - time.time_ns() // 1_000_000, 0) / 1000)
    installation.kill_gateway(SITE)

    out = tmp_path / "site-a.frames"
    installation.hand_over(SITE, out)
    [told] = json.loads(esep("collector", "take", installation.evidence, out, "--json"))
    assert (told["refused"], told["cut_off"]) == ([], None)
    assert told["added"] > 0
    records = [record for frame in installation.frames(SITE) for record in frame.records]
    assert boundary_ms in {each.boundary_ms for each in records if isinstance(each, Interval)}

    mark = installation.take_facts()
    installation.start_broker()
    installation.await_fact("broker.connected", after=mark)
    installation.boot_gateway(SITE)
    close_and_prove(installation)
