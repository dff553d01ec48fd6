"""Samples in haste: soon after a contact moved there are enough to tell whether the load did."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from plant.collector import BILLING, TELEMETRY
from plant.site import Plant, until

Ask = Callable[..., Any]

SECOND_MS, MINUTE_MS, HOUR_MS = 1000, 60_000, 3_600_000
LOOK_MS = 250
OPEN, CONTACT, FAULT = 1, 5, 9
SETTLED_MS = 5000
HASTE_S = int(os.environ.get("ESEP_HASTE_S", "15"))


@pytest.fixture
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("rooms").ask
    asking("configure", 10 * SECOND_MS, 15 * MINUTE_MS)
    asking("sample", HOUR_MS, 10 * SECOND_MS, 0)
    return asking


def test_three_samples_are_sent_as_soon_as_an_instrument_shows_what_is(ask: Ask) -> None:
    begun, sent = ask("hurry", 20 * SECOND_MS, LOOK_MS, [200, 200])
    seconds = [at - HOUR_MS for at in begun]
    assert seconds == list(range(5 * SECOND_MS, 15 * SECOND_MS, SECOND_MS))
    assert [at - HOUR_MS for at in sent] == [7250, 10_250, 13_250, 15_000]


def test_a_slow_bus_is_waited_for(ask: Ask) -> None:
    _, sent = ask("hurry", 20 * SECOND_MS, LOOK_MS, [200, 2500])
    assert [at - HOUR_MS for at in sent] == [13_500, 15_000, 16_500]


def test_a_bus_that_ends_nothing_holds_up_no_other_for_long(ask: Ask) -> None:
    _, sent = ask("hurry", 20 * SECOND_MS, LOOK_MS, [200, HOUR_MS])
    assert [at - HOUR_MS for at in sent] == [15_000]


def test_a_contact_that_chatters_takes_a_bounded_number_of_samples(ask: Ask) -> None:
    taken = [len(ask("hurry", 4 * SECOND_MS, LOOK_MS, [200])[0]) for _ in range(890)]
    assert sum(taken) == 120
    assert sum(len(ask("hurry", 4 * SECOND_MS, LOOK_MS, [200])[0]) for _ in range(100)) == 120


def test_what_is_sampled_faster_anyway_is_not_slower_in_haste(ask: Ask) -> None:
    ask("configure", 250, 15 * MINUTE_MS)
    begun, _ = ask("hurry", 6 * SECOND_MS, LOOK_MS, [200])
    assert len(begun) == 5


@pytest.fixture
def plant(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Plant]:
    plant = Plant(tmp_path, **request.param)
    yield plant
    plant.close()


@pytest.mark.parametrize("plant", [{"periods_ms": (900_000, 10_000, 60_000)}], indirect=True)
def test_the_default_timing_waits_for_no_period_of_samples_or_frames(plant: Plant) -> None:
    plant.gateway.start()
    collector = plant.collector
    collector.wait(lambda: collector.records(BILLING))
    collector.send(plant.site.command(OPEN, stages=[1]))
    collector.wait(lambda: [event for event in collector.events(CONTACT) if event[2] == "command"])
    [contact_ms] = [
        record[1]
        for record in collector.records(BILLING)
        if record[0] == 3 and record[2] == CONTACT and record[3][2] == "command"
    ]

    def later() -> list[list[int]]:
        """When each meter was read, later than an instrument may show the load that was."""
        return [
            [
                sample[2]
                for sample in collector.records(TELEMETRY)
                if sample[1] == slot and sample[2] >= contact_ms + SETTLED_MS
            ]
            for slot in (0, 1)
        ]

    collector.wait(lambda: all(len(read) >= 3 for read in later()))
    for read in later():
        assert read[2] - contact_ms < 15 * SECOND_MS
        assert read[2] - read[0] < 10 * SECOND_MS
    first = min(
        body[7][0]
        for (stream, _, _), body in collector.bodies.items()
        if stream == TELEMETRY and body[7][0] >= contact_ms + SETTLED_MS
    )
    print(f"from the contact to the frame {first - contact_ms} ms")


@pytest.mark.parametrize(
    "plant", [{"flash_blocks": 24, "periods_ms": (200, 500, 60_000)}], indirect=True
)
def test_haste_with_a_full_journal_leaves_every_task_its_memory(plant: Plant) -> None:
    """A whole minute: ESEP_HASTE_S=60."""
    plant.gateway.start()
    collector = plant.collector
    until(lambda: "records are held in memory" in plant.log())
    plant.contactors.stuck.add(1)
    begun = time.monotonic()
    opened = 0
    while time.monotonic() - begun < HASTE_S:  # a contact moves, the haste goes on
        opened += 1
        plant.gateway.set_contact(1, opened % 2 == 0)
        time.sleep(4)
    collector.receipt_every = 3
    collector.receipt()
    collector.wait(lambda: not collector.gaps(BILLING, TELEMETRY))
    told = len(collector.events(CONTACT))  # some are lost, which is told: the journal was full
    plant.gateway.set_contact(1, opened % 2 == 1)
    collector.wait(lambda: len(collector.events(CONTACT)) > told)
    faults = {(event[0], event[1].split(":")[0]) for event in collector.events(FAULT)}
    assert faults <= {("journal", "full")}
    assert "MemoryError" not in plant.log()
