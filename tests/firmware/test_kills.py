"""The running gateway is killed at any moment: every frame it signed arrives, once and linked.

`ESEP_KILLS=300 pytest tests/firmware/test_kills.py` kills it hundreds of times.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from plant.collector import BILLING, PATIENCE_S, TELEMETRY
from plant.site import Plant

READ, APPLIED, REPLAYED = 3, (2, None), (3, "replayed")
KILLS = int(os.environ.get("ESEP_KILLS", "10"))
LONGEST_START_S = 0.6
LONGEST_WORK_S = (2, 0.4)  # in turn: time for receipts, and hardly any


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path, flash_blocks=40, periods_ms=(500, 250, 250))
    yield plant
    plant.close()


def test_killed_at_any_moment_it_loses_and_doubles_nothing(plant: Plant) -> None:
    gateway, collector = plant.gateway, plant.collector
    collector.receipt_every = 5
    seed = int(os.environ.get("ESEP_SEED", time.time_ns() % 1_000_000))
    print("ESEP_SEED", seed)
    moments = Random(seed)

    def start_and_hear() -> None:
        seen = len(collector.statuses)
        gateway.start()
        collector.wait(lambda: any(status["online"] for status in collector.statuses[seen:]))

    def hand_over() -> None:
        collector.receipt_every = 1
        gateway.ask_to_stop()
        collector.receipt()
        assert gateway.process
        assert gateway.process.wait(PATIENCE_S) == 0
        collector.receipt_every = 5

    for number in range(KILLS):
        turn = number % 3
        if turn == 2:
            gateway.start()
            time.sleep(moments.uniform(0, LONGEST_START_S))
        else:
            start_and_hear()
            collector.send(plant.site.command(READ, order=number.to_bytes(16, "big")))
            time.sleep(moments.uniform(0, LONGEST_WORK_S[turn]))
        gateway.kill()
        if number % 10 == 9:  # for the little that is read between kills the journal is small
            start_and_hear()
            hand_over()
    start_and_hear()
    collector.send(plant.site.command(READ, order=b"\xfe" * 16))
    collector.wait(lambda: APPLIED in collector.results(b"\xfe" * 16))
    collector.send(plant.site.command(READ, order=b"\xff" * 16, counter=1))
    collector.wait(lambda: REPLAYED in collector.results(b"\xff" * 16))
    hand_over()
    assert "not everything" not in plant.log()
    assert "Traceback" not in plant.log()
    assert {key[1] for key in collector.frames} == {1}, "no counter was lost"
    assert collector.events(7) == [], "there was room for everything"
    assert collector.gaps(BILLING, TELEMETRY) == []
    collector.check_chains()
    boots = len(collector.events(1))
    print(f"{KILLS} kills, {boots} boots, {len(collector.frames)} frames")
    assert boots > KILLS * 2 // 3
