"""Room in the journal: how long it lasts, and how telemetry is thinned when it runs short."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from plant.collector import BILLING, TELEMETRY
from plant.site import Plant, until

from technician.journal_plan import Ring

Ask = Callable[..., Any]

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1000, 60_000, 3_600_000, 86_400_000
CADENCE = 15  # the event's code


@pytest.fixture
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("rooms").ask
    return asking


def test_days_are_unknown_in_the_first_hour(ask: Ask) -> None:
    ask("begin")
    ask("take", 59 * MINUTE_MS, MINUTE_MS, 1000)
    assert ask("days", 1_440_000) is None
    ask("take", MINUTE_MS, MINUTE_MS, 1000)
    assert ask("days", 1_440_000) == 1


def test_days_follow_the_rate_of_the_last_day(ask: Ask) -> None:
    ask("begin")
    ask("take", 3 * DAY_MS, MINUTE_MS, 1000)
    assert ask("days", 14_400_000) == 10
    ask("take", DAY_MS, MINUTE_MS, 100)
    assert ask("days", 14_400_000) == 100


def test_more_than_9999_days_are_unknown(ask: Ask) -> None:
    ask("begin")
    ask("take", DAY_MS, DAY_MS, 1)
    assert ask("days", 9_999) == 9_999
    assert ask("days", 10_000) is None
    ask("begin")
    ask("take", DAY_MS, DAY_MS, 0)
    assert ask("days", 9_999) is None


def test_a_level_ends_later_than_it_began(ask: Ask) -> None:
    assert [ask("level", 0, eighths, 8) for eighths in range(9)] == [0, 0, 0, 0, 1, 1, 2, 2, 2]
    assert [ask("level", 2, eighths, 8) for eighths in range(9)] == [0, 0, 0, 1, 1, 2, 2, 2, 2]
    assert [ask("level", 1, eighths, 8) for eighths in range(9)] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_samples_of_ten_seconds_are_thinned_to_five_and_fifteen_minutes(ask: Ask) -> None:
    ask("configure", 10 * SECOND_MS, 15 * MINUTE_MS)
    taken, told = ask("sample", HOUR_MS, 10 * SECOND_MS, 0)
    assert (len(taken), told) == (360, [])
    taken, told = ask("sample", HOUR_MS, 10 * SECOND_MS, 1)
    assert told == [5 * MINUTE_MS]
    assert taken == list(range(HOUR_MS + 5 * MINUTE_MS, 2 * HOUR_MS + 1, 5 * MINUTE_MS))
    taken, told = ask("sample", HOUR_MS, 10 * SECOND_MS, 2)
    assert told == [15 * MINUTE_MS]
    assert taken == list(range(2 * HOUR_MS + 15 * MINUTE_MS, 3 * HOUR_MS + 1, 15 * MINUTE_MS))
    taken, told = ask("sample", MINUTE_MS, 10 * SECOND_MS, 0)
    assert (len(taken), told) == (6, [10 * SECOND_MS])


def test_samples_are_never_taken_more_often_than_configured(ask: Ask) -> None:
    ask("configure", 10 * MINUTE_MS, 15 * MINUTE_MS)
    taken, told = ask("sample", HOUR_MS, 10 * MINUTE_MS, 1)
    assert (len(taken), told) == (6, [])
    taken, told = ask("sample", HOUR_MS, 10 * MINUTE_MS, 2)
    assert (len(taken), told) == (4, [15 * MINUTE_MS])


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(tmp_path, flash_blocks=24, periods_ms=(600, 50, 50))
    yield plant
    plant.close()


def test_telemetry_is_thinned_while_the_broker_is_away_and_back_to_normal_after(
    plant: Plant,
) -> None:
    collector = plant.collector
    plant.broker.kill()
    plant.gateway.start()
    until(lambda: "a sample every 600 ms" in plant.log())
    collector.receipt_every = 5
    plant.broker.start()
    collector.wait(lambda: {0: 50} in collector.events(CADENCE))
    assert [event[0] for event in collector.events(CADENCE)][:2] == [200, 600]
    collector.receipt()
    collector.wait(lambda: not collector.gaps(BILLING, TELEMETRY))
    changes = [r for r in collector.records(BILLING) if r[0] == 3 and r[2] == CADENCE]
    for before, after in pairwise(changes):
        _, began_ms, _, cadence = before
        read = [
            sample[2]
            for sample in collector.records(TELEMETRY)
            if sample[1] == 0 and began_ms <= sample[2] < after[1]
        ]
        assert len(read) <= (after[1] - began_ms) // cadence[0] + 2
    assert collector.events(7) == []
    collector.check_chains()
    assert "Traceback" not in plant.log()


@pytest.mark.parametrize("partition_kib", [576, 2048])
def test_a_journal_holds_what_its_plan_says(
    start_device: Callable[..., Any], tmp_path: Path, partition_kib: int
) -> None:
    ask = start_device("journal_console", str(tmp_path / "flash")).ask
    ask("mount", partition_kib // 4)
    planned = Ring.of(partition_kib).room_bytes
    kept = ask("append", BILLING, 1, 1, 9999, 660)
    assert 0.95 * planned < kept * 672 <= planned
